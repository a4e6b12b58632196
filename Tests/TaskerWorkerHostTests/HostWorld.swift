import Foundation
import Logging
import Synchronization
import TaskerAMQP
import TaskerMessaging
import TaskerProtocol
import TaskerWorker
import Testing

@testable import TaskerWorkerHost

/// A host with a real program, and an orchestrator's part played by the test. On RabbitMQ, or in memory on a laptop
/// without one.
final class HostWorld: Sendable {
    struct State: Sendable {
        var results: [StepResultMessage] = []
        var heartbeats: [StepHeartbeat] = []
        var announcements: [WorkerAnnouncement] = []
        var fetches: [(fetch: StepFetch, replyTo: String)] = []
        var diagnostics: [String] = []
    }

    let names: QueueNames
    let peer: any Broker
    let host: WorkerHost
    private let state = Mutex(State())
    var seen: State { state.withLock { $0 } }

    static var url: String? { ProcessInfo.processInfo.environment["TASKER_TEST_AMQP_URL"] }

    static var fixtures: URL { URL(filePath: #filePath).deletingLastPathComponent().appending(path: "fixtures") }
    static var bash: [String] { [fixtures.appending(path: "worker.bash").path()] }

    private init(
        _ command: [String], environment: [String: String], configure: (inout HostConfiguration) -> Void
    ) throws {
        let names = try #require(QueueNames(prefix: "t\(UInt64.random(in: .min ... .max))"))
        let server = InMemoryBrokerServer()
        if ProcessInfo.processInfo.environment["CI"] != nil { _ = try #require(Self.url, "set TASKER_TEST_AMQP_URL") }
        func broker(_ name: String) throws -> any Broker {
            guard let url = Self.url else { return InMemoryBroker(server: server, name: name) }
            return AMQPBroker(
                AMQPConfiguration(url: try AMQPURL(url), connectionName: "test \(name)"),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        }
        var worker = WorkerConfiguration()
        worker.names = names
        worker.namespaces = ["shop"]
        worker.queues = ["fleet"]
        worker.slots = 2
        worker.queueType = .classic
        worker.hostname = "testhost"
        var configuration = HostConfiguration(worker: worker, handlers: ["Echo"], command: command)
        configuration.terminationGrace = .milliseconds(200)
        configure(&configuration)
        self.names = names
        peer = try broker("peer")
        let box = DiagnosticBox()
        host = try WorkerHost(
            configuration, broker: broker("host"), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"].merging(environment) { $1 },
            printDiagnostic: { box.print($0) })
        box.set { [weak self] line in self?.state.withLock { $0.diagnostics.append(line) } }
    }

    /// Runs a host for the length of `body`, then shuts it down and waits for its end.
    static func run(
        _ command: [String] = bash, environment: [String: String] = [:],
        configure: (inout HostConfiguration) -> Void = { _ in }, _ body: @Sendable (HostWorld) async throws -> Void
    ) async throws {
        let world = try HostWorld(command, environment: environment, configure: configure)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await world.peer.run() }
            try await world.startPeer()
            group.addTask { try await world.host.run() }
            await world.host.worker.waitUntilReady()
            do {
                try await body(world)
            } catch {
                group.cancelAll()
                throw error
            }
            world.host.worker.shutDown(reason: "end of the test")
            try await group.next()
            await world.peer.shutdown(timeout: .seconds(5))
            try await group.waitForAll()
        }
    }

    private func startPeer() async throws {
        try await peer.declare(Topology.orchestrator(partitions: 0..<1, names: names, type: .classic))
        try await peer.declare(Topology.steps(queue: "fleet", names: names, type: .classic))
        for queue in [names.results(0), names.workers] {
            _ = try await peer.consume(.named(queue), prefetch: 100) { [self] event in
                guard case .deliveries(let deliveries) = event else { return }
                for delivery in deliveries { take(delivery) }
                peer.acknowledge(deliveries.map(\.tag))
            }
        }
    }

    private func take(_ delivery: Delivery) {
        guard let body = try? RawJSON(validating: delivery.body) else { return }
        state.withLock { state in
            if let message = try? StepResultMessage(reading: body) {
                state.results.append(message)
            } else if let message = try? StepHeartbeat(reading: body) {
                state.heartbeats.append(message)
            } else if let message = try? WorkerAnnouncement(reading: body) {
                state.announcements.append(message)
            } else if let message = try? StepFetch(reading: body) {
                state.fetches.append((message, delivery.properties.replyTo ?? ""))
            }
        }
    }

    func publish(_ body: [UInt8], to queue: String, exchange: String = "") async {
        let outcome = await withCheckedContinuation { continuation in
            let message = OutgoingMessage(
                token: 1, exchange: exchange, routingKey: queue, isMandatory: exchange.isEmpty, properties: .init(),
                body: body)
            peer.publish([message]) { continuation.resume(returning: $0.first?.outcome ?? .notSent) }
        }
        #expect(outcome == .confirmed)
    }

    /// Sends a step in that mode.
    @discardableResult
    func send(
        _ mode: String, context: [String: JSONValue] = [:], callable: String = "Echo",
        timeoutMilliseconds: Int64 = 60_000,
        omitted: StepExecute.Omitted? = nil
    ) async -> StepExecute {
        var ids = SystemIDSource()
        let now = Timestamp(milliseconds: 1_767_225_600_000)
        let step = StepExecute(
            dispatchID: ids.nextID(at: now), replyTo: names.results(0),
            task: .init(
                id: ids.nextID(at: now), name: "task", namespace: "shop", version: "1.0.0",
                correlationID: ids.nextID(at: now),
                context: RawJSON(.object(context.merging(["mode": .string(mode)]) { $1 }))),
            step: .init(
                id: ids.nextID(at: now), name: "step", templateStepName: "step",
                timeoutMilliseconds: timeoutMilliseconds),
            handler: .init(callable: callable), omitted: omitted)
        await publish(step.encoded(), to: names.steps("fleet"))
        return step
    }

    func cancel(_ step: StepExecute) async {
        let cancel = StepCancel(dispatchID: step.dispatchID, taskID: nil, stepID: nil, reason: nil)
        await publish(cancel.encoded(), to: "", exchange: names.control)
    }

    /// The step's answer, and that it is the only one.
    func answer(_ step: StepExecute, sourceLocation: SourceLocation = #_sourceLocation) async throws
        -> StepResultMessage
    {
        try await eventually("an answer", sourceLocation: sourceLocation) {
            seen.results.contains { $0.dispatchID == step.dispatchID }
        }
        let answers = seen.results.filter { $0.dispatchID == step.dispatchID }
        #expect(answers.count == 1, sourceLocation: sourceLocation)
        return try #require(answers.first)
    }

    /// The result of a step in that mode.
    func result(of mode: String, sourceLocation: SourceLocation = #_sourceLocation) async throws -> JSONValue {
        let answer = try await answer(send(mode), sourceLocation: sourceLocation)
        #expect(answer.status == .completed, "\(String(describing: answer.error))", sourceLocation: sourceLocation)
        return answer.result?.value ?? .null
    }
}

/// The world is made after the host that prints into it.
private final class DiagnosticBox: Sendable {
    private let body = Mutex<(@Sendable (String) -> Void)?>(nil)
    func set(_ body: @escaping @Sendable (String) -> Void) { self.body.withLock { $0 = body } }
    func print(_ line: String) {
        let body = body.withLock { $0 }
        body?(line)
    }
}

/// Waits until a condition holds; a failure says what did not.
func eventually(
    _ what: String, within limit: Duration = .seconds(60), sourceLocation: SourceLocation = #_sourceLocation,
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
