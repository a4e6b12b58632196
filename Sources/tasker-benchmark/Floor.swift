import Logging
import Synchronization
import TaskerAMQP
import TaskerMessaging
import TaskerProtocol

/// Round trips of one persistent message to a durable queue and back, both ways confirmed: what no step can beat.
final class Floor: Sendable {
    private let broker: AMQPBroker
    private let queue: String
    private let replies: String
    private let inbox = Mailbox<Delivery>()

    private init(broker: AMQPBroker, queue: String, replies: String) {
        self.broker = broker
        self.queue = queue
        self.replies = replies
    }

    static func queueNames(_ type: QueueType) -> (queue: String, replies: String) {
        ("floor.\(type.rawValue)", "floor.\(type.rawValue).replies")
    }

    static func declare(_ type: QueueType, on broker: AMQPBroker) async throws {
        let names = queueNames(type)
        try await broker.declare(
            [names.queue, names.replies].map { .queue(name: $0, arguments: ["x-queue-type": .string(type.rawValue)]) })
    }

    static func make(_ type: QueueType, on broker: AMQPBroker) async throws -> Floor {
        let names = queueNames(type)
        let floor = Floor(broker: broker, queue: names.queue, replies: names.replies)
        _ = try await broker.consume(.named(names.replies), prefetch: 200) { [inbox = floor.inbox] event in
            if case .deliveries(let deliveries) = event { inbox.push(contentsOf: deliveries) }
        }
        return floor
    }

    private func send(_ count: Int) {
        // About the size of a step message without payload.
        let body = [UInt8](repeating: UInt8(ascii: " "), count: 1100)
        broker.publish(
            (0..<count).map {
                OutgoingMessage(
                    token: UInt64($0), routingKey: queue, properties: MessageProperties(replyTo: replies), body: body)
            }
        ) { _ in }
    }

    /// Milliseconds of each of `count` round trips, one at a time.
    func latencies(_ count: Int) async -> [Double] {
        var samples: [Double] = []
        for _ in 0..<count {
            let start = ContinuousClock.now
            send(1)
            broker.acknowledge(await inbox.nextBatch().map(\.tag))
            samples.append(start.duration(to: .now).milliseconds)
        }
        return samples
    }

    /// Round trips per second with `window` in flight.
    func throughput(_ count: Int, window: Int) async -> Double {
        let start = ContinuousClock.now
        var sent = min(window, count)
        var received = 0
        send(sent)
        while received < count {
            let batch = await inbox.nextBatch()
            received += batch.count
            let more = min(batch.count, count - sent)
            if more > 0 {
                send(more)
                sent += more
            }
            broker.acknowledge(batch.map(\.tag))
        }
        return Double(count) / (start.duration(to: .now).milliseconds / 1000)
    }
}

extension Duration {
    var milliseconds: Double { Double(components.seconds) * 1000 + Double(components.attoseconds) / 1e15 }
}
