/// Makes the payload of events that a step declares with `publisher: <name>`. Registered with
/// ``HandlerRegistry/register(publisher:as:)``, called after the handler and before its result is sent.
///
/// ```swift
/// struct PaymentEvents: EventPublisher {
///     static let publisherName = "payment_events"
///
///     func payload(_ event: EventContext) throws -> JSONValue {
///         ["order": event.step.input["order_id"] ?? .null, "amount": event.result.payload?.value["charged"] ?? .null]
///     }
/// }
/// ```
/// An error never changes the step's outcome: it is logged, and the event is not published.
public protocol EventPublisher: Sendable {
    /// The name a template gives; the type's name unless given.
    static var publisherName: String { get }

    /// False: the event is not published although its condition holds. True unless given.
    func shouldPublish(_ event: EventContext) async throws -> Bool
    /// What the event says; the step's result (on failure: null) unless given.
    func payload(_ event: EventContext) async throws -> JSONValue
    /// Added to the event's own metadata; nothing unless given.
    func metadata(_ event: EventContext) async throws -> [String: JSONValue]
}

extension EventPublisher {
    public static var publisherName: String { String(describing: Self.self) }

    public func shouldPublish(_ event: EventContext) async throws -> Bool { true }
    public func payload(_ event: EventContext) async throws -> JSONValue { event.result.payload?.value ?? .null }
    public func metadata(_ event: EventContext) async throws -> [String: JSONValue] { [:] }
}

/// What a publisher knows about the event it is asked for.
public struct EventContext: Sendable {
    public var declaration: EventDeclaration
    public var step: StepContext
    /// What the handler returned, or the failure it threw.
    public var result: StepResult

    public init(declaration: EventDeclaration, step: StepContext, result: StepResult) {
        self.declaration = declaration
        self.step = step
        self.result = result
    }
}
