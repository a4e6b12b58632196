import TaskerEngine
import TaskerProtocol

/// A step that something must happen to, without loading its task.
public struct OpenStep: Sendable, Hashable {
    /// Ascending; not the step's id.
    public var row: Int64
    public var taskID: TaskID
    public var stepID: StepID
    public var place: Int
    public var namespace: String
    public var callable: String
    public var state: StepState
    public var workerLosses: Int
    public var dispatchID: DispatchID?
    public var queue: String?
    public var publication: Dispatch.Publication?
    public var publishSequence: Int64
    public var begunAt: Timestamp?
    public var startedAt: Timestamp?
    public var isAnswered: Bool
    public var isInGrace: Bool
    public var retryAt: Timestamp?
    public var resendAt: Timestamp?
    public var hold: Step.Hold?

    public init(
        row: Int64, taskID: TaskID, stepID: StepID, place: Int, namespace: String, callable: String,
        state: StepState, workerLosses: Int, dispatchID: DispatchID?, queue: String?,
        publication: Dispatch.Publication?, publishSequence: Int64, begunAt: Timestamp?, startedAt: Timestamp?,
        isAnswered: Bool, isInGrace: Bool, retryAt: Timestamp?, resendAt: Timestamp?, hold: Step.Hold?
    ) {
        self.row = row
        self.taskID = taskID
        self.stepID = stepID
        self.place = place
        self.namespace = namespace
        self.callable = callable
        self.state = state
        self.workerLosses = workerLosses
        self.dispatchID = dispatchID
        self.queue = queue
        self.publication = publication
        self.publishSequence = publishSequence
        self.begunAt = begunAt
        self.startedAt = startedAt
        self.isAnswered = isAnswered
        self.isInGrace = isInGrace
        self.retryAt = retryAt
        self.resendAt = resendAt
        self.hold = hold
    }
}

/// One line of a list of tasks.
public struct TaskSummary: Sendable, Hashable {
    public var header: TaskHeader
    public var namespace: String
    public var name: String
    public var version: String
    public var state: TaskState
    public var revision: Int64
    public var updatedAt: Timestamp
    public var completedAt: Timestamp?
    public var planHash: String
    /// Steps per state; states without steps may be missing.
    public var stepCounts: [StepState: Int]
    /// Ready steps that are held.
    public var heldSteps: Int

    public init(
        header: TaskHeader, namespace: String, name: String, version: String, state: TaskState, revision: Int64,
        updatedAt: Timestamp, completedAt: Timestamp?, planHash: String, stepCounts: [StepState: Int], heldSteps: Int
    ) {
        self.header = header
        self.namespace = namespace
        self.name = name
        self.version = version
        self.state = state
        self.revision = revision
        self.updatedAt = updatedAt
        self.completedAt = completedAt
        self.planHash = planHash
        self.stepCounts = stepCounts
        self.heldSteps = heldSteps
    }
}

/// Which tasks to list. nil and empty mean: any.
public struct TaskFilter: Sendable, Hashable {
    public enum Order: Sendable, Hashable {
        case newestFirst, oldestFirst, priority, recentlyUpdated
    }

    public var namespace: String?
    public var name: String?
    public var version: String?
    public var states: Set<TaskState> = []
    public var initiator: String?
    public var sourceSystem: String?
    public var correlationID: CorrelationID?
    public var tag: String?
    public var createdAfter: Timestamp?
    public var createdBefore: Timestamp?
    public var order = Order.newestFirst

    public init() {}
}

public struct StoredJournalEntry: Sendable, Hashable {
    /// Strictly ascending in commit order over all tasks; entries of one commit of one task share it.
    public var sequence: Int64
    public var taskID: TaskID
    public var at: Timestamp
    public var entry: JournalEntry

    public init(sequence: Int64, taskID: TaskID, at: Timestamp, entry: JournalEntry) {
        self.sequence = sequence
        self.taskID = taskID
        self.at = at
        self.entry = entry
    }
}

/// One registered state of a template.
public struct TemplateRevision: Sendable, Hashable {
    public var namespace: String
    public var name: String
    public var version: String
    /// From 1, per namespace, name and version.
    public var revision: Int
    /// SHA-256 of the canonical JSON.
    public var hash: String
    public var canonical: RawJSON
    public var registeredAt: Timestamp

    public init(
        namespace: String, name: String, version: String, revision: Int, hash: String, canonical: RawJSON,
        registeredAt: Timestamp
    ) {
        self.namespace = namespace
        self.name = name
        self.version = version
        self.revision = revision
        self.hash = hash
        self.canonical = canonical
        self.registeredAt = registeredAt
    }
}

/// What workers have announced and operators have set: kept, so that a fleet scaled to zero still gets its messages.
public struct RoutingTable: Sendable, Hashable {
    public struct Handler: Sendable, Hashable {
        public var namespace: String
        /// nil: any handler of the namespace.
        public var callable: String?

        public init(namespace: String, callable: String?) {
            self.namespace = namespace
            self.callable = callable
        }
    }

    public struct Announcement: Sendable, Hashable {
        public var queue: String
        public var firstAt: Timestamp
        /// The newest sign of life of a worker of that queue that announces the handler.
        public var lastAt: Timestamp

        public init(queue: String, firstAt: Timestamp, lastAt: Timestamp) {
            self.queue = queue
            self.firstAt = firstAt
            self.lastAt = lastAt
        }
    }

    public struct WeightedQueue: Sendable, Hashable {
        public var queue: String
        public var weight: Int

        public init(queue: String, weight: Int) {
            self.queue = queue
            self.weight = weight
        }
    }

    /// In the order of announcement.
    public var announced: [Handler: [Announcement]]
    /// The announced queue that is in use.
    public var inUse: [Handler: String]
    /// Set by operators; win over what is announced.
    public var operatorRoutes: [Handler: [WeightedQueue]]

    public init(
        announced: [Handler: [Announcement]] = [:], inUse: [Handler: String] = [:],
        operatorRoutes: [Handler: [WeightedQueue]] = [:]
    ) {
        self.announced = announced
        self.inUse = inUse
        self.operatorRoutes = operatorRoutes
    }
}
