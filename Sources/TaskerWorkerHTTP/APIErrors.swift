/// No answer, or not all of it, within the time limit.
public struct APITimeoutError: RetryableErrorProtocol, CustomStringConvertible {
    public var url: String
    public var timeout: Duration

    public var isRetryable: Bool { true }
    public var description: String { "no complete answer from \(url) within \(timeout)" }
}

/// The connection could not be made, or ended before the answer was complete.
public struct APIConnectionError: RetryableErrorProtocol, CustomStringConvertible {
    public var url: String
    public var reason: String

    public var isRetryable: Bool { true }
    public var description: String { "\(url): \(reason)" }
}
