import TaskerProtocol

/// Why a task needs a person (engine contract, section 10).
public enum DeadLetterReason: String, Sendable, CaseIterable {
    case maxRetriesExceeded = "max_retries_exceeded"
    case permanentFailure = "permanent_failure"
    /// Its workers died of it.
    case poison
    case stalenessTimeout = "staleness_timeout"
    case workerUnavailable = "worker_unavailable"
    case dependencyCycleDetected = "dependency_cycle_detected"
    case manual = "manual_dlq"
}

public enum DeadLetterResolution: String, Sendable, CaseIterable {
    case pending
    case manuallyResolved = "manually_resolved"
    case permanentlyFailed = "permanently_failed"
    case cancelled
}

public struct DeadLetterKind {}
public typealias DeadLetterID = Identifier<DeadLetterKind>

/// A task's dead-letter entry: at most one is pending; further failures are added to it.
public struct DeadLetterEntry: Sendable, Hashable {
    public struct Failure: Sendable, Hashable {
        public var stepName: String
        public var stepID: StepID
        public var reason: DeadLetterReason
        public var attempts: Int
        public var errorType: String
        public var message: String
        public var at: Timestamp

        public init(
            stepName: String, stepID: StepID, reason: DeadLetterReason, attempts: Int, errorType: String,
            message: String, at: Timestamp
        ) {
            self.stepName = stepName
            self.stepID = stepID
            self.reason = reason
            self.attempts = attempts
            self.errorType = errorType
            self.message = message
            self.at = at
        }
    }

    public let id: DeadLetterID
    public let taskID: TaskID
    /// The first failure's.
    public let reason: DeadLetterReason
    /// The task's state when the entry was made.
    public let originalState: TaskState
    public let createdAt: Timestamp
    public var failures: [Failure]
    public var resolution: DeadLetterResolution
    public var resolvedAt: Timestamp?
    public var resolvedBy: String?
    public var notes: String?
    /// What people noted beside, an object.
    public var metadata: RawJSON?
    /// Of a stale task: the limit, and how long it was in its state when that had passed.
    public var thresholdMinutes: Int?
    public var minutesInState: Int

    public init(
        id: DeadLetterID, taskID: TaskID, reason: DeadLetterReason, originalState: TaskState, createdAt: Timestamp,
        failures: [Failure], resolution: DeadLetterResolution = .pending, resolvedAt: Timestamp? = nil,
        resolvedBy: String? = nil, notes: String? = nil, metadata: RawJSON? = nil, thresholdMinutes: Int? = nil,
        minutesInState: Int = 0
    ) {
        self.id = id
        self.taskID = taskID
        self.reason = reason
        self.originalState = originalState
        self.createdAt = createdAt
        self.failures = failures
        self.resolution = resolution
        self.resolvedAt = resolvedAt
        self.resolvedBy = resolvedBy
        self.notes = notes
        self.metadata = metadata
        self.thresholdMinutes = thresholdMinutes
        self.minutesInState = minutesInState
    }
}

/// What happened to a task's dead-letter entries. A failure is told by itself, as a task may collect thousands.
public enum DeadLetterChange: Sendable, Hashable {
    /// A new entry, with the failures that it begins with.
    case made(DeadLetterEntry)
    /// One failure more, at that place in the entry's list.
    case failed(DeadLetterID, number: Int, DeadLetterEntry.Failure)
    /// Resolution, notes or metadata; the failures are what they were.
    case changed(DeadLetterEntry)
}

extension DeadLetterEntry.Failure {
    public func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("step_name")
        writer.value(stepName)
        writer.key("step_uuid")
        writer.value(stepID)
        writer.key("reason")
        writer.value(reason.rawValue)
        writer.key("attempts")
        writer.value(attempts)
        writer.key("error_type")
        writer.value(errorType)
        writer.key("message")
        writer.value(message)
        writer.key("at")
        writer.value(at)
        writer.endObject()
    }

    public init?(_ value: RawJSON) {
        guard let stepName = value.member("step_name")?.string,
            let stepID = value.member("step_uuid")?.string.flatMap({ StepID($0) }),
            let reason = value.member("reason")?.string.flatMap({ DeadLetterReason(rawValue: $0) }),
            let attempts = value.member("attempts")?.integer,
            let errorType = value.member("error_type")?.string,
            let message = value.member("message")?.string,
            let at = value.member("at")?.string.flatMap({ Timestamp($0) })
        else { return nil }
        self.init(
            stepName: stepName, stepID: stepID, reason: reason, attempts: Int(attempts), errorType: errorType,
            message: message, at: at)
    }
}
