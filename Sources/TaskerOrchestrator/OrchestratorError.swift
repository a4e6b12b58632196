import TaskerProtocol
import TaskerTemplates

/// What the orchestrator would not do for a caller.
public struct OrchestratorError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        case taskNotFound, templateNotFound, stepNotFound
        /// The request breaks a rule: see `faults`.
        case invalidRequest
        /// The template breaks a rule: see `diagnostics`.
        case invalidTemplate
        /// Same identity, other request; or a template conflict.
        case conflict
        case idempotencyKeyRequired
        case alreadyTerminal
        /// The action does not apply in the current state.
        case illegalState
        /// The caller has seen another state than there is now.
        case preconditionFailed
        /// The data given is no valid outcome of its step.
        case invalidOutcome
        /// Too much is open already; try again after `retryAfterSeconds`.
        case backpressure
        /// Store unreachable or full, or the process is going down.
        case unavailable
        case internalDefect
    }

    public var code: Code
    public var message: String
    public var hint: String?
    public var faults: [RequestFault] = []
    public var diagnostics: [Diagnostic] = []
    public var existingTask: TaskID?
    public var retryAfterSeconds: Int?

    public init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    public var description: String { hint.map { "\(message). \($0)" } ?? message }
}
