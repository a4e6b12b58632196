import TaskerProtocol

/// What can happen to a task. Steps are named by their place.
public enum Event: Sendable {
    /// The task was created: find what is ready.
    case start
    case result(step: Int, StepResultMessage)
    case heartbeat(step: Int, StepHeartbeat)
    /// A timer is due. Nothing happens unless the step still has that timer with that due time.
    case timer(step: Int, StepTimer, due: Timestamp)
    /// The lost-dispatch check found the dispatch gone, twice, and all that waited has been read.
    case dispatchLost(step: Int, DispatchID)
    case publishing(step: Int, DispatchID, PublishingReport)
    /// A route has appeared, or a quarantine has ended: look at the held steps again.
    case holdsMayEnd
    /// The orchestrator reads results again after a silence of its own: leases, graces and timeouts begin anew in full.
    case silenceCountsAnew
    case cancel(reason: String, actor: String)
    /// An operator's action that ``WorkflowTask/refusal(of:settings:)`` does not refuse; nothing happens otherwise.
    case manual(ManualAction)
    /// A limit of the template's lifecycle has passed.
    case stale(StalenessFinding)
}

/// What the relay tells of a dispatch.
public enum PublishingReport: Sendable, Hashable {
    /// It is about to be published: to be committed before the attempt.
    case begun(sequence: Int64)
    /// It was not tried after all.
    case notSent
    case confirmed
    /// The connection or the process ended between attempt and confirm.
    case inDoubt
    /// The broker refused responsibility.
    case nacked
}

public enum StepTimer: String, Sendable, CaseIterable {
    /// Ends `waiting_for_retry`. Durable.
    case retry
    /// Sends a step in flight again. Durable.
    case resend
    /// The worker has been silent for too long.
    case lease
    /// The first worker of a redelivered message has not answered.
    case grace
    /// The step ran out of time and its worker has not said so.
    case timeout

    /// Closes an attempt because nothing was heard: only to be applied when all that was sent has been read.
    public var isSilence: Bool { self == .lease || self == .grace || self == .timeout }
}
