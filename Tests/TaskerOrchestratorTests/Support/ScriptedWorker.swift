import Synchronization
import TaskerMessaging
import TaskerProtocol

/// A worker on an in-memory broker that obeys the rules of the wire protocol that matter to an orchestrator: it never
/// runs what was delivered before, and acks only after its answer is confirmed.
final class ScriptedWorker: Sendable {
    private struct State {
        var arrived: [Delivery] = []
        var starts: [StepID: [DispatchID]] = [:]
        var order: [StepID] = []
        var confirms: [UInt64: DeliveryTag] = [:]
        var token: UInt64 = 0
        var cancelled: [DispatchID] = []
    }

    let broker: InMemoryBroker
    private let state = Mutex(State())
    private let identity = WorkerIdentity(id: "w1", language: "swift", sdk: "test", hostname: "here")
    private let queue: String
    private let names = QueueNames.standard

    /// What to answer; nil: nothing, as a worker that died would.
    let behaviour: @Sendable (StepExecute) -> StepResultMessage?

    init(
        server: InMemoryBrokerServer, queue: String = "w",
        behaviour: @escaping @Sendable (StepExecute) -> StepResultMessage? = ScriptedWorker.echo
    ) async throws {
        broker = InMemoryBroker(server: server, name: "worker")
        self.queue = queue
        self.behaviour = behaviour
        try broker.connect()
        try await broker.declare(Topology.worker(queues: [queue], names: names, type: .quorum))
        _ = try await broker.consume(.named(names.steps(queue)), prefetch: 10) { [weak self] event in
            if case .deliveries(let deliveries) = event { self?.state.withLock { $0.arrived += deliveries } }
        }
        _ = try await broker.consume(.ownExclusive(boundTo: names.control), prefetch: 100) { [weak self] event in
            guard case .deliveries(let deliveries) = event else { return }
            for delivery in deliveries {
                guard let body = try? RawJSON(validating: delivery.body), let notice = try? StepCancel(reading: body)
                else { continue }
                self?.state.withLock { $0.cancelled.append(notice.dispatchID) }
            }
        }
    }

    /// The result says which results it was given: so that a comparison sees what travelled.
    static let echo: @Sendable (StepExecute) -> StepResultMessage? = { message in
        let inputs = message.dependencyResults.map { "\($0.name)=\($0.envelope.member("result")?.text ?? "null")" }
        return StepResultMessage(
            dispatchID: message.dispatchID, taskID: message.task.id, stepID: message.step.id, status: .completed,
            result: RawJSON(["step": .string(message.step.name), "saw": .string(inputs.joined(separator: ";"))]))
    }

    func announce(callables: [String], namespace: String = "test", kind: WorkerAnnouncement.Kind = .hello) {
        let hello = WorkerAnnouncement(
            kind: kind, worker: identity, queues: [queue], namespaces: [namespace],
            handlers: callables.map { WorkerAnnouncement.Handler(callable: $0) }, slots: 10, startedAt: nil,
            processID: 1, sentAt: nil)
        broker.publish([
            OutgoingMessage(
                token: 0, routingKey: names.workers, properties: MessageProperties(isPersistent: false),
                body: hello.encoded())
        ]) { _ in }
    }

    /// Answers everything that has arrived.
    /// - Returns: whether there was anything.
    func work() -> Bool {
        let arrived = state.withLock { state in
            defer { state.arrived = [] }
            return state.arrived
        }
        for delivery in arrived { handle(delivery) }
        return !arrived.isEmpty
    }

    private func handle(_ delivery: Delivery) {
        guard let body = try? RawJSON(validating: delivery.body), let message = try? StepExecute(reading: body) else {
            return broker.acknowledge([delivery.tag])
        }
        if delivery.wasDeliveredBefore {
            return send(
                StepResultMessage(
                    dispatchID: message.dispatchID, taskID: message.task.id, stepID: message.step.id,
                    status: .abandoned,
                    error: StepFailure(message: "delivered before", errorType: ErrorType.redelivered)),
                to: message.replyTo, ack: delivery.tag)
        }
        state.withLock {
            $0.starts[message.step.id, default: []].append(message.dispatchID)
            $0.order.append(message.step.id)
        }
        guard var answer = behaviour(message) else { return }
        answer.worker = identity
        answer.startedAt = Timestamp(milliseconds: 0)
        send(answer, to: message.replyTo, ack: delivery.tag)
    }

    /// Publishes a message of its own to the results queue, acking `tag` once it is confirmed.
    func send(_ answer: StepResultMessage, to replyTo: String, ack tag: DeliveryTag?) {
        let token = state.withLock { state in
            state.token += 1
            state.confirms[state.token] = tag
            return state.token
        }
        broker.publish([
            OutgoingMessage(
                token: token, routingKey: replyTo,
                properties: MessageProperties(messageID: answer.dispatchID?.description), body: answer.encoded())
        ]) { [weak self] results in
            for result in results where result.outcome == .confirmed {
                if let tag = self?.state.withLock({ $0.confirms.removeValue(forKey: result.token) }) {
                    self?.broker.acknowledge([tag])
                }
            }
        }
    }

    /// Dispatches under which each step was started, in order.
    var starts: [StepID: [DispatchID]] { state.withLock { $0.starts } }
    /// Steps in the order of their starts.
    var order: [StepID] { state.withLock { $0.order } }
    var cancelNotices: [DispatchID] { state.withLock { $0.cancelled } }
}
