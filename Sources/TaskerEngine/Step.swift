import TaskerProtocol
import TaskerTemplates

/// One row of a task's DAG.
public struct Step: Sendable, Hashable {
    /// Why a ready step is not dispatched.
    public enum Hold: String, Sendable {
        /// No worker has announced its handler.
        case noRoute = "no_route"
        /// One more worker loss would be its last, and another such step of its queue is in flight.
        case quarantine
    }

    public let id: StepID
    public let name: String
    /// Its place among the task's steps, in the order in which the rows were made.
    public let place: Int
    /// The plan's node it was made from.
    public let node: Int
    /// Places of the decisions that chose it, or of the analyzer that made it.
    public internal(set) var creators: [Int] = []
    /// Of a batch worker: `{"cursor": {...}, "is_no_op": bool}`.
    public internal(set) var batchItem: RawJSON?
    /// Places of parent rows among the task's steps.
    public internal(set) var parents: [Int]
    public internal(set) var children: [Int]
    public internal(set) var state: StepState = .pending
    /// First dispatches of the current budget.
    public internal(set) var attempts = 0
    /// Never reset.
    public internal(set) var totalAttempts = 0
    public internal(set) var workerLosses = 0
    /// The open dispatch.
    public internal(set) var dispatch: Dispatch?
    public internal(set) var pastDispatches: [PastDispatch] = []
    /// Of a step that waits for a retry.
    public internal(set) var retryAt: Timestamp?
    /// Of a step in flight that waits to be sent again.
    public internal(set) var resendAt: Timestamp?
    public internal(set) var handlerNotFoundSince: Timestamp?
    public internal(set) var handlerNotFoundCount = 0
    public internal(set) var hold: Hold?
    /// What dependents get: `{status, result, metadata, error?}`; nil until the step is satisfied.
    public internal(set) var envelope: RawJSON?
    /// The last failure's `error`, as sent or as the orchestrator wrote it.
    public internal(set) var lastError: RawJSON?
    public internal(set) var checkpoint: RawJSON?
    public internal(set) var executionMilliseconds: Int64?
    /// The worker of the last start or answer.
    public internal(set) var workerID: String?
    public internal(set) var workerLanguage: String?
    public let createdAt: Timestamp
    public internal(set) var updatedAt: Timestamp
    public internal(set) var completedAt: Timestamp?
    public internal(set) var lastAttemptedAt: Timestamp?
    public internal(set) var lastFailureAt: Timestamp?

    /// Nacked publishes of the current attempt. Only in memory: it only spaces resends.
    var attemptNacks = 0
    /// Parents that do not yet let it run. Derived; nothing is counted again per result.
    var unsatisfiedParents = 0
    /// Declared dependencies of which it is not known yet whether they will exist. Derived.
    var undeterminedParents = 0
    /// Of a batch worker: its set among ``WorkflowTask/batches``. Derived.
    var batch: Int?

    init(
        id: StepID, name: String, place: Int, node: Int, parents: [Int] = [], children: [Int] = [],
        createdAt: Timestamp
    ) {
        self.id = id
        self.name = name
        self.place = place
        self.node = node
        self.parents = parents
        self.children = children
        self.createdAt = createdAt
        updatedAt = createdAt
        unsatisfiedParents = parents.count
    }

    /// Past dispatches that are remembered; older ones count as superseded.
    static let pastDispatchLimit = 64
}

/// What a store keeps of a step, to build it again.
public struct StepRecord: Sendable {
    public var id: StepID
    public var name: String
    /// Among the task's steps.
    public var place: Int
    /// In the plan.
    public var node: Int
    public var creators: [Int] = []
    public var batchItem: RawJSON?
    public var state: StepState
    public var attempts = 0
    public var totalAttempts = 0
    public var workerLosses = 0
    public var dispatch: Dispatch?
    public var pastDispatches: [PastDispatch] = []
    public var retryAt: Timestamp?
    public var resendAt: Timestamp?
    public var handlerNotFoundSince: Timestamp?
    public var handlerNotFoundCount = 0
    public var hold: Step.Hold?
    public var envelope: RawJSON?
    public var lastError: RawJSON?
    public var checkpoint: RawJSON?
    public var executionMilliseconds: Int64?
    public var workerID: String?
    public var workerLanguage: String?
    public var createdAt: Timestamp
    public var updatedAt: Timestamp
    public var completedAt: Timestamp?
    public var lastAttemptedAt: Timestamp?
    public var lastFailureAt: Timestamp?

    /// - Parameter node: the step's place in the plan when it differs from its place in the task.
    public init(
        id: StepID, name: String, place: Int, node: Int? = nil, state: StepState, createdAt: Timestamp,
        updatedAt: Timestamp
    ) {
        self.id = id
        self.name = name
        self.place = place
        self.node = node ?? place
        self.state = state
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

extension Step {
    /// Everything of it that a store must keep.
    public var record: StepRecord {
        var record = StepRecord(
            id: id, name: name, place: place, node: node, state: state, createdAt: createdAt, updatedAt: updatedAt)
        record.creators = creators
        record.batchItem = batchItem
        record.attempts = attempts
        record.totalAttempts = totalAttempts
        record.workerLosses = workerLosses
        record.dispatch = dispatch
        record.pastDispatches = pastDispatches
        record.retryAt = retryAt
        record.resendAt = resendAt
        record.handlerNotFoundSince = handlerNotFoundSince
        record.handlerNotFoundCount = handlerNotFoundCount
        record.hold = hold
        record.envelope = envelope
        record.lastError = lastError
        record.checkpoint = checkpoint
        record.executionMilliseconds = executionMilliseconds
        record.workerID = workerID
        record.workerLanguage = workerLanguage
        record.completedAt = completedAt
        record.lastAttemptedAt = lastAttemptedAt
        record.lastFailureAt = lastFailureAt
        return record
    }

    /// Without edges and what else is derived.
    init(_ record: StepRecord) {
        self.init(
            id: record.id, name: record.name, place: record.place, node: record.node, createdAt: record.createdAt)
        creators = record.creators
        batchItem = record.batchItem
        state = record.state
        attempts = record.attempts
        totalAttempts = record.totalAttempts
        workerLosses = record.workerLosses
        dispatch = record.dispatch
        pastDispatches = record.pastDispatches
        retryAt = record.retryAt
        resendAt = record.resendAt
        handlerNotFoundSince = record.handlerNotFoundSince
        handlerNotFoundCount = record.handlerNotFoundCount
        hold = record.hold
        envelope = record.envelope
        lastError = record.lastError
        checkpoint = record.checkpoint
        executionMilliseconds = record.executionMilliseconds
        workerID = record.workerID
        workerLanguage = record.workerLanguage
        updatedAt = record.updatedAt
        completedAt = record.completedAt
        lastAttemptedAt = record.lastAttemptedAt
        lastFailureAt = record.lastFailureAt
    }
}
