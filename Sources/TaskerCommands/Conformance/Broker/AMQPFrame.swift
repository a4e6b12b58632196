/// One frame of AMQP 0-9-1 as it stands on the wire, with a look at what kind of method it is.
struct AMQPFrame: Sendable, Hashable {
    enum Kind: UInt8 {
        case method = 1
        case header = 2
        case body = 3
        case heartbeat = 8
    }

    /// Class and number of a method.
    struct Method: Sendable, Hashable {
        var group: UInt16
        var number: UInt16

        static let startOK = Method(group: 10, number: 11)
        static let blocked = Method(group: 10, number: 60)
        static let unblocked = Method(group: 10, number: 61)
        static let channelClose = Method(group: 20, number: 40)
        static let channelCloseOK = Method(group: 20, number: 41)
        static let consume = Method(group: 60, number: 20)
        static let consumeOK = Method(group: 60, number: 21)
        static let publish = Method(group: 60, number: 40)
        static let deliver = Method(group: 60, number: 60)
        static let get = Method(group: 60, number: 70)
        static let getOK = Method(group: 60, number: 71)
        static let getEmpty = Method(group: 60, number: 72)
        static let ack = Method(group: 60, number: 80)
        static let reject = Method(group: 60, number: 90)
        static let nack = Method(group: 60, number: 120)
    }

    static let end: UInt8 = 0xCE

    /// All of it, from its kind to its end.
    var bytes: [UInt8]

    /// nil: no frame but the greeting with which a client begins.
    var kind: Kind? { bytes.count >= 8 ? Kind(rawValue: bytes[0]) : nil }
    var channel: UInt16 { UInt16(bytes[1]) << 8 | UInt16(bytes[2]) }

    var method: Method? {
        guard kind == .method, bytes.count >= 12 else { return nil }
        return Method(
            group: UInt16(bytes[7]) << 8 | UInt16(bytes[8]), number: UInt16(bytes[9]) << 8 | UInt16(bytes[10]))
    }

    /// What stands behind the method's number; of other frames nothing.
    var arguments: FrameArguments { FrameArguments(method == nil ? [] : bytes[11..<(bytes.count - 1)]) }

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// A method on channel 0.
    init(_ method: Method, text: String? = nil) {
        let name = Array((text ?? "").utf8.prefix(255))
        let payload =
            [
                UInt8(method.group >> 8), UInt8(method.group & 0xFF), UInt8(method.number >> 8),
                UInt8(method.number & 0xFF),
            ]
            + (text == nil ? [] : [UInt8(name.count)] + name)
        bytes = [Kind.method.rawValue, 0, 0, 0, 0, 0, UInt8(payload.count)] + payload + [Self.end]
    }
}

/// Reads arguments of a method one after the other; what is not there reads as zero or nothing.
struct FrameArguments {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }
    mutating func skip(_ count: Int) { rest = rest.dropFirst(count) }

    mutating func number() -> UInt64 {
        var value: UInt64 = 0
        for _ in 0..<8 { value = value << 8 | UInt64(byte()) }
        return value
    }

    mutating func text() -> String {
        let count = Int(byte())
        defer { skip(count) }
        return String(decoding: rest.prefix(count), as: UTF8.self)
    }
}

/// Cuts one direction of a connection into frames.
struct FrameCutter {
    private var pending: [UInt8] = []
    private var hasBegun = false

    mutating func push(_ bytes: some Sequence<UInt8>) -> [AMQPFrame] {
        pending += bytes
        var frames: [AMQPFrame] = []
        var start = 0
        while let size = size(at: start), start + size <= pending.count {
            frames.append(AMQPFrame(bytes: Array(pending[start..<(start + size)])))
            start += size
            hasBegun = true
        }
        pending.removeFirst(start)
        return frames
    }

    /// Of the frame that begins there, nil when too little of it has come.
    private func size(at start: Int) -> Int? {
        guard pending.count - start >= 8 else { return nil }
        // The greeting "AMQP" and four numbers; a broker that speaks another version answers with one, too.
        if !hasBegun, pending[start] == UInt8(ascii: "A") { return 8 }
        let size = pending[(start + 3)..<(start + 7)].reduce(0) { $0 << 8 | Int($1) }
        return size + 8
    }
}
