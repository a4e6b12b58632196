import CRabbitMQ
import Glibc
import TaskerMessaging

extension String {
    /// What is not UTF-8 is replaced, as in all of AMQP's texts that people may have written.
    init(_ bytes: amqp_bytes_t) {
        self.init(
            decoding: UnsafeBufferPointer(start: bytes.bytes?.assumingMemoryBound(to: UInt8.self), count: bytes.len),
            as: UTF8.self)
    }
}

extension MessageProperties {
    /// - Parameter decoded: nil = unreadable, which is taken for no properties.
    init(_ decoded: UnsafePointer<amqp_basic_properties_t>?, texts: inout TextCache) {
        self.init(contentType: nil, isPersistent: false)
        guard let decoded else { return }
        let flags = Int32(truncatingIfNeeded: decoded.pointee._flags)
        if flags & AMQP_BASIC_CONTENT_TYPE_FLAG != 0 { contentType = texts[.contentType, decoded.pointee.content_type] }
        if flags & AMQP_BASIC_DELIVERY_MODE_FLAG != 0 { isPersistent = decoded.pointee.delivery_mode == 2 }
        if flags & AMQP_BASIC_MESSAGE_ID_FLAG != 0 { messageID = String(decoded.pointee.message_id) }
        if flags & AMQP_BASIC_CORRELATION_ID_FLAG != 0 { correlationID = String(decoded.pointee.correlation_id) }
        if flags & AMQP_BASIC_TYPE_FLAG != 0 { type = texts[.type, decoded.pointee.type] }
        if flags & AMQP_BASIC_REPLY_TO_FLAG != 0 { replyTo = texts[.replyTo, decoded.pointee.reply_to] }
        if flags & AMQP_BASIC_APP_ID_FLAG != 0 { appID = texts[.appID, decoded.pointee.app_id] }
        if flags & AMQP_BASIC_TIMESTAMP_FLAG != 0 { timestamp = Int64(exactly: decoded.pointee.timestamp) }
        if flags & AMQP_BASIC_HEADERS_FLAG != 0 {
            let table = decoded.pointee.headers
            for index in 0..<Int(table.num_entries) {
                let entry = table.entries[index]
                if let value = HeaderValue(entry.value) { headers[String(entry.key)] = value }
            }
        }
    }
}

extension HeaderValue {
    /// nil for what a header of ours never is: tables, arrays, floating point numbers, decimals.
    init?(_ field: amqp_field_value_t) {
        let value = field.value
        switch amqp_field_value_kind_t(UInt32(field.kind)) {
        case AMQP_FIELD_KIND_UTF8, AMQP_FIELD_KIND_BYTES: self = .string(String(value.bytes))
        case AMQP_FIELD_KIND_BOOLEAN: self = .bool(value.boolean != 0)
        case AMQP_FIELD_KIND_I8: self = .integer(Int64(value.i8))
        case AMQP_FIELD_KIND_U8: self = .integer(Int64(value.u8))
        case AMQP_FIELD_KIND_I16: self = .integer(Int64(value.i16))
        case AMQP_FIELD_KIND_U16: self = .integer(Int64(value.u16))
        case AMQP_FIELD_KIND_I32: self = .integer(Int64(value.i32))
        case AMQP_FIELD_KIND_U32: self = .integer(Int64(value.u32))
        case AMQP_FIELD_KIND_I64: self = .integer(value.i64)
        case AMQP_FIELD_KIND_U64, AMQP_FIELD_KIND_TIMESTAMP:
            guard let integer = Int64(exactly: value.u64) else { return nil }
            self = .integer(integer)
        default: return nil
        }
    }
}

/// The last text seen in each of the fields that repeat from message to message, so that most deliveries make no copies.
struct TextCache {
    enum Field: Int, CaseIterable {
        case contentType, type, replyTo, appID, exchange, routingKey
    }

    private var texts = [String](repeating: "", count: Field.allCases.count)

    subscript(field: Field, bytes: amqp_bytes_t) -> String {
        mutating get {
            let source = UnsafeBufferPointer(start: bytes.bytes?.assumingMemoryBound(to: UInt8.self), count: bytes.len)
            let isKnown = texts[field.rawValue].withUTF8 { known in
                guard known.count == source.count else { return false }
                guard let mine = known.baseAddress, let theirs = source.baseAddress else { return true }
                return memcmp(mine, theirs, known.count) == 0
            }
            if isKnown { return texts[field.rawValue] }
            let text = String(decoding: source, as: UTF8.self)
            texts[field.rawValue] = text
            return text
        }
    }
}
