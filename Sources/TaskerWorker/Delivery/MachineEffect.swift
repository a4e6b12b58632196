import TaskerMessaging

/// What the runtime has to do, in order.
enum MachineEffect: Sendable, Hashable {
    case startConsuming
    /// To be answered with `consumersStopped`.
    case stopConsuming
    /// Call the handler in a task of its own; ends in `handlerFinished`.
    case run(StepExecute)
    /// Tell a running handler to stop. With `interrupted` nobody waits for it any more.
    case stop(DispatchID, StopReason)
    case publish(token: UInt64, Parcel)
    case acknowledge([DeliveryTag])
    /// Start the consumer for pages of dependency results.
    case openReplyQueue
    case setTimer(MachineTimer, Duration)
    case cancelTimer(MachineTimer)
    /// The orchestrator's broker has taken an announcement for the first time.
    case ready
    /// There is no queue for announcements yet: no orchestrator has ever run on this broker.
    case unheard
    /// The end. `unsent` could not be handed over.
    case finish(exitCode: Int32, unsent: [StepResultMessage])
}

/// What a dispatch is about, as far as answering it needs.
struct Dispatch: Sendable, Hashable {
    var id: DispatchID
    var taskID: TaskID
    var stepID: StepID
    var correlationID: CorrelationID
    var replyTo: String
    var stepName: String
    /// Copied from the step message to everything that answers it.
    var trace: [String: HeaderValue]
    var limits: StepExecute.Limits
    var timeoutMilliseconds: Int64

    init(_ step: StepExecute, trace: [String: HeaderValue]) {
        id = step.dispatchID
        taskID = step.task.id
        stepID = step.step.id
        correlationID = step.task.correlationID
        replyTo = step.replyTo
        stepName = step.step.name
        self.trace = trace
        limits = step.limits
        timeoutMilliseconds = step.step.timeoutMilliseconds
    }
}

/// One message to publish.
enum Parcel: Sendable, Hashable {
    case answer(Dispatch, StepResultMessage)
    /// Persistent when an ack depends on it. The runtime adds the handler's progress.
    case heartbeat(Dispatch, StepHeartbeat, isPersistent: Bool)
    case fetch(Dispatch, StepFetch, replyQueue: String)
    /// A copy for people to look at.
    case deadLetter(UnreadableMessage)
    /// The `failed` answer to a message that cannot be read.
    case refusal(UnreadableMessage)
    case announcement(Announcement)
}

/// The changing part of `worker.hello`, `worker.heartbeat` and `worker.bye`.
struct Announcement: Sendable, Hashable {
    var kind: WorkerAnnouncement.Kind
    var sequence: Int64
    var running: [WorkerAnnouncement.Running]
    var processedTotal: Int64
    var failedTotal: Int64
    var status: WorkerAnnouncement.Status
    var reason: String?
}
