import TaskerProtocol

/// What a person may do to a step or a task (engine contract, section 9). Actor and reason are kept in the audit.
public struct ManualAction: Sendable {
    public enum Kind: Sendable {
        /// `pending` with a fresh budget.
        case resetStep(Int, clearCheckpoint: Bool)
        /// Done without a result: dependents run and see `null`.
        case resolveStep(Int)
        /// Done with data given by hand. `metadata` is an object.
        case completeStep(Int, result: RawJSON, metadata: RawJSON)
        /// Resets the steps in `error`: all of them, or those at these places.
        case retryTask(steps: [Int]?)
        case giveUpTask
        case resolveTask
        /// Retries the task and closes its dead-letter entry.
        case replay
        /// Makes a dead-letter entry by hand.
        case makeDeadLetter
        /// Notes of the pending dead-letter entry; nil leaves what is there.
        case updateDeadLetter(resolution: DeadLetterResolution?, notes: String?, metadata: RawJSON?)
    }

    public var kind: Kind
    public var actor: String
    public var reason: String

    public init(_ kind: Kind, actor: String, reason: String) {
        self.kind = kind
        self.actor = actor
        self.reason = reason
    }
}

/// Why an action is refused; nothing was changed.
public enum ActionRefusal: Error, Sendable, Hashable {
    /// The task or the step is in a state that the action does not apply to.
    case illegalState(String)
    /// The data given is no valid outcome for a step of its type.
    case invalidOutcome(String)
}
