/// Business logic of one step. An instance is registered once and called concurrently, up to the worker's slots: keep
/// state out of it, or behind an actor.
///
/// ```swift
/// struct ChargeCard: StepHandler {
///     func call(_ context: StepContext) async throws -> StepResult {
///         let amount: Int64 = try context.input("amount_cents")
///         guard amount > 0 else { throw StepError.permanent("amount_cents must be positive") }
///         return .success(["charged": .integer(amount)])
///     }
/// }
/// ```
public protocol StepHandler: Sendable {
    /// The name a template calls it by; the type's name unless given. It also answers to the type's name, with and
    /// without the module.
    static var handlerName: String { get }
    /// Announced to the orchestrator and sent with each result; `1.0.0` unless given.
    static var handlerVersion: String { get }
    /// Further entry points by the name that a template gives as `handler.method`, for example `["refund": refund]`.
    var methods: [String: @Sendable (StepContext) async throws -> StepResult] { get }

    /// Runs the step once. The worker limits how many run at a time; a call may block its thread without holding up
    /// heartbeats or (up to the number of slots) other calls.
    ///
    /// When the task is cancelled or `timeout_ms` is over, the surrounding Swift task is cancelled and
    /// ``StepContext/isCancelled`` turns true. A call that then throws ends as `cancelled` or `timeout`; one that
    /// returns has its result sent.
    /// - Throws: ``StepError`` to choose between a permanent and a retryable failure; an error that conforms to
    ///   ``RetryableErrorProtocol`` says so itself; every other error is a retryable failure named after its type.
    func call(_ context: StepContext) async throws -> StepResult
}

extension StepHandler {
    public static var handlerName: String { String(describing: Self.self) }
    public static var handlerVersion: String { "1.0.0" }
    public var methods: [String: @Sendable (StepContext) async throws -> StepResult] { [:] }

    public func success(_ payload: JSONValue = [:], metadata: [String: JSONValue] = [:]) -> StepResult {
        .success(payload, metadata: metadata)
    }

    public func failure(
        _ message: String, type: String = ErrorType.handlerError, retryable: Bool = true,
        metadata: [String: JSONValue] = [:]
    ) -> StepResult {
        .failure(message, type: type, retryable: retryable, metadata: metadata)
    }

    public func checkpoint(cursor: JSONValue, itemsProcessed: Int64, accumulated: JSONValue? = nil) -> StepResult {
        .checkpoint(Checkpoint(cursor: cursor, itemsProcessed: itemsProcessed, accumulatedResults: accumulated))
    }
}

/// An error that knows whether another attempt can help.
public protocol RetryableErrorProtocol: Error {
    var isRetryable: Bool { get }
}
