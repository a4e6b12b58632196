import ArgumentParser
import Logging
import TaskerAMQP
import TaskerMessaging
import TaskerProtocol

/// The other end of the floor: answers every message to the queue it names, confirmed, then acks.
struct Echo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Answer the messages of a queue until ended.")

    @Option var amqp: String
    @Option var queue: String

    func run() async throws {
        let broker = AMQPBroker(
            AMQPConfiguration(url: try AMQPURL(amqp), connectionName: "floor-echo"), logger: Logger(label: "echo"))
        let inbox = Mailbox<Delivery>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await broker.run() }
            _ = try await broker.consume(.named(queue), prefetch: 200) { event in
                if case .deliveries(let deliveries) = event { inbox.push(contentsOf: deliveries) }
            }
            while true {
                let deliveries = await inbox.nextBatch()
                if deliveries.isEmpty { break }
                let tags = deliveries.map(\.tag)
                broker.publish(
                    deliveries.enumerated().map { index, delivery in
                        OutgoingMessage(
                            token: UInt64(index), routingKey: delivery.properties.replyTo ?? "",
                            properties: MessageProperties(messageID: delivery.properties.messageID), body: delivery.body
                        )
                    }
                ) { results in
                    broker.acknowledge(results.filter { $0.outcome == .confirmed }.map { tags[Int($0.token)] })
                }
            }
            group.cancelAll()
        }
    }
}
