import ArgumentParser
import Logging
import TaskerAMQP
import TaskerMessaging
import TaskerProtocol

/// Makes the queues of the floor before both of its ends use them.
struct Declare: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Declare the queues of the floor.")

    @Option var amqp: String
    @Option var queueType: QueueType

    func run() async throws {
        let broker = AMQPBroker(
            AMQPConfiguration(url: try AMQPURL(amqp), connectionName: "benchmark"), logger: Logger(label: "benchmark"))
        let running = Task { try await broker.run() }
        try await Floor.declare(queueType, on: broker)
        await broker.shutdown(timeout: .seconds(2))
        _ = try? await running.value
    }
}
