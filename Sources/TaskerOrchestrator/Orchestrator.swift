import Logging
import ServiceLifecycle
import Synchronization
import TaskerEngine
import TaskerMessaging
import TaskerProtocol
import TaskerStore
import TaskerTemplates

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The orchestrator as a service: runs the coordinator on what broker, callers and clock bring.
public final class Orchestrator: Service {
    public let store: any Store
    public let plans = PlanCache()
    public let settings: OrchestratorSettings
    private let broker: any Broker
    private let log: Logger
    private let inputs = Mailbox<Input>()
    private let phase = Mutex(Phase.starting)
    private let watch = TaskWatch()
    /// Events as they are committed.
    public let events = EventFeed()

    public enum Phase: Sendable {
        case starting, running, draining, stopped
    }

    public init(store: any Store, broker: any Broker, settings: OrchestratorSettings, log: Logger) {
        self.store = store
        self.broker = broker
        self.settings = settings
        self.log = log
    }

    public var currentPhase: Phase { phase.withLock { $0 } }

    public static func wallClock() -> Timestamp {
        Timestamp(milliseconds: Int64((Date().timeIntervalSince1970 * 1000).rounded(.down)))
    }

    /// Does not go on while the machine sleeps, and is never set.
    private static func steadyClock() -> Duration { SuspendingClock.now - steadyStart }
    private static let steadyStart = SuspendingClock.now

    // MARK: - For callers

    /// Creates a task; durable when this returns.
    /// - Throws: ``OrchestratorError``.
    public func create(_ request: TaskRequest, traceParent: String? = nil, traceState: String? = nil) async throws
        -> CreatedTask
    {
        try await ask { reply in
            .create(CreateTask(request: request, traceParent: traceParent, traceState: traceState, reply: reply))
        }
    }

    /// Ends a task and everything unfinished in it.
    /// - Throws: ``OrchestratorError`` `taskNotFound`, `alreadyTerminal`, `unavailable`.
    public func cancel(_ task: TaskID, reason: String, actor: String) async throws {
        try await ask { reply in .cancel(CancelTask(task: task, reason: reason, actor: actor, reply: reply)) }
    }

    /// An operator's action on a task, a step of it, or its dead-letter entry; durable when this returns.
    /// - Parameter objection: looks at the task just before, and may object: for what a caller must have seen.
    /// - Throws: ``OrchestratorError`` `taskNotFound`, `stepNotFound`, `illegalState`, `invalidOutcome`, `unavailable`.
    public func act(
        _ action: ActOnTask.Action, on task: TaskID, actor: String, reason: String,
        unless objection: @escaping @Sendable (WorkflowTask) -> OrchestratorError? = { _ in nil }
    ) async throws {
        try await ask { reply in
            .act(
                ActOnTask(
                    task: task, action: action, actor: actor, reason: reason, objection: objection, reply: reply))
        }
    }

    /// Sends a handler's steps to these queues from the next dispatch on; nil goes back to what workers announce.
    public func setRoute(
        _ handler: RoutingTable.Handler, to queues: [RoutingTable.WeightedQueue]?, actor: String
    ) async throws {
        try await ask { reply in
            .setRoute(SetRoute(handler: handler, queues: queues, actor: actor, reply: reply))
        }
    }

    /// Registers templates; one result for each, in order.
    public func register(_ templates: [TaskTemplate]) async -> [Result<RegisterTemplates.Outcome, OrchestratorError>] {
        guard accepts else { return templates.map { _ in .failure(Self.stopping) } }
        return await withCheckedContinuation { continuation in
            inputs.push(.register(RegisterTemplates(templates: templates) { continuation.resume(returning: $0) }))
        }
    }

    /// Returns when the task is terminal or blocked, or the time is over.
    public func waitUntilResting(_ task: TaskID, atMost limit: Duration) async {
        await watch.wait(for: task, atMost: limit) { [store, plans] in
            guard let stored = try? await store.task(task, plans: plans) else { return true }
            return TaskWatch.isRest(stored.task.state)
        }
    }

    public func liveState() async throws -> LiveState {
        guard accepts else { throw Self.stopping }
        return await withCheckedContinuation { continuation in
            inputs.push(.snapshot { continuation.resume(returning: $0) })
        }
    }

    /// What `why` needs of a task beside its rows.
    public func outlook(of task: TaskID) async throws -> TaskOutlook {
        guard accepts else { throw Self.stopping }
        return await withCheckedContinuation { continuation in
            inputs.push(.outlook(task) { continuation.resume(returning: $0) })
        }
    }

    /// The tasks that steps in flight belong to; steps that are not are left out.
    public func locate(_ steps: [StepID]) async throws -> [StepID: TaskID] {
        guard accepts else { throw Self.stopping }
        return await withCheckedContinuation { continuation in
            inputs.push(.locate(steps) { continuation.resume(returning: $0) })
        }
    }

    /// Figures of a queue as the broker tells them now; nil when it does not exist.
    public func inspect(queue: String) async throws -> QueueFigures? { try await broker.inspect(queue: queue) }

    /// As the broker gave it at the last login, "3.13.7"; nil when it is not known.
    public var brokerVersion: String? { broker.serverVersion }

    private static let stopping = OrchestratorError(
        .unavailable, "the orchestrator is going down", hint: "Try again in a moment")

    private var accepts: Bool {
        switch currentPhase {
        case .starting, .running: true
        case .draining, .stopped: false
        }
    }

    private func ask<T: Sendable>(
        _ make: (@escaping @Sendable (Result<T, OrchestratorError>) -> Void) -> Input
    ) async throws -> T {
        guard accepts else { throw Self.stopping }
        let result: Result<T, OrchestratorError> = await withCheckedContinuation { continuation in
            inputs.push(make { continuation.resume(returning: $0) })
        }
        return try result.get()
    }

    // MARK: - Running

    /// Runs until the surrounding task is cancelled or a graceful shutdown is asked for: then it stops taking work,
    /// finishes what it has, and closes broker and store.
    /// - Throws: ``StoreError``, ``BrokerError`` that no retry mends.
    public func run() async throws {
        let (inputs, broker, log, settings) = (inputs, broker, log, settings)
        let coordinator = Coordinator(
            store: store, broker: broker, settings: settings, plans: plans, ids: SystemIDSource(),
            now: Self.wallClock(), log: log,
            completion: { inputs.push(.published($0)) },
            declareQueue: { queue in
                Task { await Self.declare(queue, broker: broker, settings: settings, inputs: inputs, log: log) }
            })
        coordinator.feed = events
        defer { events.end() }
        coordinator.onCommit = { [watch] in watch.committed($0) }
        try await coordinator.recover(owner: "orchestrator", at: Self.wallClock())
        phase.withLock { $0 = .running }
        defer { phase.withLock { $0 = .stopped } }

        let stop = Mailbox<Void>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                // The loop waits for inputs, not for this task: a refused login must reach it as one.
                do { try await broker.run() } catch { inputs.push(.failed(error)) }
            }
            group.addTask {
                for await state in broker.stateChanges() { inputs.push(.broker(state)) }
            }
            group.addTask { [self] in try await consume() }
            group.addTask {
                await withGracefulShutdownHandler {
                    _ = await stop.nextBatch()
                } onGracefulShutdown: {
                    stop.finish()
                }
                inputs.push(.stop)
            }
            do {
                try await withTaskCancellationHandler {
                    try await loop(coordinator, &group)
                } onCancel: {
                    inputs.push(.stop)
                }
            } catch {
                stop.finish()
                group.cancelAll()
                await broker.shutdown(timeout: .zero)
                throw error
            }
            stop.finish()
            group.cancelAll()
        }
        await store.close()
    }

    private func loop(_ coordinator: Coordinator, _ group: inout ThrowingTaskGroup<Void, any Error>) async throws {
        var alarm: (due: Timestamp, task: Task<Void, Never>)?
        defer { alarm?.task.cancel() }
        var clocks = ClockWatch(wall: Self.wallClock(), steady: Self.steadyClock(), reached: coordinator.now)
        while true {
            var batch = await inputs.nextBatch()
            let time = clocks.time(wall: Self.wallClock(), steady: Self.steadyClock())
            if !batch.isEmpty, let jump = clocks.takeJump() { batch.insert(.clockJumped(by: jump), at: 0) }
            let stops = batch.contains { if case .stop = $0 { true } else { false } }
            if case .failed(let error)? = batch.first(where: { if case .failed = $0 { true } else { false } }) {
                throw error
            }
            try await coordinator.process(batch, at: time)
            inspect(coordinator.takeQueuesToInspect())
            if stops || batch.isEmpty { break }

            guard let wake = coordinator.nextWake else { continue }
            let now = clocks.time(wall: Self.wallClock(), steady: Self.steadyClock())
            if wake <= now {
                inputs.push(.tick)
            } else if alarm == nil || alarm.map({ wake < $0.due || $0.due <= now }) == true {
                alarm?.task.cancel()
                let inputs = inputs
                let wait = Duration.milliseconds(wake.millisecondsSince(now))
                alarm = (
                    wake,
                    Task {
                        if (try? await Task.sleep(for: wait)) != nil { inputs.push(.tick) }
                    }
                )
            }
        }
        try await drain(coordinator, &clocks)
    }

    /// The batch at hand is done: let what was published be confirmed, note it, and close.
    private func drain(_ coordinator: Coordinator, _ clocks: inout ClockWatch) async throws {
        phase.withLock { $0 = .draining }
        log.info("draining")
        for consumer in consumers.withLock({ $0 }) { await broker.cancel(consumer) }
        let time = clocks.time(wall: Self.wallClock(), steady: Self.steadyClock())
        try await coordinator.process(inputs.takeAll(), at: time)
        await broker.shutdown(timeout: .seconds(5))
        let end = clocks.time(wall: Self.wallClock(), steady: Self.steadyClock())
        try await coordinator.finish(inputs.takeAll(), at: end)
        inputs.finish()
        log.info("stopped")
    }

    private let consumers = Mutex<[ConsumerID]>([])

    private func consume() async throws {
        let names = settings.names
        let inputs = inputs
        do {
            try await broker.declare(
                Topology.orchestrator(
                    partitions: settings.partition..<settings.partition + 1, names: names, type: settings.queueType))
            let sources: [(String, Int, Input.Source)] = [
                (names.results(settings.partition), settings.resultsPrefetch, .results),
                (names.requests, settings.requestsPrefetch, .requests),
                (names.workers, settings.workersPrefetch, .workers),
            ]
            for (queue, prefetch, source) in sources {
                let id = try await broker.consume(.named(queue), prefetch: prefetch) { event in
                    switch event {
                    case .started: if source == .results { inputs.push(.reading(true)) }
                    case .lost: if source == .results { inputs.push(.reading(false)) }
                    case .deliveries(let deliveries):
                        inputs.push(contentsOf: deliveries.map { .delivery(source, $0) })
                    }
                }
                consumers.withLock { $0.append(id) }
            }
        } catch let error as BrokerError where error.code == .cancelled {
            return
        } catch is CancellationError {
            return
        } catch {
            inputs.push(.failed(error))
        }
    }

    private func inspect(_ queues: Set<String>) {
        guard !queues.isEmpty else { return }
        let (broker, inputs, names) = (broker, inputs, settings.names)
        Task {
            var figures: [String: QueueFigures] = [:]
            for queue in queues {
                do {
                    // A queue that is gone holds nothing.
                    figures[queue] =
                        try await broker.inspect(queue: names.steps(queue)) ?? QueueFigures(ready: 0, consumers: 0)
                } catch {
                    continue  // Unknown is not empty.
                }
            }
            inputs.push(.inspected(figures))
        }
    }

    private static func declare(
        _ queue: String, broker: any Broker, settings: OrchestratorSettings, inputs: Mailbox<Input>, log: Logger
    ) async {
        do {
            try await broker.declare(Topology.steps(queue: queue, names: settings.names, type: settings.queueType))
            inputs.push(.queueFault(queue: queue, nil))
        } catch {
            log.error("cannot declare a step queue", metadata: ["queue": .string(queue), "error": "\(error)"])
            inputs.push(.queueFault(queue: queue, "\(error)"))
        }
    }
}
