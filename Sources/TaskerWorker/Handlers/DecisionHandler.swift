/// A step that chooses which steps follow (template type `decision`).
///
/// ```swift
/// struct RouteOrder: DecisionHandler {
///     static let handlerName = "route_order"
///
///     func call(_ context: StepContext) async throws -> StepResult {
///         let total: Double = try context.input("total")
///         guard total > 0 else { return skipBranches("nothing to pay") }
///         return total > 1_000 ? decide(["manual_review"]) : decide(["auto_approve"], routingContext: ["total": .number(total)])
///     }
/// }
/// ```
public protocol DecisionHandler: StepHandler {}

extension DecisionHandler {
    /// Success: the named steps follow. `routingContext` is stored with the result for later steps. An empty list fails
    /// the step (`decision_error`, not retryable): say ``skipBranches(_:routingContext:metadata:)`` when none follows.
    public func decide(
        _ steps: [String], routingContext: [String: JSONValue] = [:], metadata: [String: JSONValue] = [:]
    ) -> StepResult {
        guard !steps.isEmpty else {
            return decisionFailure("decide needs at least one step; use skipBranches when none should follow")
        }
        var payload: [String: JSONValue] = [
            "decision_point_outcome": ["type": "create_steps", "step_names": .array(steps.map { .string($0) })]
        ]
        if !routingContext.isEmpty { payload["routing_context"] = .object(routingContext) }
        return .success(.object(payload), metadata: described(metadata))
    }

    /// Success, and no step follows.
    public func skipBranches(
        _ reason: String, routingContext: [String: JSONValue] = [:], metadata: [String: JSONValue] = [:]
    ) -> StepResult {
        var payload: [String: JSONValue] = [
            "decision_point_outcome": ["type": "no_branches"], "reason": .string(reason),
        ]
        if !routingContext.isEmpty { payload["routing_context"] = .object(routingContext) }
        return .success(.object(payload), metadata: described(metadata))
    }

    /// The decision could not be made; not retryable unless said so.
    public func decisionFailure(
        _ message: String, type: String = "decision_error", retryable: Bool = false,
        metadata: [String: JSONValue] = [:]
    ) -> StepResult {
        .failure(message, type: type, retryable: retryable, metadata: described(metadata))
    }

    private func described(_ metadata: [String: JSONValue]) -> [String: JSONValue] {
        metadata.merging([
            "decision_handler": .string(Self.handlerName), "decision_version": .string(Self.handlerVersion),
        ]) { _, ours in ours }
    }
}
