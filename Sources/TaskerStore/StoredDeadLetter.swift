import TaskerEngine
import TaskerProtocol

/// A dead-letter entry with what people want to know of its task.
public struct StoredDeadLetter: Sendable, Hashable {
    public var entry: DeadLetterEntry
    public var namespace: String
    public var taskName: String
    public var taskState: TaskState
    /// Since when the task is in its state.
    public var taskUpdatedAt: Timestamp
    public var taskCreatedAt: Timestamp
    public var requestedAt: Timestamp
    public var correlationID: CorrelationID
    public var priority: Int

    public init(
        entry: DeadLetterEntry, namespace: String, taskName: String, taskState: TaskState, taskUpdatedAt: Timestamp,
        taskCreatedAt: Timestamp, requestedAt: Timestamp, correlationID: CorrelationID, priority: Int
    ) {
        self.entry = entry
        self.namespace = namespace
        self.taskName = taskName
        self.taskState = taskState
        self.taskUpdatedAt = taskUpdatedAt
        self.taskCreatedAt = taskCreatedAt
        self.requestedAt = requestedAt
        self.correlationID = correlationID
        self.priority = priority
    }
}

/// Which entries to list. nil means: any.
public struct DeadLetterFilter: Sendable, Hashable {
    public enum Order: Sendable, Hashable {
        case newestFirst
        /// By investigation score: the reason's base and a point for each minute.
        case mostUrgentFirst
    }

    public var resolution: DeadLetterResolution?
    public var reason: DeadLetterReason?
    public var namespace: String?
    public var order = Order.newestFirst

    public init(
        resolution: DeadLetterResolution? = nil, reason: DeadLetterReason? = nil, namespace: String? = nil,
        order: Order = .newestFirst
    ) {
        self.resolution = resolution
        self.reason = reason
        self.namespace = namespace
        self.order = order
    }
}

/// Entries of one reason, counted.
public struct DeadLetterStatistics: Sendable, Hashable {
    public var reason: DeadLetterReason
    /// Resolutions without entries may be missing.
    public var counts: [DeadLetterResolution: Int]
    public var oldest: Timestamp
    public var newest: Timestamp
    /// From creation to resolution, over those that are resolved; nil when none is.
    public var averageResolution: Duration?

    public init(
        reason: DeadLetterReason, counts: [DeadLetterResolution: Int], oldest: Timestamp, newest: Timestamp,
        averageResolution: Duration?
    ) {
        self.reason = reason
        self.counts = counts
        self.oldest = oldest
        self.newest = newest
        self.averageResolution = averageResolution
    }
}

extension DeadLetterReason {
    /// Points that the investigation queue starts from (engine contract, section 10).
    public var investigationBase: Int {
        switch self {
        case .dependencyCycleDetected: 1000
        case .poison: 800
        case .maxRetriesExceeded: 500
        case .permanentFailure: 400
        case .stalenessTimeout: 100
        case .workerUnavailable: 50
        case .manual: 10
        }
    }
}

extension Store {
    /// The newest dead-letter entry of a task.
    public func deadLetter(of task: TaskID) async throws -> DeadLetterEntry? {
        try await newestDeadLetter(of: task)?.entry
    }

    /// Entries, newest first.
    public func deadLetters(
        resolution: DeadLetterResolution?, limit: Int, offset: Int
    ) async throws -> [DeadLetterEntry] {
        try await deadLetters(DeadLetterFilter(resolution: resolution), limit: limit, offset: offset).map(\.entry)
    }
}
