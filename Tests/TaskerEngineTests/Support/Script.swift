import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerEngine

/// Ids that a test can foretell: 1, 2, 3 ...
struct CountingIDs: IDSource {
    private(set) var last: UInt64 = 0

    mutating func next(at now: Timestamp) -> UUIDValue {
        last += 1
        return UUIDValue(high: 0, low: last)
    }
}

/// Routes by callable; `default` for all others.
struct TableRouting: Routing {
    var routes: [String: String?] = [:]
    var fallback: String? = "fleet"

    func queue(namespace: String, callable: String, declared: String?, task: TaskID) -> String? {
        declared ?? routes[callable] ?? fallback
    }
}

/// One task, driven event by event with a clock of its own.
///
/// The step in place n has the id `s(n)`; the n-th id that the engine mints is `d(n)`: dispatches and dead-letter
/// entries, in order.
struct Script {
    var task: WorkflowTask
    var ids = CountingIDs()
    var settings = EngineSettings()
    var routing = TableRouting()
    var now = Timestamp(milliseconds: 1_000_000)
    var publishesAtOnce = true
    var publishSequence: Int64 = 0
    var suspects: [String: Set<StepID>] = [:]

    static let taskID = TaskID(UUIDValue(high: 0xAA, low: 1))

    init(_ template: TaskTemplate) {
        let time = Timestamp(milliseconds: 1_000_000)
        var next: UInt64 = 0
        task = WorkflowTask(
            header: TaskHeader(
                id: Self.taskID, context: .emptyObject, correlationID: CorrelationID(UUIDValue(high: 0xBB, low: 1)),
                requestedAt: time, createdAt: time),
            plan: WorkflowPlan(template: template, hash: "hash"),
            newStepID: {
                defer { next += 1 }
                return s(Int(next))
            })
    }

    @discardableResult
    mutating func apply(_ event: Event) -> [Effect] {
        var context = EngineContext(
            now: now, ids: ids, settings: settings, routing: routing, publishesAtOnce: publishesAtOnce,
            publishSequence: publishSequence, suspects: suspects)
        let effects = task.apply(event, in: &context)
        if let counting = context.ids as? CountingIDs { ids = counting }
        publishSequence = context.publishSequence
        suspects = context.suspects
        return effects
    }

    // MARK: - Time

    mutating func wait(_ seconds: Double) { now = now.advanced(byMilliseconds: Int64(seconds * 1000)) }

    /// The time `seconds` from now.
    func later(_ seconds: Double) -> Timestamp { now.advanced(byMilliseconds: Int64(seconds * 1000)) }

    /// Lets time pass until a timer is due, and fires it.
    @discardableResult
    mutating func fire(_ timer: StepTimer, _ place: Int = 0) -> [Effect] {
        guard let due = task.due(of: timer, step: place) else {
            Issue.record("\(timer) of step \(place) is not set")
            return []
        }
        if now < due { now = due }
        return apply(.timer(step: place, timer, due: due))
    }

    // MARK: - What workers send

    /// The id of the step's open dispatch.
    func open(_ place: Int = 0) -> DispatchID {
        guard let dispatch = task.steps[place].dispatch else {
            Issue.record("step \(place) has no open dispatch")
            return d(0)
        }
        return dispatch.id
    }

    private func message(
        _ place: Int, _ status: StepResultMessage.Status, _ dispatch: DispatchID?, result: RawJSON? = nil,
        error: StepFailure? = nil, checkpoint: RawJSON? = nil, metadata: RawJSON = .emptyObject, isRun: Bool = true
    ) -> Event {
        .result(
            step: place,
            StepResultMessage(
                dispatchID: dispatch ?? open(place), taskID: Self.taskID, stepID: s(place), status: status,
                result: result, error: error, checkpoint: checkpoint, metadata: metadata,
                startedAt: isRun ? now : nil, executionMilliseconds: isRun ? 12 : 0, worker: worker))
    }

    func completed(_ place: Int = 0, _ dispatch: DispatchID? = nil, result: RawJSON = .null) -> Event {
        message(place, .completed, dispatch, result: result)
    }

    func failed(
        _ place: Int = 0, _ dispatch: DispatchID? = nil, type: String = "Boom", retryable: Bool? = nil,
        retryAfter: Double? = nil, metadata: RawJSON = .emptyObject, isRun: Bool = true
    ) -> Event {
        message(
            place, .failed, dispatch,
            error: StepFailure(
                message: "it broke", errorType: type, isRetryable: retryable, retryAfterSeconds: retryAfter),
            metadata: metadata, isRun: isRun)
    }

    func abandoned(_ place: Int = 0, _ dispatch: DispatchID? = nil, _ reason: String) -> Event {
        message(
            place, .abandoned, dispatch, error: StepFailure(message: "", errorType: reason),
            isRun: reason == ErrorType.interrupted)
    }

    func checkpoint(_ place: Int = 0, _ dispatch: DispatchID? = nil, _ progress: String) -> Event {
        message(place, .checkpoint, dispatch, checkpoint: RawJSON(trusting: Array(progress.utf8)))
    }

    func heartbeat(_ place: Int = 0, _ dispatch: DispatchID? = nil, sequence: Int64 = 1, detached: Bool = false)
        -> Event
    {
        .heartbeat(
            step: place,
            StepHeartbeat(
                dispatchID: dispatch ?? open(place), taskID: Self.taskID, stepID: s(place), startedAt: now,
                sequence: sequence, isDetached: detached, worker: worker))
    }

    func report(_ report: PublishingReport, _ place: Int = 0, _ dispatch: DispatchID? = nil) -> Event {
        .publishing(step: place, dispatch ?? open(place), report)
    }

    // MARK: - Shorthand

    var state: TaskState { task.state }
    var states: [StepState] { task.steps.map(\.state) }
    subscript(place: Int) -> Step { task.steps[place] }

    /// A task that has been started, its first steps dispatched.
    static func started(_ steps: StepTemplate..., settings: EngineSettings = EngineSettings()) -> Script {
        var script = Script(TaskTemplate(name: "order", namespace: "shop", version: "1.0.0", steps: steps))
        script.settings = settings
        script.apply(.start)
        return script
    }
}

let worker = WorkerIdentity(id: "w-1", language: "python", sdk: "tasker-python/0.1.0", hostname: "host")

func s(_ place: Int) -> StepID { StepID(UUIDValue(high: 0xCC, low: UInt64(place))) }
func d(_ number: UInt64) -> DispatchID { DispatchID(UUIDValue(high: 0, low: number)) }
