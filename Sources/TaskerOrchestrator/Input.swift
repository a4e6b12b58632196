import TaskerEngine
import TaskerMessaging
import TaskerProtocol
import TaskerStore
import TaskerTemplates

/// What reaches the coordinator from outside, in the order in which it arrived.
public enum Input: Sendable {
    case delivery(Source, Delivery)
    /// The consumer of results runs, or has lost its connection.
    case reading(Bool)
    case published([PublishResult])
    case broker(BrokerState)
    case create(CreateTask)
    case cancel(CancelTask)
    case act(ActOnTask)
    case setRoute(SetRoute)
    case register(RegisterTemplates)
    /// Figures of step queues, for the lost-dispatch check.
    case inspected([String: QueueFigures])
    /// A queue could not be declared, or can again.
    case queueFault(queue: String, String?)
    case snapshot(@Sendable (LiveState) -> Void)
    /// What is known of a task beside what the store has.
    case outlook(TaskID, @Sendable (TaskOutlook) -> Void)
    /// The tasks that open steps belong to.
    case locate([StepID], @Sendable ([StepID: TaskID]) -> Void)
    /// The wall clock went forward faster than time.
    case clockJumped(by: Duration)
    /// Look at the clock.
    case tick
    /// Finish what is at hand and end.
    case stop
    /// Something without which there is no going on.
    case failed(any Error)

    public enum Source: Sendable {
        case results, requests, workers
    }
}

/// A request for a task, however it came.
public struct CreateTask: Sendable {
    public var request: TaskRequest
    public var traceParent: String?
    public var traceState: String?
    public var reply: @Sendable (Result<CreatedTask, OrchestratorError>) -> Void

    public init(
        request: TaskRequest, traceParent: String? = nil, traceState: String? = nil,
        reply: @escaping @Sendable (Result<CreatedTask, OrchestratorError>) -> Void
    ) {
        self.request = request
        self.traceParent = traceParent
        self.traceState = traceState
        self.reply = reply
    }
}

public struct CreatedTask: Sendable, Hashable {
    public var id: TaskID
    /// False when an earlier request with the same identity had made it.
    public var isNew: Bool

    public init(id: TaskID, isNew: Bool) {
        self.id = id
        self.isNew = isNew
    }
}

public struct CancelTask: Sendable {
    public var task: TaskID
    public var reason: String
    public var actor: String
    public var reply: @Sendable (Result<Void, OrchestratorError>) -> Void

    public init(
        task: TaskID, reason: String, actor: String,
        reply: @escaping @Sendable (Result<Void, OrchestratorError>) -> Void
    ) {
        self.task = task
        self.reason = reason
        self.actor = actor
        self.reply = reply
    }
}

/// An operator's action on a task, a step of it, or its dead-letter entry.
public struct ActOnTask: Sendable {
    public enum Action: Sendable {
        /// The step by id or name.
        case step(String, StepAction)
        /// Resets failed steps: all of them, or those of these names.
        case retry(steps: [String]?)
        case giveUp, resolve, replay, makeDeadLetter
        /// - Parameter entry: must be the task's newest entry.
        case updateDeadLetter(
            entry: DeadLetterID?, resolution: DeadLetterResolution?, notes: String?, metadata: RawJSON?)
    }

    public enum StepAction: Sendable {
        case reset(clearCheckpoint: Bool)
        case resolve
        /// - Parameter metadata: an object.
        case complete(result: RawJSON, metadata: RawJSON)
    }

    public var task: TaskID
    public var action: Action
    public var actor: String
    public var reason: String
    /// Looks at the task before anything is done, and may object.
    public var objection: @Sendable (WorkflowTask) -> OrchestratorError?
    public var reply: @Sendable (Result<Void, OrchestratorError>) -> Void

    public init(
        task: TaskID, action: Action, actor: String, reason: String,
        objection: @escaping @Sendable (WorkflowTask) -> OrchestratorError? = { _ in nil },
        reply: @escaping @Sendable (Result<Void, OrchestratorError>) -> Void
    ) {
        self.task = task
        self.action = action
        self.actor = actor
        self.reason = reason
        self.objection = objection
        self.reply = reply
    }
}

/// An operator's route for a handler; nil goes back to what workers announce.
public struct SetRoute: Sendable {
    public var handler: RoutingTable.Handler
    public var queues: [RoutingTable.WeightedQueue]?
    public var actor: String
    public var reply: @Sendable (Result<Void, OrchestratorError>) -> Void

    public init(
        handler: RoutingTable.Handler, queues: [RoutingTable.WeightedQueue]?, actor: String,
        reply: @escaping @Sendable (Result<Void, OrchestratorError>) -> Void
    ) {
        self.handler = handler
        self.queues = queues
        self.actor = actor
        self.reply = reply
    }
}

public struct RegisterTemplates: Sendable {
    public struct Outcome: Sendable, Hashable {
        public var revision: TemplateRevision
        public var isNew: Bool

        public init(revision: TemplateRevision, isNew: Bool) {
            self.revision = revision
            self.isNew = isNew
        }
    }

    public var templates: [TaskTemplate]
    /// One result per template, in order.
    public var reply: @Sendable ([Result<Outcome, OrchestratorError>]) -> Void

    public init(
        templates: [TaskTemplate], reply: @escaping @Sendable ([Result<Outcome, OrchestratorError>]) -> Void
    ) {
        self.templates = templates
        self.reply = reply
    }
}
