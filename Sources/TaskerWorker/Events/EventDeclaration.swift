/// An event that a step declares in its template (`publishes_events`).
public struct EventDeclaration: Sendable, Hashable {
    /// When the event is published.
    public enum Condition: String, Sendable {
        case success
        /// Any failed attempt.
        case failure
        /// A failed attempt that is followed by another.
        case retryableFailure = "retryable_failure"
        /// A failed attempt that was the last.
        case permanentFailure = "permanent_failure"
        case always
    }

    /// Who gets the event.
    public enum DeliveryMode: String, Sendable {
        /// The orchestrator publishes it to the broker when it accepts the result.
        case durable
        /// The subscribers in this process, once the result is confirmed.
        case fast
        /// Both.
        case broadcast
    }

    public var name: String
    public var condition: Condition
    public var deliveryMode: DeliveryMode
    /// The name of the ``EventPublisher`` that makes the payload; nil: the payload is the step's result.
    public var publisher: String?

    public init(
        _ name: String, condition: Condition = .success, deliveryMode: DeliveryMode = .durable, publisher: String? = nil
    ) {
        self.name = name
        self.condition = condition
        self.deliveryMode = deliveryMode
        self.publisher = publisher
    }

    /// From one entry of `publishes_events`; nil when it has no name. Unknown words count as the defaults.
    init?(_ object: RawJSON) {
        guard let name = object.member("name")?.string else { return nil }
        self.init(
            name, condition: object.member("condition")?.string.flatMap(Condition.init(rawValue:)) ?? .success,
            deliveryMode: object.member("delivery_mode")?.string.flatMap(DeliveryMode.init(rawValue:)) ?? .durable,
            publisher: object.member("publisher")?.string)
    }

    /// Whether it may be published after such an end; the orchestrator decides the rest.
    func mayHold(afterSuccess isSuccess: Bool) -> Bool {
        isSuccess ? condition == .success || condition == .always : condition != .success
    }

    /// Whether subscribers of this process get it.
    var isLocal: Bool { deliveryMode != .durable }
}
