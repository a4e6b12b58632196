import TaskerProtocol

/// One line of a task's history, in the order of the commit it belongs to.
public enum JournalEntry: Sendable, Hashable {
    case task(from: TaskState, to: TaskState, event: String)
    case step(place: Int, from: StepState, to: StepState, attempt: Int, dispatch: DispatchID?, detail: String?)
    /// Rows that a decision's or an analyzer's result has made, at the places from `first` on.
    case created(first: Int, count: Int, by: Int)
    case audit(AuditRecord)
    /// Something the orchestrator tells: of a dead-letter entry, a worker, a template.
    case notice(type: String, detail: String?)
}

/// One received message that meant something to a step, or one action on it: who, why, and what it changed.
public struct AuditRecord: Sendable, Hashable {
    public enum Disposition: String, Sendable {
        case accepted, checkpoint, abandoned
        /// Its dispatch had already given an accepted result.
        case duplicate
        /// The step or its task was cancelled.
        case cancelled
        /// A newer dispatch or a manual action had taken over.
        case superseded
        /// A timer had closed the attempt.
        case late
        /// An id that was never minted for this step.
        case forged
        /// A person's action.
        case manual
        /// Something the orchestrator did by itself: sent again, closed as lost.
        case automatic
    }

    public var place: Int
    public var disposition: Disposition
    public var attempt: Int
    public var dispatch: DispatchID?
    /// `completed`, `failed`, ... of a message; the action's name otherwise.
    public var status: String
    public var fromState: StepState
    public var toState: StepState
    public var workerID: String?
    public var workerLanguage: String?
    public var executionMilliseconds: Int64?
    public var errorType: String?
    public var message: String?
    public var actor: String?

    public init(
        place: Int, disposition: Disposition, attempt: Int, dispatch: DispatchID?, status: String,
        fromState: StepState, toState: StepState, workerID: String? = nil, workerLanguage: String? = nil,
        executionMilliseconds: Int64? = nil, errorType: String? = nil, message: String? = nil, actor: String? = nil
    ) {
        self.place = place
        self.disposition = disposition
        self.attempt = attempt
        self.dispatch = dispatch
        self.status = status
        self.fromState = fromState
        self.toState = toState
        self.workerID = workerID
        self.workerLanguage = workerLanguage
        self.executionMilliseconds = executionMilliseconds
        self.errorType = errorType
        self.message = message
        self.actor = actor
    }
}
