import TaskerEngine

/// What the coordinator has counted since it started. Plain numbers that it alone changes; readers get copies.
public struct OrchestratorMetrics: Sendable {
    public struct Transition: Sendable, Hashable {
        public var from: TaskState
        public var to: TaskState
    }

    public var taskRequests = 0
    public var taskTransitions: [Transition: Int] = [:]
    public var taskDuration = Histogram()

    public var stepsEnqueued = 0
    public var attempts = 0
    public var successes = 0
    /// By `error_type`; types of handlers are many, so those past the fiftieth are `other`.
    public var failures: [String: Int] = [:]
    /// By disposition.
    public var results: [String: Int] = [:]
    public var stepRun = Histogram()
    public var stepQueue = Histogram()
    public var retryDelay = Histogram()
    /// From the arrival of a batch of inputs to its commit, once per result in it.
    public var resultProcessing = Histogram()

    public var decisions = 0
    /// By `error_type`.
    public var decisionErrors: [String: Int] = [:]
    /// By reason.
    public var deadLetters: [String: Int] = [:]
    public var staleTasks = 0

    public var publishConfirm = Histogram()
    public var storeTransaction = Histogram()
    public var messagesSent = 0
    public var messagesUnroutable = 0

    static let errorTypeLimit = 50

    mutating func countFailure(_ type: String) {
        let label = failures[type] != nil || failures.count < Self.errorTypeLimit ? type : "other"
        failures[label, default: 0] += 1
    }
}
