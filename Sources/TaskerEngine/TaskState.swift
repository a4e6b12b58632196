/// The twelve states of a task (engine contract, section 1). Raw values are the words of API, store and history.
public enum TaskState: String, Sendable, CaseIterable {
    case pending
    case initializing
    case enqueuingSteps = "enqueuing_steps"
    case stepsInProcess = "steps_in_process"
    case evaluatingResults = "evaluating_results"
    case waitingForDependencies = "waiting_for_dependencies"
    case waitingForRetry = "waiting_for_retry"
    case blockedByFailures = "blocked_by_failures"
    case complete
    case error
    case cancelled
    case resolvedManually = "resolved_manually"

    public var isTerminal: Bool {
        switch self {
        case .complete, .error, .cancelled, .resolvedManually: true
        default: false
        }
    }

    /// A state in which a task may stay until something happens from outside.
    public var isResting: Bool {
        switch self {
        case .pending, .initializing, .enqueuingSteps, .evaluatingResults: false
        default: true
        }
    }

    /// The transitions there are; anything else is a defect.
    public var successors: Set<TaskState> {
        if isTerminal { return self == .error ? [.pending] : [] }
        let always: Set<TaskState> = [.cancelled, .resolvedManually, .error]
        switch self {
        case .pending: return always.union([.initializing])
        case .initializing:
            return always.union([.enqueuingSteps, .complete, .waitingForDependencies, .evaluatingResults])
        case .enqueuingSteps: return always.union([.stepsInProcess])
        case .stepsInProcess: return always.union([.evaluatingResults, .waitingForRetry])
        case .evaluatingResults:
            return always.union([
                .complete, .enqueuingSteps, .waitingForDependencies, .waitingForRetry, .blockedByFailures,
            ])
        case .waitingForDependencies: return always.union([.evaluatingResults])
        case .waitingForRetry: return always.union([.enqueuingSteps, .evaluatingResults])
        case .blockedByFailures: return always.union([.evaluatingResults])
        default: return []
        }
    }
}
