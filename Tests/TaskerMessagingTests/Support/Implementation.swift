import Logging
import TaskerAMQP
import TaskerMessaging
import Testing

/// What the conformance suite runs against.
enum Implementation: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case inMemory, rabbitMQ

    /// RabbitMQ is left out on a machine without it (a test of its own is then skipped with the reason).
    static var available: [Implementation] { Node.isAvailable ? allCases : [.inMemory] }

    var testDescription: String { rawValue }
}

/// One test's broker: hands out clients that run, and ends them.
final class Stage: Sendable {
    let implementation: Implementation
    /// Before every name, so that tests on one node do not meet.
    let prefix: String
    private let server = InMemoryBrokerServer()
    private let url: String

    private init(_ implementation: Implementation, url: String) {
        self.implementation = implementation
        self.url = url
        prefix = "t\(UInt64.random(in: 0...UInt64.max))"
    }

    func name(_ suffix: String) -> String { "\(prefix).\(suffix)" }

    static func run(_ implementation: Implementation, _ body: (Stage) async throws -> Void) async throws {
        let url = implementation == .rabbitMQ ? try await Node.url : ""
        try await body(Stage(implementation, url: url))
    }

    /// A client that is not running yet.
    func makeBroker(_ name: String = "client") throws -> any Broker {
        switch implementation {
        case .inMemory: return InMemoryBroker(server: server, name: name)
        case .rabbitMQ:
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            return AMQPBroker(
                AMQPConfiguration(
                    url: try AMQPURL(url), connectionName: name, minimumReconnectDelay: .milliseconds(20)),
                logger: logger)
        }
    }

    /// Runs a connected client for the length of `body`.
    func withBroker<Result: Sendable>(
        _ name: String = "client", _ body: (any Broker) async throws -> Result
    ) async throws -> Result {
        let broker = try makeBroker(name)
        return try await running(broker) { try await body(broker) }
    }

    /// Breaks the client's connection; it makes a new one.
    func cut(_ broker: any Broker) {
        switch broker {
        case let broker as InMemoryBroker: broker.cut()
        case let broker as AMQPBroker: broker.dropConnections()
        default: Issue.record("unknown broker")
        }
    }
}

/// Runs a broker for the length of `body`, which starts when it is connected.
func running<Result: Sendable>(
    _ broker: any Broker, _ body: () async throws -> Result
) async throws -> Result {
    let run = Task { try await broker.run() }
    do {
        for await state in broker.stateChanges() {
            if case .connected = state { break }
        }
        let result = try await body()
        await broker.shutdown(timeout: .seconds(30))
        try await run.value
        return result
    } catch {
        await broker.shutdown(timeout: .zero)
        try? await run.value
        throw error
    }
}
