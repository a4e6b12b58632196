import TaskerEngine
import TaskerProtocol
import TaskerTemplates

/// What happened to a task or a step, without payloads (engine contract, section 12): for the API's event stream and,
/// when switched on, for the exchange of events.
public struct LifecycleEvent: Sendable, Hashable {
    public var type: String
    public var at: Timestamp
    public var taskID: TaskID
    public var namespace: String
    public var step: (id: StepID, name: String)?
    public var fromState: String?
    public var toState: String?
    public var attempt: Int?
    public var workerID: String?
    public var detail: String?

    /// - Returns: nil for an entry that is no news to anybody outside, such as a transition within one transaction.
    public init?(_ entry: JournalEntry, of task: WorkflowTask, at time: Timestamp) {
        at = time
        taskID = task.id
        namespace = task.plan.template.namespace
        switch entry {
        case .task(let from, let to, let event):
            guard let type = Self.type(of: event, from: from, to: to) else { return nil }
            self.type = type
            fromState = from.rawValue
            toState = to.rawValue
            detail = event
        case .step(let place, let from, let to, let attempt, _, let detail):
            guard let type = Self.type(from: from, to: to), task.steps.indices.contains(place) else { return nil }
            self.type = type
            fromState = from.rawValue
            toState = to.rawValue
            self.attempt = attempt
            self.detail = detail
            step = (task.steps[place].id, task.steps[place].name)
        case .audit(let record):
            guard record.disposition == .checkpoint, task.steps.indices.contains(record.place) else { return nil }
            type = "step.checkpointed"
            attempt = record.attempt
            workerID = record.workerID
            step = (task.steps[record.place].id, task.steps[record.place].name)
        case .created: return nil
        }
    }

    private static func type(of event: String, from: TaskState, to: TaskState) -> String? {
        switch (event, to) {
        case ("Start", _): "task.initialize_requested"
        case ("Reset", _): "task.retry_requested"
        case ("DependenciesReady", _): "task.dependencies_satisfied"
        case ("StepsEnqueued", _): "task.steps_enqueued"
        case (_, .complete): "task.completed"
        case (_, .error): "task.failed"
        case (_, .cancelled): "task.cancelled"
        case (_, .resolvedManually): "task.resolved_manually"
        case (_, .blockedByFailures): "task.blocked_by_failures"
        case (_, .waitingForRetry): "task.retry_backoff_started"
        case (_, .waitingForDependencies): "task.awaiting_dependencies"
        case ("ReadyStepsFound", _), ("NoStepsFound", _): from == .initializing ? "task.steps_discovery_completed" : nil
        case ("StepChangedByOperator", _): from == .blockedByFailures ? "task.retry_requested" : nil
        case (_, .evaluatingResults): from == .stepsInProcess ? "task.step_results_received" : nil
        default: nil
        }
    }

    private static func type(from: StepState, to: StepState) -> String? {
        switch to {
        case .enqueued: "step.enqueued"
        case .inProgress: "step.started"
        case .complete: "step.completed"
        case .waitingForRetry: "step.retry_scheduled"
        case .error: "step.failed"
        case .cancelled: "step.cancelled"
        case .resolvedManually: "step.resolved"
        case .pending: "step.reset"
        case .enqueuedForOrchestration, .enqueuedAsErrorForOrchestration: nil
        }
    }

    /// The members of the event, written into an object that is open.
    public func writeMembers(to writer: inout JSONWriter) {
        writer.key("type")
        writer.value(type)
        writer.key("at")
        writer.value(at)
        writer.key("task_uuid")
        writer.value(taskID)
        if let step {
            writer.key("step_uuid")
            writer.value(step.id)
            writer.key("step_name")
            writer.value(step.name)
        }
        writer.key("namespace")
        writer.value(namespace)
        if let fromState {
            writer.key("from_state")
            writer.value(fromState)
        }
        if let toState {
            writer.key("to_state")
            writer.value(toState)
        }
        if let attempt {
            writer.key("attempt")
            writer.value(attempt)
        }
        if let workerID {
            writer.key("worker_id")
            writer.value(workerID)
        }
        if let detail {
            writer.key("detail")
            writer.value(detail)
        }
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.type == right.type && left.at == right.at && left.taskID == right.taskID && left.step?.id == right.step?.id
            && left.fromState == right.fromState && left.toState == right.toState && left.attempt == right.attempt
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(type)
        hasher.combine(taskID)
        hasher.combine(at)
    }
}
