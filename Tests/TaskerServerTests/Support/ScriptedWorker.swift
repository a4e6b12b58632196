import TaskerMessaging
import TaskerProtocol

/// A worker on the in-memory broker: answers each step by a script and acks at once.
struct ScriptedWorker: Sendable {
    let queue: String
    let namespace: String
    let callables: [String]
    /// nil: begins the step, and never ends it.
    var behaviour: @Sendable (StepExecute) -> StepResultMessage? = Self.complete
    /// False: it has a consumer, and does nothing with what comes.
    var takes = true
    /// Steps that it says it runs, of ten it has room for.
    var busy = 0

    init(
        callables: [String], queue: String = "till", namespace: String = "shop",
        behaviour: @escaping @Sendable (StepExecute) -> StepResultMessage? = Self.complete
    ) {
        self.callables = callables
        self.queue = queue
        self.namespace = namespace
        self.behaviour = behaviour
    }

    static let complete: @Sendable (StepExecute) -> StepResultMessage = { step in
        StepResultMessage(
            dispatchID: step.dispatchID, taskID: step.task.id, stepID: step.step.id, status: .completed,
            result: RawJSON(["did": .string(step.step.name)]), executionMilliseconds: 7)
    }

    static let failForGood: @Sendable (StepExecute) -> StepResultMessage = { step in
        StepResultMessage(
            dispatchID: step.dispatchID, taskID: step.task.id, stepID: step.step.id, status: .failed,
            error: StepFailure(message: "the card is stolen", errorType: "CardRefused", isRetryable: false))
    }

    static let failForNow: @Sendable (StepExecute) -> StepResultMessage = { step in
        StepResultMessage(
            dispatchID: step.dispatchID, taskID: step.task.id, stepID: step.step.id, status: .failed,
            error: StepFailure(message: "slow down", errorType: "RateLimited", isRetryable: true))
    }

    /// Gives a step back for a reason.
    static func abandon(_ step: StepExecute, _ reason: String) -> StepResultMessage {
        StepResultMessage(
            dispatchID: step.dispatchID, taskID: step.task.id, stepID: step.step.id, status: .abandoned,
            error: StepFailure(message: reason, errorType: reason))
    }

    static let startOnly: @Sendable (StepExecute) -> StepResultMessage? = { _ in nil }

    /// Says good-bye in the name of the worker of a queue.
    func leave(_ server: TestServer) throws {
        let broker = InMemoryBroker(server: server.broker, name: "leaving")
        try broker.connect()
        announce(.bye, on: broker)
    }

    /// Serves its queue while `body` runs.
    func run(on server: TestServer, _ body: () async throws -> Void) async throws {
        let names = QueueNames.standard
        let arrived = Mailbox<Delivery>()
        let broker = InMemoryBroker(server: server.broker, name: "worker")
        try broker.connect()
        try await broker.declare(
            Topology.worker(queues: [queue], names: names, type: .quorum) + Topology.workers(names: names))
        _ = try await broker.consume(.named(names.steps(queue)), prefetch: 10) { event in
            if case .deliveries(let deliveries) = event { arrived.push(contentsOf: deliveries) }
        }
        announce(.hello, on: broker)
        // What a worker runs only its heartbeats tell.
        if busy > 0 { announce(.heartbeat, on: broker) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while case let batch = await arrived.nextBatch(), !batch.isEmpty {
                    for delivery in batch { answer(delivery, on: broker) }
                }
            }
            defer { arrived.finish() }
            try await body()
        }
        await broker.shutdown(timeout: .zero)
    }

    private var identity: WorkerIdentity {
        WorkerIdentity(id: "worker-\(queue)", language: "swift", sdk: "test", hostname: "here")
    }

    private func announce(_ kind: WorkerAnnouncement.Kind, on broker: InMemoryBroker) {
        var ids = SystemIDSource()
        var hello = WorkerAnnouncement(
            kind: kind, worker: identity, queues: [queue], namespaces: [namespace],
            handlers: callables.map { WorkerAnnouncement.Handler(callable: $0) }, slots: 10, startedAt: nil,
            processID: 1, sentAt: nil)
        hello.running = (0..<busy).map { _ in
            WorkerAnnouncement.Running(
                dispatchID: ids.nextID(at: Timestamp(milliseconds: 0)), stepID: nil, startedAt: nil)
        }
        broker.publish([
            OutgoingMessage(
                token: 0, routingKey: QueueNames.standard.workers, properties: MessageProperties(isPersistent: false),
                body: hello.encoded())
        ]) { _ in }
    }

    private func answer(_ delivery: Delivery, on broker: InMemoryBroker) {
        guard takes else { return }
        if let body = try? RawJSON(validating: delivery.body), let step = try? StepExecute(reading: body) {
            guard var result = behaviour(step) else { return begin(step, on: broker) }
            result.worker = identity
            broker.publish([
                OutgoingMessage(
                    token: 0, routingKey: step.replyTo,
                    properties: MessageProperties(messageID: step.dispatchID.description), body: result.encoded())
            ]) { _ in }
        }
        broker.acknowledge([delivery.tag])
    }

    private func begin(_ step: StepExecute, on broker: InMemoryBroker) {
        let sign = StepHeartbeat(
            dispatchID: step.dispatchID, taskID: step.task.id, stepID: step.step.id, startedAt: nil, sequence: 1,
            worker: identity)
        broker.publish([
            OutgoingMessage(
                token: 0, routingKey: step.replyTo, properties: MessageProperties(isPersistent: false),
                body: sign.encoded())
        ]) { _ in }
    }
}
