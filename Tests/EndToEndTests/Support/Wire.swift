import Foundation
import Logging
import Synchronization
import TaskerAMQP
import TaskerMessaging
import TaskerProtocol

/// A plain AMQP client beside the system under test.
struct Wire: Sendable {
    let broker: AMQPBroker
    let names: QueueNames

    func declare(_ topology: [TopologyItem]) async throws { try await broker.declare(topology) }

    /// Publishes through the default exchange and waits for the confirm.
    func publish(_ body: [UInt8], to queue: String, _ properties: MessageProperties = MessageProperties()) async throws
    {
        try await eventually("a message to \(queue) is confirmed") {
            let outcome = await withCheckedContinuation { continuation in
                let message = OutgoingMessage(token: 1, routingKey: queue, properties: properties, body: body)
                broker.publish([message]) { results in
                    for result in results { continuation.resume(returning: result.outcome) }
                }
            }
            return outcome == .confirmed
        }
    }

    func publish(_ text: String, to queue: String, _ properties: MessageProperties = MessageProperties()) async throws {
        try await publish(Array(text.utf8), to: queue, properties)
    }

    func publish(_ result: StepResultMessage) async throws {
        try await publish(
            result.encoded(), to: names.results(0),
            MessageProperties(
                messageID: result.dispatchID?.description, correlationID: result.taskID?.description,
                type: MessageKind.amqpType(MessageKind.stepResult)))
    }

    /// Collects what a queue gets, acking everything.
    func collect(_ queue: ConsumedQueue) async throws -> Inbox {
        let inbox = Inbox()
        _ = try await broker.consume(queue, prefetch: 100) { event in
            switch event {
            case .started(_, let name): inbox.name.withLock { $0 = name }
            case .deliveries(let deliveries):
                inbox.messages.withLock { $0 += deliveries }
                if case .named = queue { broker.acknowledge(deliveries.map(\.tag)) }
            case .lost: break
            }
        }
        return inbox
    }

    final class Inbox: Sendable {
        fileprivate let messages = Mutex<[Delivery]>([])
        fileprivate let name = Mutex("")

        /// The queue's name, also one that the server chose; empty until it is consumed.
        var queue: String { name.withLock { $0 } }
        var all: [Delivery] { messages.withLock { $0 } }

        /// The first message that fits.
        func wait(for what: String, _ fits: @escaping @Sendable (Delivery) -> Bool = { _ in true }) async throws
            -> Delivery
        {
            try await eventually("a message: \(what)") { self.all.contains(where: fits) }
            guard let found = all.first(where: fits) else { throw Failure("no message: \(what)") }
            return found
        }
    }
}

extension TaskerSystem {
    /// Gives `body` an AMQP client on the system's broker.
    func withWire<Result: Sendable>(_ body: (Wire) async throws -> Result) async throws -> Result {
        let configuration = AMQPConfiguration(url: try AMQPURL(amqpURL), connectionName: "end-to-end test")
        let broker = AMQPBroker(configuration, logger: Logger(label: "e2e") { _ in SwiftLogNoOpLogHandler() })
        let running = Task { try await broker.run() }
        defer { running.cancel() }
        return try await body(Wire(broker: broker, names: names))
    }

    /// Queues that no test needs any more must not fill the node that all tests share.
    func removeQueues() async throws {}
}

extension Delivery {
    var json: JSONValue { (try? RawJSON(validating: body).value) ?? .null }

    func header(_ name: String) -> String {
        if case .string(let text) = properties.headers[name] { text } else { "" }
    }
}
