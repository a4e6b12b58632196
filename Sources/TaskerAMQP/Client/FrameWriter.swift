import CRabbitMQ
import Glibc
import TaskerMessaging

/// Frames on their way out. librabbitmq encodes them into one buffer, which is written with as few calls as the socket
/// allows. (Its own `amqp_basic_publish` makes three system calls per message and waits for ever when the broker does not
/// read, as it does under a memory alarm.)
final class FrameWriter {
    private static let envelope = 8
    /// After a message larger than that the buffer shrinks again.
    private static let keptCapacity = 4 * 1024 * 1024
    private let initialCapacity: Int
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    private var start = 0
    private var end = 0
    /// Texts and tables of the method being encoded.
    private let arena: UnsafeMutablePointer<amqp_pool_t>
    let frameMax: Int
    /// Bytes that were ever encoded, and how many of them the socket has taken.
    private(set) var encodedTotal: UInt64 = 0
    private(set) var writtenTotal: UInt64 = 0

    init(frameMax: Int, capacity: Int = 512 * 1024) {
        self.frameMax = frameMax
        initialCapacity = max(capacity, frameMax * 2)
        self.capacity = initialCapacity
        base = .allocate(byteCount: self.capacity, alignment: 16)
        arena = .allocate(capacity: 1)
        init_amqp_pool(arena, 16 * 1024)
    }

    deinit {
        base.deallocate()
        empty_amqp_pool(arena)
        arena.deallocate()
    }

    /// Bytes that wait for the socket.
    var pendingCount: Int { end - start }
    var pending: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base + start, count: end - start) }

    func wrote(_ count: Int) {
        start += count
        writtenTotal += UInt64(count)
        if start == end {
            start = 0
            end = 0
            if capacity > Self.keptCapacity { replaceBuffer(capacity: initialCapacity) }
        }
    }

    // MARK: Texts and tables for methods, valid until the method is encoded

    func text(_ text: String) -> amqp_bytes_t {
        var text = text
        return text.withUTF8 { utf8 in
            var bytes = amqp_bytes_t(len: 0, bytes: nil)
            guard let source = utf8.baseAddress, !utf8.isEmpty else { return bytes }
            amqp_pool_alloc_bytes(arena, utf8.count, &bytes)
            memcpy(bytes.bytes, source, utf8.count)
            return bytes
        }
    }

    func table(_ values: [String: HeaderValue]) -> amqp_table_t {
        guard !values.isEmpty,
            let memory = amqp_pool_alloc(arena, values.count * MemoryLayout<amqp_table_entry_t>.stride)
        else { return amqp_table_t(num_entries: 0, entries: nil) }
        let entries = memory.bindMemory(to: amqp_table_entry_t.self, capacity: values.count)
        var count = 0
        for (key, value) in values where key.utf8.count <= 255 {
            entries[count] = amqp_table_entry_t(key: text(key), value: field(value))
            count += 1
        }
        return amqp_table_t(num_entries: Int32(count), entries: entries)
    }

    private func field(_ value: HeaderValue) -> amqp_field_value_t {
        var field = amqp_field_value_t()
        switch value {
        case .string(let string):
            field.kind = UInt8(AMQP_FIELD_KIND_UTF8.rawValue)
            field.value.bytes = text(string)
        case .integer(let integer):
            field.kind = UInt8(AMQP_FIELD_KIND_I64.rawValue)
            field.value.i64 = integer
        case .bool(let bool):
            field.kind = UInt8(AMQP_FIELD_KIND_BOOLEAN.rawValue)
            field.value.boolean = bool ? 1 : 0
        }
        return field
    }

    // MARK: Frames

    func method<Method>(_ id: amqp_method_number_t, on channel: UInt16, _ method: Method) {
        defer { recycle_amqp_pool(arena) }
        // Every text was checked against AMQP's limits where it came in, and the buffer has room for a whole frame.
        guard encode(id, on: channel, method) else {
            preconditionFailure("AMQP method \(id) does not fit into a frame")
        }
    }

    private func encode<Method>(_ id: amqp_method_number_t, on channel: UInt16, _ method: Method) -> Bool {
        reserve(frameMax)
        let payload = base + end + 7
        var method = method
        let count = withUnsafeMutablePointer(to: &method) {
            amqp_encode_method(id, $0, amqp_bytes_t(len: frameMax - Self.envelope - 4, bytes: payload + 4))
        }
        guard count >= 0 else { return false }
        payload.storeBytes(of: id.bigEndian, as: UInt32.self)
        close(UInt8(AMQP_FRAME_METHOD), channel, count: Int(count) + 4)
        return true
    }

    func heartbeat() {
        reserve(Self.envelope)
        close(UInt8(AMQP_FRAME_HEARTBEAT), 0, count: 0)
    }

    enum Refusal {
        case longName, largeProperties
    }

    /// `basic.publish` with its header and body frames.
    /// - Returns: why the message cannot be written; then nothing was.
    func publish(_ message: OutgoingMessage, on channel: UInt16) -> Refusal? {
        guard message.exchange.utf8.count <= 255, message.routingKey.utf8.count <= 255 else { return .longName }
        defer { recycle_amqp_pool(arena) }
        let (startOfMessage, totalBefore) = (end, encodedTotal)
        let publish = amqp_basic_publish_t(
            ticket: 0, exchange: text(message.exchange), routing_key: text(message.routingKey),
            mandatory: message.isMandatory ? 1 : 0, immediate: 0)
        guard encode(amqp_method_number_t(AMQP_BASIC_PUBLISH_METHOD), on: channel, publish) else { return .longName }
        reserve(frameMax)
        let payload = base + end + 7
        var properties = encodable(message.properties)
        let count = amqp_encode_properties(
            UInt16(AMQP_BASIC_CLASS), &properties,
            amqp_bytes_t(len: frameMax - Self.envelope - 12, bytes: payload + 12))
        guard count >= 0 else {
            (end, encodedTotal) = (startOfMessage, totalBefore)
            return .largeProperties
        }
        payload.storeBytes(of: UInt16(AMQP_BASIC_CLASS).bigEndian, as: UInt16.self)
        payload.storeBytes(of: 0, toByteOffset: 2, as: UInt16.self)
        (payload + 4).storeBytes(of: UInt64(message.body.count).bigEndian, as: UInt64.self)
        close(UInt8(AMQP_FRAME_HEADER), channel, count: Int(count) + 12)
        body(message.body, on: channel)
        return nil
    }

    private func body(_ bytes: [UInt8], on channel: UInt16) {
        bytes.withUnsafeBytes { bytes in
            var offset = 0
            while offset < bytes.count {
                let count = min(bytes.count - offset, frameMax - Self.envelope)
                reserve(count + Self.envelope)
                (base + end + 7).copyMemory(from: bytes.baseAddress.unsafelyUnwrapped + offset, byteCount: count)
                close(UInt8(AMQP_FRAME_BODY), channel, count: count)
                offset += count
            }
        }
    }

    /// Writes a frame's envelope around the payload that lies behind `end` + 7.
    private func close(_ type: UInt8, _ channel: UInt16, count: Int) {
        let frame = base + end
        frame.storeBytes(of: type, as: UInt8.self)
        (frame + 1).storeBytes(of: channel.bigEndian, as: UInt16.self)
        (frame + 3).storeBytes(of: UInt32(count).bigEndian, as: UInt32.self)
        (frame + 7 + count).storeBytes(of: UInt8(AMQP_FRAME_END), as: UInt8.self)
        end += count + Self.envelope
        encodedTotal += UInt64(count + Self.envelope)
    }

    private func reserve(_ count: Int) {
        if capacity - end >= count { return }
        if start > 0 {
            memmove(base, base + start, end - start)
            end -= start
            start = 0
            if capacity - end >= count { return }
        }
        replaceBuffer(capacity: max(capacity * 2, end + count))
    }

    private func replaceBuffer(capacity: Int) {
        let replacement = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        replacement.copyMemory(from: base, byteCount: end)
        base.deallocate()
        base = replacement
        self.capacity = capacity
    }
}
