import TaskerMessaging
import TaskerProtocol
import Testing

/// The table of the wire protocol, section 1, written out once more by hand.
@Suite("Topology")
struct TopologyTests {
    private let names = QueueNames.standard

    @Test func stepQueues() {
        #expect(
            Topology.steps(queue: "shop.swift", names: names, type: .quorum) == [
                .queue(
                    name: "tasker.steps.shop.swift",
                    arguments: [
                        "x-queue-type": .string("quorum"), "x-dead-letter-exchange": .string("tasker.dead"),
                        "x-delivery-limit": .integer(20),
                    ])
            ])
        #expect(
            Topology.steps(queue: "shop.swift", names: names, type: .classic) == [
                .queue(
                    name: "tasker.steps.shop.swift",
                    arguments: ["x-queue-type": .string("classic"), "x-dead-letter-exchange": .string("tasker.dead")])
            ])
    }

    @Test func orchestratorQueues() {
        #expect(
            Topology.results(partition: 3, names: names, type: .quorum) == [
                .queue(
                    name: "tasker.results.3",
                    arguments: [
                        "x-queue-type": .string("quorum"), "x-dead-letter-exchange": .string("tasker.dead"),
                        "x-delivery-limit": .integer(1_000_000), "x-single-active-consumer": .bool(true),
                    ])
            ])
        #expect(
            Topology.requests(names: names, type: .quorum) == [
                .queue(
                    name: "tasker.requests",
                    arguments: [
                        "x-queue-type": .string("quorum"), "x-dead-letter-exchange": .string("tasker.dead"),
                        "x-delivery-limit": .integer(1_000_000),
                    ])
            ])
        #expect(
            Topology.workers(names: names) == [
                .queue(
                    name: "tasker.workers",
                    arguments: [
                        "x-queue-type": .string("classic"), "x-message-ttl": .integer(60_000),
                        "x-max-length": .integer(10_000),
                    ])
            ])
    }

    @Test func deadLettersAndExchanges() {
        #expect(
            Topology.dead(names: names, type: .quorum) == [
                .exchange(name: "tasker.dead", kind: .fanout),
                .queue(
                    name: "tasker.dead",
                    arguments: ["x-queue-type": .string("quorum"), "x-max-length": .integer(100_000)]),
                .binding(queue: "tasker.dead", exchange: "tasker.dead", routingKey: ""),
            ])
        #expect(Topology.control(names: names) == [.exchange(name: "tasker.control", kind: .fanout)])
        #expect(Topology.events(names: names) == [.exchange(name: "tasker.events", kind: .topic)])
    }

    @Test func thePrefixIsEverywhere() throws {
        let names = try #require(QueueNames(prefix: "acme"))
        let all =
            Topology.orchestrator(partitions: 0..<1, names: names, type: .classic)
            + Topology.worker(queues: ["q"], names: names, type: .classic)
        for item in all {
            #expect("\(item)".contains("acme."))
            #expect(!"\(item)".contains("tasker."))
        }
    }
}
