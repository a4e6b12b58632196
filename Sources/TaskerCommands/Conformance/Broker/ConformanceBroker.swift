import Foundation
import Logging
import TaskerAMQP
import TaskerMessaging
import TaskerProtocol

/// The orchestrator's side of the queues, of all scenarios of a run, over one connection of its own.
struct ConformanceBroker: Sendable {
    static let name = "tasker-conformance"

    let url: AMQPURL
    /// Where it answers.
    let address: Sockets.Address
    private let broker: AMQPBroker

    /// Connects, does `body`, and ends the connection.
    /// - Throws: unreachable, denied or usage when there is no broker that can be used; what `body` throws.
    static func with<Result: Sendable>(
        _ text: String, _ body: @Sendable (ConformanceBroker) async throws -> Result
    ) async throws -> Result {
        let url: AMQPURL
        do throws(BrokerError) { url = try AMQPURL(text) } catch {
            throw CommandError.usage(error.message, hint: error.remedy)
        }
        guard !url.isTLS else {
            throw CommandError.usage(
                "the runner cannot work with an amqps:// address: it stands between the worker and the broker",
                hint: "name one without TLS with --amqp, or let protocol/conformance/run start a broker of its own")
        }
        let broker = AMQPBroker(
            AMQPConfiguration(url: url, connectionName: name),
            logger: Logger(label: name) { _ in SwiftLogNoOpLogHandler() })
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do { try await broker.run() } catch let error as BrokerError {
                    throw CommandError(.denied, code: "denied", error.message, hint: error.remedy)
                }
            }
            defer { group.cancelAll() }
            let states = broker.stateChanges()
            group.addTask { try await connected(states, url) }
            // The first to end is the connection's refusal, or the news that it stands.
            try await group.next()
            let address: Sockets.Address
            do throws(Sockets.Failure) { address = try Sockets.address(host: url.host, port: url.port) } catch {
                throw unreachable(url, error.reason)
            }
            let result = try await body(ConformanceBroker(url: url, address: address, broker: broker))
            await broker.shutdown(timeout: .seconds(5))
            return result
        }
    }

    private static func connected(_ states: AsyncStream<BrokerState>, _ url: AMQPURL) async throws {
        var isFirst = true
        for await state in states {
            switch state {
            case .connected: return
            case .blocked(let reason):
                throw CommandError.failed(
                    "the broker at \(url.address) takes no messages: \(reason)", hint: "end its alarm first")
            // As it begins: nobody has tried yet.
            case .disconnected where isFirst: isFirst = false
            case .disconnected(let reason): throw unreachable(url, reason)
            }
        }
    }

    private static func unreachable(_ url: AMQPURL, _ reason: String) -> CommandError {
        CommandError(
            .unreachable, code: "unreachable", "there is no broker at \(url.address): \(reason)",
            hint: "start one (scripts/rabbitmq start), or say where it is: --amqp, TASKER_AMQP_URL, or amqp_url in the "
                + "configuration")
    }

    // MARK: - Queues

    func declare(_ items: [TopologyItem]) async throws(ScenarioFailure) {
        try await asked { try await broker.declare(items) }
    }

    func delete(_ items: [TopologyItem]) async throws(ScenarioFailure) {
        try await asked { try await broker.delete(items) }
    }

    /// nil: there is no such queue.
    func figures(_ queue: String) async throws(ScenarioFailure) -> QueueFigures? {
        try await asked { try await broker.inspect(queue: queue) }
    }

    // MARK: - Messages

    /// Everything that comes to this queue, acked when it is taken.
    func read(_ queue: String, into mailbox: Mailbox<(queue: String, delivery: Delivery)>) async throws(ScenarioFailure)
        -> ConsumerID
    {
        try await asked {
            try await broker.consume(.named(queue), prefetch: 0) { [broker] event in
                guard case .deliveries(let deliveries) = event else { return }
                mailbox.push(contentsOf: deliveries.map { (queue, $0) })
                broker.acknowledge(deliveries.map(\.tag))
            }
        }
    }

    func stopReading(_ consumer: ConsumerID) async { await broker.cancel(consumer) }

    /// Publishes and waits for the confirm.
    func publish(_ body: [UInt8], to queue: String = "", exchange: String = "", _ properties: MessageProperties)
        async throws(ScenarioFailure)
    {
        let message = OutgoingMessage(
            token: 0, exchange: exchange, routingKey: queue, isMandatory: exchange.isEmpty, properties: properties,
            body: body)
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            let outcome = await withCheckedContinuation { continuation in
                broker.publish([message]) { continuation.resume(returning: $0.first?.outcome ?? .notSent) }
            }
            switch outcome {
            case .confirmed: return
            case .returned(_, let text): throw ScenarioFailure("'\(queue)' takes no message: \(text)")
            case .nacked, .inDoubt: throw ScenarioFailure("the broker did not take a message for '\(queue)'")
            // The connection is being made again.
            case .notSent where ContinuousClock.now < deadline:
                try await asked { try await Task.sleep(for: .milliseconds(20)) }
            case .notSent: throw ScenarioFailure("the runner lost its connection to the broker")
            }
        }
    }

    /// Takes the next message and gives it back by ending the connection that has it, so that its next delivery counts
    /// as delivered before.
    func requeue(_ queue: String) async throws(ScenarioFailure) {
        let visitor = AMQPBroker(
            AMQPConfiguration(url: url, connectionName: "\(Self.name) requeue"),
            logger: Logger(label: Self.name) { _ in SwiftLogNoOpLogHandler() })
        try await asked {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await visitor.run() }
                let taken = Mailbox<Delivery>()
                _ = try await visitor.consume(.named(queue), prefetch: 1) { event in
                    if case .deliveries(let deliveries) = event { taken.push(contentsOf: deliveries) }
                }
                group.addTask {
                    try await Task.sleep(for: .seconds(30))
                    taken.finish()
                }
                let isThere = await !taken.nextBatch().isEmpty
                await visitor.shutdown(timeout: .zero)
                group.cancelAll()
                guard isThere else { throw ScenarioFailure("there is no message in '\(queue)' to hand back") }
            }
        }
    }

    private func asked<Result>(_ body: () async throws -> Result) async throws(ScenarioFailure) -> Result {
        do { return try await body() } catch let failure as ScenarioFailure { throw failure } catch {
            throw ScenarioFailure("the broker: \((error as? BrokerError)?.message ?? "\(error)")")
        }
    }
}
