import TaskerMessaging
import TaskerProtocol
import Testing

@Suite("Broker: deliveries and acks", .timeLimit(.minutes(10)))
struct DeliveryTests {
    private func queue(_ name: String, _ type: QueueType) -> [TopologyItem] {
        [.queue(name: name, arguments: ["x-queue-type": .string(type.rawValue)])]
    }

    @Test("Messages come in order, at most prefetch of them", arguments: Implementation.available, QueueType.allCases)
    func orderAndPrefetch(_ implementation: Implementation, _ type: QueueType) async throws {
        try await Stage.run(implementation) { stage in
            let work = stage.name("work")
            let bodies = (0..<100).map { "\($0)" }
            try await stage.withBroker { broker in
                try await broker.declare(queue(work, type))
                try await broker.publishConfirmed(bodies, to: work)
                let probe = ConsumerProbe()
                _ = try await broker.consume(.named(work), prefetch: 3, handler: probe.handler)
                for count in stride(from: 3, through: 99, by: 3) {
                    try await probe.waitForDeliveries(count)
                    // Nothing beyond the prefetch is on its way: the rest is ready in the queue.
                    try await broker.waitForReady(100 - count, in: work)
                    #expect(probe.deliveries.count == count)
                    broker.acknowledge(probe.deliveries.suffix(3).map(\.tag))
                }
                try await probe.waitForDeliveries(100)
                #expect(probe.bodies == bodies)
            }
        }
    }

    @Test("Prefetch counts per consumer", arguments: Implementation.available)
    func prefetchPerConsumer(_ implementation: Implementation) async throws {
        try await Stage.run(implementation) { stage in
            let (first, second) = (stage.name("one"), stage.name("two"))
            try await stage.withBroker { broker in
                try await broker.declare(queue(first, .quorum) + queue(second, .classic))
                for name in [first, second] { try await broker.publishConfirmed((0..<6).map { "\($0)" }, to: name) }
                let (one, two) = (ConsumerProbe(), ConsumerProbe())
                _ = try await broker.consume(.named(first), prefetch: 2, handler: one.handler)
                _ = try await broker.consume(.named(second), prefetch: 4, handler: two.handler)
                try await one.waitForDeliveries(2)
                try await two.waitForDeliveries(4)
                try await broker.waitForReady(4, in: first)
                try await broker.waitForReady(2, in: second)
                #expect(one.deliveries.count == 2 && two.deliveries.count == 4)
            }
        }
    }

    @Test("Acks in any order, and twice, count once", arguments: Implementation.available, QueueType.allCases)
    func ackOrder(_ implementation: Implementation, _ type: QueueType) async throws {
        try await Stage.run(implementation) { stage in
            let work = stage.name("work")
            try await stage.withBroker { broker in
                try await broker.declare(queue(work, type))
                try await broker.publishConfirmed((0..<8).map { "\($0)" }, to: work)
                let probe = ConsumerProbe()
                _ = try await broker.consume(.named(work), prefetch: 8, handler: probe.handler)
                try await probe.waitForDeliveries(8)
                let tags = probe.deliveries.map(\.tag)
                broker.acknowledge([tags[5], tags[1]])
                broker.acknowledge([tags[1], tags[1]])
                broker.acknowledge([tags[0], tags[6], tags[2]])
                broker.acknowledge([DeliveryTag(epoch: tags[0].epoch, consumer: tags[0].consumer, tag: 4711)])
                broker.acknowledge([tags[0], tags[5]])
                // Credit for five comes back only if the channel lives on and each ack counted once.
                try await broker.publishConfirmed((8..<20).map { "\($0)" }, to: work)
                try await probe.waitForDeliveries(13)
                try await broker.waitForReady(7, in: work)
                #expect(probe.deliveries.count == 13)
                #expect(probe.losses.isEmpty)
            }
            // What was not acked is there again: 3, 4, 7 and everything from 8 on.
            try await stage.withBroker { broker in
                let probe = ConsumerProbe()
                _ = try await broker.consume(.named(work), prefetch: 100, handler: probe.handler)
                try await probe.waitForDeliveries(15)
                #expect(Set(probe.bodies) == Set([3, 4, 7].map(String.init) + (8..<20).map(String.init)))
            }
        }
    }

    @Test(
        "A cut connection: redelivery is marked, old acks do nothing", arguments: Implementation.available,
        QueueType.allCases)
    func cut(_ implementation: Implementation, _ type: QueueType) async throws {
        try await Stage.run(implementation) { stage in
            let work = stage.name("work")
            try await stage.withBroker { broker in
                try await broker.declare(queue(work, type))
                try await broker.publishConfirmed(["a", "b", "c", "d"], to: work)
                let probe = ConsumerProbe()
                _ = try await broker.consume(.named(work), prefetch: 3, handler: probe.handler)
                try await probe.waitForDeliveries(3)
                broker.acknowledge([probe.deliveries[0].tag])
                try await probe.waitForDeliveries(4)
                let old = probe.deliveries.map(\.tag)

                stage.cut(broker)
                try await probe.waitForDeliveries(7)
                let again = Array(probe.deliveries[4...])
                #expect(probe.bodies[4...] == ["b", "c", "d"])
                #expect(probe.losses == [old[0].epoch])
                #expect(probe.starts.count == 2 && probe.starts[1].epoch > old[0].epoch)
                for delivery in again {
                    #expect(delivery.wasDeliveredBefore)
                    #expect(delivery.isRedelivered)
                    #expect(delivery.deliveryCount == (type == .quorum ? 1 : nil))
                    #expect(delivery.tag.epoch == probe.starts[1].epoch)
                }

                // Tags 1-4 of the old connection: 1-3 exist on the new one too and must not be acked by them.
                broker.acknowledge(old)
                broker.acknowledge([again[0].tag])
                stage.cut(broker)
                try await probe.waitForDeliveries(9)
                #expect(probe.bodies[7...] == ["c", "d"])
                broker.acknowledge(probe.deliveries[7...].map(\.tag))
                try await broker.waitForReady(0, in: work)
            }
            try await stage.withBroker { broker in try await broker.waitForReady(0, in: work) }
        }
    }

    @Test(
        "A cancelled consumer gets nothing more and may ack what it holds", arguments: Implementation.available,
        QueueType.allCases)
    func cancel(_ implementation: Implementation, _ type: QueueType) async throws {
        try await Stage.run(implementation) { stage in
            let work = stage.name("work")
            try await stage.withBroker { broker in
                try await broker.declare(queue(work, type))
                try await broker.publishConfirmed((0..<10).map { "\($0)" }, to: work)
                let probe = ConsumerProbe()
                let consumer = try await broker.consume(.named(work), prefetch: 4, handler: probe.handler)
                try await probe.waitForDeliveries(4)
                await broker.cancel(consumer)
                broker.acknowledge([probe.deliveries[2].tag, probe.deliveries[0].tag])
                // Acks after the cancel free no credit.
                try await broker.waitForReady(6, in: work)
                #expect(probe.deliveries.count == 4)
                await broker.cancel(consumer)

                stage.cut(broker)
                try await eventually("the consumer is told of the loss") { probe.losses.count == 1 }
                try await broker.declare(queue(work, type))
                try await broker.waitForReady(8, in: work)
                // It was cancelled: it does not come back.
                #expect(probe.starts.count == 1)
                #expect(probe.deliveries.count == 4)

                let next = ConsumerProbe()
                let other = try await broker.consume(.named(work), prefetch: 0, handler: next.handler)
                try await next.waitForDeliveries(8)
                #expect(next.bodies == ["1", "3", "4", "5", "6", "7", "8", "9"])
                broker.acknowledge(next.deliveries.map(\.tag))
                await broker.cancel(other)
                try await broker.waitForReady(0, in: work)
            }
        }
    }

    @Test("Two consumers share a queue", arguments: Implementation.available, QueueType.allCases)
    func sharing(_ implementation: Implementation, _ type: QueueType) async throws {
        try await Stage.run(implementation) { stage in
            let work = stage.name("work")
            try await stage.withBroker { broker in
                try await broker.declare(queue(work, type))
                let (one, two) = (ConsumerProbe(), ConsumerProbe())
                _ = try await broker.consume(.named(work), prefetch: 5, handler: one.handler)
                _ = try await broker.consume(.named(work), prefetch: 5, handler: two.handler)
                try await broker.publishConfirmed((0..<20).map { "\($0)" }, to: work)
                try await one.waitForDeliveries(5)
                try await two.waitForDeliveries(5)
                try await broker.waitForReady(10, in: work)
                #expect(Set(one.bodies + two.bodies) == Set((0..<10).map(String.init)))
            }
        }
    }

    @Test("A single active consumer is followed by the next", arguments: Implementation.available, QueueType.allCases)
    func singleActiveConsumer(_ implementation: Implementation, _ type: QueueType) async throws {
        try await Stage.run(implementation) { stage in
            let work = stage.name("results")
            let topology = [
                TopologyItem.queue(
                    name: work,
                    arguments: ["x-queue-type": .string(type.rawValue), "x-single-active-consumer": .bool(true)])
            ]
            let (one, two) = (ConsumerProbe(), ConsumerProbe())
            try await stage.withBroker("second") { second in
                try await stage.withBroker("first") { first in
                    try await first.declare(topology)
                    _ = try await first.consume(.named(work), prefetch: 5, handler: one.handler)
                    _ = try await second.consume(.named(work), prefetch: 5, handler: two.handler)
                    try await first.publishConfirmed((0..<10).map { "\($0)" }, to: work)
                    try await one.waitForDeliveries(5)
                    try await first.waitForReady(5, in: work)
                    first.acknowledge(one.deliveries[..<2].map(\.tag))
                    try await one.waitForDeliveries(7)
                    #expect(two.deliveries.isEmpty)
                }
                // The first has gone with five unacked messages.
                try await two.waitForDeliveries(5)
                #expect(two.bodies == ["2", "3", "4", "5", "6"])
                #expect(two.deliveries.allSatisfy { $0.wasDeliveredBefore })
            }
        }
    }
}
