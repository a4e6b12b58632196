import CRabbitMQ
import TaskerMessaging

/// Puts a method with content (`basic.deliver`, `basic.return`), its header frame and its body frames together.
struct ContentAssembler<Method> {
    struct Content {
        let method: Method
        let properties: MessageProperties
        let body: [UInt8]
    }

    /// A header may announce any size; memory is taken as the bytes come.
    private static var reservation: Int { 8 * 1024 * 1024 }

    private var method: Method?
    private var properties: MessageProperties?
    private var body: [UInt8] = []
    private var missing: UInt64 = 0
    var texts = TextCache()

    mutating func method(_ method: Method) {
        self.method = method
        properties = nil
        body = []
    }

    /// - Returns: the message when it is complete (it has no body).
    mutating func header(bodyCount: UInt64, properties decoded: UnsafePointer<amqp_basic_properties_t>?) -> Content? {
        guard method != nil else { return nil }
        properties = MessageProperties(decoded, texts: &texts)
        missing = bodyCount
        return missing == 0 ? complete() : nil
    }

    /// - Returns: the message when it is complete.
    mutating func body(_ bytes: UnsafeRawBufferPointer) -> Content? {
        guard properties != nil else { return nil }
        if missing == UInt64(bytes.count) {
            if body.isEmpty { body = [UInt8](bytes) } else { body.append(contentsOf: bytes) }
            return complete()
        }
        if body.isEmpty { body.reserveCapacity(Int(min(missing, UInt64(Self.reservation)))) }
        body.append(contentsOf: bytes)
        missing -= min(missing, UInt64(bytes.count))
        return missing == 0 ? complete() : nil
    }

    private mutating func complete() -> Content? {
        defer {
            method = nil
            properties = nil
            body = []
        }
        guard let method, let properties else { return nil }
        return Content(method: method, properties: properties, body: body)
    }
}
