import TaskerProtocol

/// An answer as it was given, to be given again when its request comes again.
public struct RecordedAnswer: Sendable, Hashable {
    public struct Header: Sendable, Hashable {
        public var name: String
        public var value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    public var status: Int
    /// In order.
    public var headers: [Header]
    public var body: [UInt8]

    public init(status: Int, headers: [Header], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// What became of the attempt to take an idempotency key for a request.
public enum ReplayClaim: Sendable, Hashable {
    /// Nobody had it: the request may act.
    case taken
    /// The same request has it, and has no answer yet: it is at work, or its process ended before it could record one.
    case begun(since: Timestamp)
    /// The same request was answered.
    case answered(RecordedAnswer)
    /// Another request has it.
    case otherRequest
}

/// How long answers are kept for those who ask again, and how many.
public struct ReplayRetention: Sendable, Hashable {
    public var lifetime: Duration
    /// The oldest go first when there are more.
    public var entries: Int
    /// Of all bodies together; the oldest go first when there are more.
    public var bytes: Int

    public init(lifetime: Duration = .seconds(86_400), entries: Int = 10_000, bytes: Int = 64 << 20) {
        self.lifetime = lifetime
        self.entries = entries
        self.bytes = bytes
    }
}
