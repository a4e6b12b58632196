public struct PublishResult: Sendable, Hashable {
    public var token: UInt64
    public var outcome: PublishOutcome

    public init(token: UInt64, outcome: PublishOutcome) {
        self.token = token
        self.outcome = outcome
    }
}

public enum PublishOutcome: Sendable, Hashable {
    /// The broker has it.
    case confirmed
    /// No queue took it; the broker handed it back (and so has no copy).
    case returned(code: Int, text: String)
    /// The broker refused responsibility; it may or may not have a copy.
    case nacked
    /// The connection ended after the message was, or may have been, written and before its confirm.
    case inDoubt
    /// Never written: there was no usable connection.
    case notSent
}
