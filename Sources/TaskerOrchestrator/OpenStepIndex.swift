import TaskerEngine
import TaskerProtocol
import TaskerStore

/// What the orchestrator knows of every step that something must happen to, whether its task is in memory or not:
/// in flight, waiting for a retry, or held.
struct OpenStepInfo {
    var task: TaskID
    var place: Int
    var state: StepState
    var dispatch: DispatchID?
    var queue: String?
    var publication: Dispatch.Publication?
    var publishSequence: Int64 = 0
    var begunAt: Timestamp?
    var isStarted = false
    var wasSeen = false
    var isInGrace = false
    var isSuspect = false
    var leaseDue: Timestamp?
    var graceDue: Timestamp?
    var timeoutDue: Timestamp?
    var lastHeartbeatAt: Timestamp?
    var retryAt: Timestamp?
    var resendAt: Timestamp?
    var hold: Step.Hold?
    /// Lost-dispatch checks in a row that found it suspicious.
    var suspicions = 0

    func due(of timer: StepTimer) -> Timestamp? {
        switch timer {
        case .retry: retryAt
        case .resend: resendAt
        case .lease: leaseDue
        case .grace: graceDue
        case .timeout: timeoutDue
        }
    }

    init?(_ step: Step, task: TaskID, maxWorkerLosses: Int) {
        guard step.state.isInFlight || step.state == .waitingForRetry || step.hold != nil else { return nil }
        self.task = task
        place = step.place
        state = step.state
        dispatch = step.dispatch?.id
        queue = step.dispatch?.queue
        publication = step.dispatch?.publication
        publishSequence = step.dispatch?.publishSequence ?? 0
        begunAt = step.dispatch?.begunAt
        isStarted = step.dispatch?.startedAt != nil
        wasSeen = step.dispatch?.wasSeen ?? false
        isInGrace = step.dispatch?.isInGrace ?? false
        isSuspect = step.state.isInFlight && step.workerLosses > 0 && step.workerLosses >= maxWorkerLosses - 1
        leaseDue = step.dispatch?.leaseDue
        graceDue = step.dispatch?.graceDue
        timeoutDue = step.dispatch?.timeoutDue
        lastHeartbeatAt = step.dispatch?.lastHeartbeatAt
        retryAt = step.retryAt
        resendAt = step.resendAt
        hold = step.hold
    }

    init(_ row: OpenStep, maxWorkerLosses: Int) {
        task = row.taskID
        place = row.place
        state = row.state
        dispatch = row.dispatchID
        queue = row.queue
        publication = row.publication
        publishSequence = row.publishSequence
        begunAt = row.begunAt
        isStarted = row.startedAt != nil
        wasSeen = row.startedAt != nil || row.isAnswered
        isInGrace = row.isInGrace
        isSuspect = row.state.isInFlight && row.workerLosses > 0 && row.workerLosses >= maxWorkerLosses - 1
        retryAt = row.retryAt
        resendAt = row.resendAt
        hold = row.hold
    }
}
