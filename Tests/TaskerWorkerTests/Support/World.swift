import Logging
import Synchronization
import TaskerAMQP
import TaskerMessaging
import TaskerProtocol
import Testing

@testable import TaskerWorker

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The brokers that the worker is tested against.
enum Backend: String, Sendable, CaseIterable, CustomTestStringConvertible {
    case memory, rabbitMQ

    var testDescription: String { rawValue }

    static var url: String? { getenv("TASKER_TEST_AMQP_URL").map { String(cString: $0) } }

    /// RabbitMQ is left out on a machine without one; in CI its absence is a failure.
    static var available: [Backend] { url != nil || getenv("CI") != nil ? allCases : [.memory] }
}

/// A broker with names of its own, and what a test does to it.
struct World: Sendable {
    let backend: Backend
    let names: QueueNames
    private let server = InMemoryBrokerServer()

    init(_ backend: Backend) throws {
        self.backend = backend
        names = try #require(QueueNames(prefix: "t\(UInt64.random(in: .min ... .max))"))
        if backend == .rabbitMQ { _ = try #require(Backend.url, "set TASKER_TEST_AMQP_URL (scripts/test does)") }
    }

    var memory: InMemoryBrokerServer { server }

    func makeBroker(_ name: String) throws -> any Broker {
        switch backend {
        case .memory: return InMemoryBroker(server: server, name: name)
        case .rabbitMQ:
            let url = try AMQPURL(#require(Backend.url))
            return AMQPBroker(AMQPConfiguration(url: url, connectionName: "test \(name)"), logger: .quiet)
        }
    }

    /// Ends the broker's connections as a failing network does; it makes new ones.
    func cut(_ broker: any Broker) {
        (broker as? InMemoryBroker)?.cut()
        (broker as? AMQPBroker)?.dropConnections()
    }

    var configuration: WorkerConfiguration {
        var configuration = WorkerConfiguration()
        configuration.names = names
        configuration.queues = ["fleet"]
        configuration.namespaces = ["ecommerce"]
        configuration.slots = 2
        configuration.queueType = .classic
        configuration.hostname = "testhost"
        return configuration
    }
}

extension Logger {
    /// For libraries whose warnings are what a test provokes.
    static var quiet: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

/// What an orchestrator does, as far as a worker sees it.
final class Peer: Sendable {
    struct State: Sendable {
        var results: [StepResultMessage] = []
        var resultProperties: [MessageProperties] = []
        var heartbeats: [StepHeartbeat] = []
        var announcements: [WorkerAnnouncement] = []
        var fetches: [(fetch: StepFetch, replyTo: String)] = []
        var dead: [Delivery] = []
    }

    let broker: any Broker
    let names: QueueNames
    private let state = Mutex(State())

    init(_ world: World) throws {
        broker = try world.makeBroker("peer")
        names = world.names
    }

    var seen: State { state.withLock { $0 } }

    func start(_ type: QueueType = .classic) async throws {
        try await broker.declare(Topology.orchestrator(partitions: 0..<1, names: names, type: type))
        try await broker.declare(Topology.steps(queue: "fleet", names: names, type: type))
        for queue in [names.results(0), names.workers, names.dead] {
            _ = try await broker.consume(.named(queue), prefetch: 100) { [self] event in
                guard case .deliveries(let deliveries) = event else { return }
                for delivery in deliveries { take(delivery, from: queue) }
                broker.acknowledge(deliveries.map(\.tag))
            }
        }
    }

    private func take(_ delivery: Delivery, from queue: String) {
        state.withLock { state in
            if queue == names.dead { return state.dead.append(delivery) }
            guard let body = try? RawJSON(validating: delivery.body) else { return }
            if let message = try? StepResultMessage(reading: body) {
                state.results.append(message)
                state.resultProperties.append(delivery.properties)
            } else if let message = try? StepHeartbeat(reading: body) {
                state.heartbeats.append(message)
            } else if let message = try? WorkerAnnouncement(reading: body) {
                state.announcements.append(message)
            } else if let message = try? StepFetch(reading: body) {
                state.fetches.append((message, delivery.properties.replyTo ?? ""))
            }
        }
    }

    func publish(_ body: [UInt8], to queue: String, exchange: String = "", properties: MessageProperties = .init())
        async
        -> PublishOutcome
    {
        await withCheckedContinuation { continuation in
            let message = OutgoingMessage(
                token: 1, exchange: exchange, routingKey: queue, isMandatory: exchange.isEmpty, properties: properties,
                body: body)
            broker.publish([message]) { continuation.resume(returning: $0.first?.outcome ?? .notSent) }
        }
    }

    func send(_ step: StepExecute) async {
        var step = step
        if step.replyTo == "tasker.results.0" { step.replyTo = names.results(0) }
        let properties = MessageProperties(
            messageID: step.dispatchID.description, replyTo: step.replyTo,
            headers: ["traceparent": .string("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")])
        var outcome = PublishOutcome.notSent
        let deadline = ContinuousClock.now + .seconds(30)
        // The connection for publishing may come up later than the other.
        while outcome == .notSent, ContinuousClock.now < deadline {
            outcome = await publish(step.encoded(), to: names.steps("fleet"), properties: properties)
            if outcome == .notSent { try? await Task.sleep(for: .milliseconds(20)) }
        }
        #expect(outcome == .confirmed)
    }

    func cancel(_ step: StepExecute) async {
        let cancel = StepCancel(dispatchID: step.dispatchID, taskID: nil, stepID: nil, reason: nil)
        _ = await publish(cancel.encoded(), to: "", exchange: names.control)
    }

    func results(of step: StepExecute) -> [StepResultMessage] {
        seen.results.filter { $0.dispatchID == step.dispatchID }
    }

    /// Nothing waits in the fleet's queue, and a consumer of our own gets nothing that somebody held unacked.
    func isFleetQueueEmpty() async throws -> Bool {
        try await broker.inspect(queue: names.steps("fleet"))?.ready == 0
    }
}

/// Waits until a condition holds; a failure says what did not.
func eventually(
    _ what: String, within limit: Duration = .seconds(30), sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            Issue.record("not within \(limit): \(what)", sourceLocation: sourceLocation)
            throw CancellationError()
        }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// A gate between a test and its handlers.
final class Gate: Sendable {
    private let state = Mutex<(isOpen: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}

/// Counts what happens in handlers.
final class Tally: Sendable {
    private let counts = Mutex<(now: Int, most: Int, total: Int)>((0, 0, 0))

    func enter() {
        counts.withLock { counts in
            counts.now += 1
            counts.total += 1
            counts.most = max(counts.most, counts.now)
        }
    }
    func leave() { counts.withLock { $0.now -= 1 } }
    var total: Int { counts.withLock { $0.total } }
    var most: Int { counts.withLock { $0.most } }
    var now: Int { counts.withLock { $0.now } }
}

/// Runs a peer and a worker for the length of `body`; the worker is ready when it begins and drained after it.
func withWorker(
    _ world: World, _ handlers: HandlerRegistry, timing: DeliveryTiming = DeliveryTiming(), logger: Logger = .quiet,
    configure: (inout WorkerConfiguration) -> Void = { _ in },
    _ body: @Sendable (Peer, Worker, any Broker) async throws -> Void
) async throws {
    let peer = try Peer(world)
    var configuration = world.configuration
    configure(&configuration)
    let broker = try world.makeBroker("worker")
    let worker = Worker(
        configuration: configuration, handlers: handlers, broker: broker, logger: logger, timing: timing)
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await peer.broker.run() }
        try await peer.start()
        group.addTask { try await worker.run() }
        await worker.waitUntilReady()
        do {
            try await body(peer, worker, broker)
        } catch {
            group.cancelAll()
            throw error
        }
        worker.shutDown(reason: "end of the test")
        try await group.next()
        await peer.broker.shutdown(timeout: .seconds(5))
        try await group.waitForAll()
    }
}
