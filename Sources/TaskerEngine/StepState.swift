/// The ten states of a step (engine contract, section 2). Raw values are the words of API, store and history.
public enum StepState: String, Sendable, CaseIterable {
    case pending
    case enqueued
    case inProgress = "in_progress"
    case enqueuedForOrchestration = "enqueued_for_orchestration"
    case enqueuedAsErrorForOrchestration = "enqueued_as_error_for_orchestration"
    case waitingForRetry = "waiting_for_retry"
    case error
    case complete
    case cancelled
    case resolvedManually = "resolved_manually"

    /// `error` is not terminal: an operator can leave it.
    public var isTerminal: Bool { self == .complete || self == .cancelled || self == .resolvedManually }

    public var isInFlight: Bool {
        switch self {
        case .enqueued, .inProgress, .enqueuedForOrchestration, .enqueuedAsErrorForOrchestration: true
        default: false
        }
    }

    /// Its dependents may run.
    public var isSatisfied: Bool { self == .complete || self == .resolvedManually }

    /// The transitions there are; anything else is a defect.
    public var successors: Set<StepState> {
        if isTerminal { return [] }
        let manual: Set<StepState> = [.complete, .resolvedManually, .cancelled]
        switch self {
        case .pending: return manual.union([.enqueued])
        case .enqueued: return manual.union([.inProgress, .enqueuedAsErrorForOrchestration])
        case .inProgress: return manual.union([.enqueuedForOrchestration, .enqueuedAsErrorForOrchestration])
        case .enqueuedForOrchestration: return manual.union([.error])
        case .enqueuedAsErrorForOrchestration: return manual.union([.waitingForRetry, .error])
        case .waitingForRetry: return manual.union([.enqueued, .pending])
        case .error: return manual.union([.pending])
        default: return []
        }
    }

    /// Its place among the counters.
    var ordinal: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
