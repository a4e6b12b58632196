import Logging
import Synchronization
import TaskerEngine
import TaskerMessaging
import TaskerOrchestrator
import TaskerProtocol
import TaskerStore
import TaskerTemplates
import Testing

/// One orchestrator process after the other on the same in-memory store and broker, with a clock that only the test
/// moves.
final class Harness {
    let store = InMemoryStore()
    let server = InMemoryBrokerServer()
    var settings = OrchestratorSettings()
    private(set) var now = Timestamp(milliseconds: 1_800_000_000_000)
    private(set) var plan = CrashPlan()
    private var process: (coordinator: Coordinator, client: InMemoryBroker)?
    /// The process that runs; there is one from ``start(crashingAfter:)`` on.
    var coordinator: Coordinator {
        guard let process else { preconditionFailure("start() comes first") }
        return process.coordinator
    }
    private var inbox = Mailbox<Input>()
    private var seed: UInt64 = 1
    private let refusals = RefusalBox()
    private let readRefusals = RefusalBox()
    /// Commits to be refused.
    var refusal: Refusal? {
        get { refusals.current.withLock { $0 } }
        set { refusals.current.withLock { $0 = newValue } }
    }
    /// Reads of tasks to be refused.
    var readRefusal: Refusal? {
        get { readRefusals.current.withLock { $0 } }
        set { readRefusals.current.withLock { $0 = newValue } }
    }
    private(set) var restarts = 0

    /// Starts a process; it ends by itself before operation `limit`.
    func start(crashingAfter limit: Int? = nil) async throws {
        plan = CrashPlan(after: limit)
        let inbox = Mailbox<Input>()
        self.inbox = inbox
        seed += 1
        let client = InMemoryBroker(server: server, name: "orchestrator")
        let broker = CrashingBroker(inner: client, plan: plan)
        let names = settings.names
        let gate = StoreGate(
            permits: { [plan] in plan.permits() },
            refusesCommit: { [refusals] in refusals.current.withLock { $0 }?.refuses() == true },
            refusesRead: { [readRefusals] in readRefusals.current.withLock { $0 }?.refuses() == true })
        let coordinator = Coordinator(
            store: GatedStore(inner: store, gate: gate),
            broker: broker, settings: settings,
            ids: SeededIDSource(seed: seed), now: now, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            completion: { inbox.push(.published($0)) },
            declareQueue: { queue in
                // In memory a declaration takes no time.
                Task { try await client.declare(Topology.steps(queue: queue, names: names, type: .quorum)) }
            })
        process = (coordinator, client)
        do {
            try await coordinator.recover(owner: "test", at: now)
            try client.connect()
            try await client.declare(Topology.orchestrator(partitions: 0..<1, names: names, type: .quorum))
            for (queue, source) in [
                (names.results(0), Input.Source.results), (names.requests, .requests), (names.workers, .workers),
            ] {
                _ = try await client.consume(.named(queue), prefetch: 100) { event in
                    switch event {
                    case .started: if source == .results { inbox.push(.reading(true)) }
                    case .lost: if source == .results { inbox.push(.reading(false)) }
                    case .deliveries(let deliveries): inbox.push(contentsOf: deliveries.map { .delivery(source, $0) })
                    }
                }
            }
            inbox.push(.broker(.connected(epoch: 1)))
        } catch let error as StoreError where error.code == .fenced {
            return
        }
    }

    /// The process ends without a word, and the next one starts.
    func restart() async throws {
        process?.client.crash()
        restarts += 1
        try await start()
    }

    func push(_ input: Input) { inbox.push(input) }

    /// One round of the orchestrator on what has arrived.
    /// - Returns: whether there was anything to do.
    func turn() async throws -> Bool {
        let batch = inbox.takeAll()
        let isDue = coordinator.nextWake.map { $0 <= now } ?? false
        if batch.isEmpty, !isDue, !plan.hasCrashed { return false }
        do {
            try await coordinator.process(batch, at: now)
            let queues = coordinator.takeQueuesToInspect()
            if !queues.isEmpty {
                var figures: [String: QueueFigures] = [:]
                for queue in queues {
                    figures[queue] =
                        server.figures(of: settings.names.steps(queue)) ?? QueueFigures(ready: 0, consumers: 0)
                }
                inbox.push(.inspected(figures))
            }
        } catch let error as StoreError where error.code == .fenced {
            #expect(plan.hasCrashed, "fenced without a crash")
        }
        if plan.hasCrashed {
            process?.client.crash()
            restarts += 1
            try await start()
        }
        return true
    }

    /// Runs everything until nothing is left to do, moving the clock to whatever is due next.
    /// - Parameter until: checked when nothing is left at the current instant.
    func run(_ workers: [ScriptedWorker], limit: Duration = .seconds(3600), until isDone: () async throws -> Bool)
        async throws
    {
        let end = now.advanced(by: limit)
        while true {
            var busy = try await turn()
            for worker in workers where worker.work() { busy = true }
            // Declarations run as tasks of their own.
            await Task.yield()
            if busy { continue }
            if try await isDone() { return }
            guard let wake = coordinator.nextWake, wake <= end else { return }
            now = max(now.advanced(byMilliseconds: 1), wake)
        }
    }

    func advance(by duration: Duration) { now = now.advanced(by: duration) }

    // MARK: - Shortcuts

    func register(_ template: TaskTemplate) async throws {
        push(.register(RegisterTemplates(templates: [template]) { _ in }))
        _ = try await turn()
    }

    /// Creates a task in a round of its own.
    func create(_ template: TaskTemplate) async throws -> TaskID {
        let answer = Mutex<Result<CreatedTask, OrchestratorError>?>(nil)
        push(.create(CreateTask(request: request(template)) { result in answer.withLock { $0 = result } }))
        _ = try await turn()
        return try #require(answer.withLock { $0 }).get().id
    }

    func cancel(_ task: TaskID) { push(.cancel(CancelTask(task: task, reason: "test", actor: "test") { _ in })) }

    func act(_ action: ActOnTask.Action, on task: TaskID) {
        push(.act(ActOnTask(task: task, action: action, actor: "test", reason: "test") { _ in }))
    }

    func request(_ template: TaskTemplate, key: String? = nil, context: JSONValue = [:]) -> TaskRequest {
        TaskRequest(
            name: template.name, namespace: template.namespace, context: RawJSON(context), idempotencyKey: key)
    }

    func task(_ id: TaskID) async throws -> WorkflowTask? {
        try await store.task(id, plans: PlanCache())?.task
    }

    /// The only task there is.
    func onlyTask() async throws -> WorkflowTask? {
        let page = try await store.list(TaskFilter(), page: 1, perPage: 2).tasks
        #expect(page.count <= 1)
        guard let first = page.first else { return nil }
        return try await task(first.header.id)
    }

    func audits(of id: TaskID) async throws -> [AuditRecord] {
        try await store.journal(of: id, after: 0, limit: 100_000).compactMap {
            if case .audit(let record) = $0.entry { record } else { nil }
        }
    }
}

/// Two joins and seven steps: `a`, then `b` and `c`, joined by `d`, then `e` and `f`, joined by `g`.
func sevenSteps(retryable: Bool = true) -> TaskTemplate {
    func step(_ name: String, _ dependencies: [String]) -> StepTemplate {
        StepTemplate(
            name: name, handler: HandlerReference(callable: "Echo"), dependencies: dependencies,
            retry: RetryPolicy(isRetryable: retryable, jitter: 0))
    }
    return TaskTemplate(
        name: "seven", namespace: "test", version: "1.0.0",
        steps: [
            step("a", []), step("b", ["a"]), step("c", ["a"]), step("d", ["b", "c"]), step("e", ["d"]),
            step("f", ["d"]), step("g", ["e", "f"]),
        ])
}
