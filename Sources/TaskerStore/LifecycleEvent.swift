import TaskerEngine
import TaskerProtocol

/// One event of the stream that `/v1/events` gives out (engine contract, section 12): the journal, in the words of
/// people who watch.
public struct LifecycleEvent: Sendable, Hashable {
    /// Its place among all events: strictly ascending in commit order, without gaps.
    public var number: Int64
    public var type: String
    public var at: Timestamp
    public var taskID: TaskID?
    public var namespace: String?
    public var taskName: String?
    public var stepID: StepID?
    public var stepName: String?
    public var fromState: String?
    public var toState: String?
    public var attempt: Int?
    public var workerID: String?
    public var detail: String?

    public init(number: Int64, type: String, at: Timestamp) {
        self.number = number
        self.type = type
        self.at = at
    }
}

extension LifecycleEvent {
    /// The members of the event, written into an object that is open. What is not known is left out.
    public func writeMembers(to writer: inout JSONWriter) {
        writer.key("type")
        writer.value(type)
        writer.key("at")
        writer.value(at)
        if let taskID {
            writer.key("task_uuid")
            writer.value(taskID)
        }
        if let stepID {
            writer.key("step_uuid")
            writer.value(stepID)
        }
        let texts: [(StaticString, String?)] = [
            ("step_name", stepName), ("namespace", namespace), ("name", taskName), ("from_state", fromState),
            ("to_state", toState), ("worker_id", workerID), ("detail", detail),
        ]
        for (name, text) in texts {
            guard let text else { continue }
            writer.key(name)
            writer.value(text)
        }
        if let attempt {
            writer.key("attempt")
            writer.value(attempt)
        }
    }
}

extension JournalEntry {
    /// The event that an entry is; nil for one that is none.
    public var eventType: String? {
        switch self {
        case .task(let from, let to, let event): Self.taskEvent(from, to, event)
        case .step(_, _, let to, _, _, _): Self.stepEvent(to)
        case .audit(let record): record.disposition == .checkpoint ? "step.checkpointed" : nil
        case .notice(let type, _): type
        case .created: nil
        }
    }

    /// nil for a step on the way of the same commit.
    private static func taskEvent(_ from: TaskState, _ to: TaskState, _ event: String) -> String? {
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
        case ("ReadyStepsFound", _), ("NoStepsFound", _):
            from == .initializing ? "task.steps_discovery_completed" : nil
        case ("StepChangedByOperator", _): from == .blockedByFailures ? "task.retry_requested" : nil
        case (_, .evaluatingResults): from == .stepsInProcess ? "task.step_results_received" : nil
        default: nil
        }
    }

    private static func stepEvent(_ to: StepState) -> String? {
        switch to {
        case .pending: "step.reset"
        case .enqueued: "step.enqueued"
        case .inProgress: "step.started"
        // A moment between two others of the same commit.
        case .enqueuedForOrchestration, .enqueuedAsErrorForOrchestration: nil
        case .waitingForRetry: "step.retry_scheduled"
        case .error: "step.failed"
        case .complete: "step.completed"
        case .cancelled: "step.cancelled"
        case .resolvedManually: "step.resolved"
        }
    }
}

/// What the events of one journal row have in common.
public struct EventSource {
    public var at: Timestamp
    public var taskID: TaskID?
    public var namespace: String?
    public var taskName: String?

    public init(at: Timestamp, taskID: TaskID?, namespace: String?, taskName: String?) {
        self.at = at
        self.taskID = taskID
        self.namespace = namespace
        self.taskName = taskName
    }

    /// - Parameter first: the number of the first event.
    /// - Parameter step: id and name of the step at a place.
    public func events(
        of entries: [JournalEntry], first: Int64, step: (Int) throws -> (id: StepID, name: String)?
    ) rethrows -> [LifecycleEvent] {
        var number = first
        var events: [LifecycleEvent] = []
        for entry in entries {
            guard let type = entry.eventType else { continue }
            var event = LifecycleEvent(number: number, type: type, at: at)
            number += 1
            event.taskID = taskID
            event.namespace = namespace
            event.taskName = taskName
            var place: Int?
            switch entry {
            case .task(let from, let to, let cause):
                event.fromState = from.rawValue
                event.toState = to.rawValue
                event.detail = cause
            case .step(let at, let from, let to, let attempt, _, let detail):
                place = at
                event.fromState = from.rawValue
                event.toState = to.rawValue
                event.attempt = attempt
                event.detail = detail
            case .audit(let record):
                place = record.place
                event.fromState = record.fromState.rawValue
                event.toState = record.toState.rawValue
                event.attempt = record.attempt
                event.workerID = record.workerID
            case .notice(_, let detail):
                event.detail = detail
                if type.hasPrefix("worker.") { event.workerID = detail }
            case .created: break
            }
            if let place, let named = try step(place) {
                event.stepID = named.id
                event.stepName = named.name
            }
            events.append(event)
        }
        return events
    }
}

extension Sequence where Element == JournalEntry {
    public var eventCount: Int64 { reduce(0) { $0 + ($1.eventType == nil ? 0 : 1) } }
}

extension CommitBatch {
    /// Events of the whole batch, in the order of their numbers: those of the tasks, then the notices.
    public var eventCount: Int64 { tasks.reduce(notices.eventCount) { $0 + $1.journal.eventCount } }
}
