import TaskerEngine
import TaskerProtocol

/// A place in a list of tasks, to go on behind it: it holds what the list is ordered by, so that it stays where it is
/// whatever is added meanwhile.
public struct TaskPosition: Sendable, Hashable {
    public var createdAt: Timestamp
    public var priority: Int
    public var task: TaskID

    public init(createdAt: Timestamp, priority: Int, task: TaskID) {
        self.createdAt = createdAt
        self.priority = priority
        self.task = task
    }

    public init(_ summary: TaskSummary) {
        self.init(
            createdAt: summary.header.createdAt, priority: summary.header.priority, task: summary.header.id)
    }
}

/// Times of a task and its steps, for figures over many.
public struct TaskTiming: Sendable, Hashable {
    public struct Step: Sendable, Hashable {
        public var name: String
        public var state: StepState
        /// As the worker of the last answer reported it.
        public var runMilliseconds: Int64?
        public var totalAttempts: Int
        public var completedAt: Timestamp?
        public var lastFailureAt: Timestamp?
        public var lastAttemptedAt: Timestamp?

        public init(
            name: String, state: StepState, runMilliseconds: Int64?, totalAttempts: Int, completedAt: Timestamp?,
            lastFailureAt: Timestamp?, lastAttemptedAt: Timestamp?
        ) {
            self.name = name
            self.state = state
            self.runMilliseconds = runMilliseconds
            self.totalAttempts = totalAttempts
            self.completedAt = completedAt
            self.lastFailureAt = lastFailureAt
            self.lastAttemptedAt = lastAttemptedAt
        }
    }

    public var namespace: String
    public var name: String
    public var version: String
    public var state: TaskState
    public var createdAt: Timestamp
    public var updatedAt: Timestamp
    public var completedAt: Timestamp?
    public var steps: [Step]

    public init(
        namespace: String, name: String, version: String, state: TaskState, createdAt: Timestamp,
        updatedAt: Timestamp, completedAt: Timestamp?, steps: [Step]
    ) {
        self.namespace = namespace
        self.name = name
        self.version = version
        self.state = state
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.completedAt = completedAt
        self.steps = steps
    }
}
