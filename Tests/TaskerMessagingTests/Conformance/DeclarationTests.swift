import TaskerMessaging
import TaskerProtocol
import Testing

@Suite("Broker: declarations", .timeLimit(.minutes(10)))
struct DeclarationTests {
    @Test(
        "Everything of the wire protocol can be declared, twice", arguments: Implementation.available,
        QueueType.allCases)
    func everything(_ implementation: Implementation, _ type: QueueType) async throws {
        try await Stage.run(implementation) { stage in
            let names = try #require(QueueNames(prefix: stage.prefix))
            let topology =
                Topology.orchestrator(partitions: 0..<2, names: names, type: type)
                + Topology.steps(queue: "shop", names: names, type: type)
            try await stage.withBroker("orchestrator") { orchestrator in
                try await orchestrator.declare(topology)
                try await orchestrator.declare(topology)
                try await stage.withBroker("worker") { worker in
                    try await worker.declare(Topology.worker(queues: ["shop", "a/b#c"], names: names, type: type))
                }
                for name in [
                    names.steps("shop"), names.steps("a/b#c"), names.results(0), names.results(1), names.requests,
                    names.workers, names.dead,
                ] {
                    #expect(try await orchestrator.inspect(queue: name) == QueueFigures(ready: 0, consumers: 0))
                }
                // Through the exchange into the queue of dead letters.
                let dead = OutgoingMessage(
                    token: 1, exchange: names.dead, routingKey: "any", properties: MessageProperties(), body: [1])
                #expect(try await orchestrator.publishAndWait([dead]) == [1: .confirmed])
                try await orchestrator.waitForReady(1, in: names.dead)
            }
        }
    }

    @Test(
        "Other arguments: an error that names the queue, the broker's text and the remedy",
        arguments: Implementation.available)
    func preconditionFailed(_ implementation: Implementation) async throws {
        try await Stage.run(implementation) { stage in
            let (work, other) = (stage.name("work"), stage.name("other"))
            try await stage.withBroker { broker in
                try await broker.declare([.queue(name: work, arguments: ["x-queue-type": .string("quorum")])])
                let error = await #expect(throws: BrokerError.self) {
                    try await broker.declare([
                        .queue(name: other, arguments: ["x-queue-type": .string("classic")]),
                        .queue(name: work, arguments: ["x-queue-type": .string("classic")]),
                    ])
                }
                #expect(error?.code == .preconditionFailed)
                let text = try #require(error?.description)
                #expect(text.contains("queue '\(work)'"))
                #expect(text.contains("PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for queue '\(work)'"))
                #expect(text.contains("rabbitmqctl delete_queue '\(work)'"))
                // What came before it was declared, and the connection goes on.
                #expect(try await broker.inspect(queue: other) != nil)
                try await broker.publishConfirmed(["x"], to: work)
                // A declaration that was refused is not repeated after a reconnect.
                stage.cut(broker)
                try await broker.declare([.queue(name: work, arguments: ["x-queue-type": .string("quorum")])])
            }
        }
    }

    @Test("Refusals of exchanges, bindings and consumers", arguments: Implementation.available)
    func refusals(_ implementation: Implementation) async throws {
        try await Stage.run(implementation) { stage in
            let (exchange, nothing) = (stage.name("events"), stage.name("nothing"))
            try await stage.withBroker { broker in
                try await broker.declare([.exchange(name: exchange, kind: .topic)])
                let kind = await #expect(throws: BrokerError.self) {
                    try await broker.declare([.exchange(name: exchange, kind: .fanout)])
                }
                #expect(kind?.code == .preconditionFailed)
                #expect(kind?.description.contains("exchange '\(exchange)'") == true)

                let binding = await #expect(throws: BrokerError.self) {
                    try await broker.declare([.binding(queue: nothing, exchange: exchange, routingKey: "#")])
                }
                #expect(binding?.code == .notFound)
                #expect(binding?.description.contains("no queue '\(nothing)'") == true)

                let limit = await #expect(throws: BrokerError.self) {
                    try await broker.declare([
                        .queue(
                            name: nothing,
                            arguments: ["x-queue-type": .string("classic"), "x-delivery-limit": .integer(2)])
                    ])
                }
                #expect(limit?.code == .preconditionFailed)

                let probe = ConsumerProbe()
                let consumer = await #expect(throws: BrokerError.self) {
                    _ = try await broker.consume(.named(nothing), prefetch: 1, handler: probe.handler)
                }
                #expect(consumer?.code == .notFound)
                #expect(consumer?.description.contains("queue '\(nothing)'") == true)
                let own = await #expect(throws: BrokerError.self) {
                    _ = try await broker.consume(.ownExclusive(boundTo: nothing), prefetch: 1, handler: probe.handler)
                }
                #expect(own?.code == .notFound)
                #expect(probe.all.isEmpty)
            }
        }
    }

    @Test("Questions asked at the same time get their own answers", arguments: Implementation.available)
    func questionsAtTheSameTime(_ implementation: Implementation) async throws {
        try await Stage.run(implementation) { stage in
            let queues = (0..<4).map { stage.name("work-\($0)") }
            try await stage.withBroker { broker in
                for (count, name) in queues.enumerated() {
                    try await broker.declare([.queue(name: name, arguments: ["x-queue-type": .string("classic")])])
                    if count > 0 { try await broker.publishConfirmed((0..<count).map { "\($0)" }, to: name) }
                    try await broker.waitForReady(count, in: name)
                }
                try await withThrowingTaskGroup(of: (Int, QueueFigures?).self) { group in
                    for round in 0..<50 {
                        let (index, name) = (round % 5, round % 5 < 4 ? queues[round % 5] : stage.name("none"))
                        group.addTask { (index, try await broker.inspect(queue: name)) }
                        group.addTask {
                            try await broker.declare([.exchange(name: stage.name("x-\(round)"), kind: .fanout)])
                            return (4, nil)
                        }
                    }
                    for try await (index, figures) in group {
                        #expect(figures == (index < 4 ? QueueFigures(ready: index, consumers: 0) : nil))
                    }
                }
            }
        }
    }

    @Test("Inspect and purge", arguments: Implementation.available, QueueType.allCases)
    func inspectAndPurge(_ implementation: Implementation, _ type: QueueType) async throws {
        try await Stage.run(implementation) { stage in
            let work = stage.name("work")
            try await stage.withBroker { broker in
                #expect(try await broker.inspect(queue: work) == nil)
                await #expect(throws: Never.self) {
                    try await broker.declare([.queue(name: work, arguments: ["x-queue-type": .string(type.rawValue)])])
                }
                #expect(try await broker.inspect(queue: work) == QueueFigures(ready: 0, consumers: 0))
                try await broker.publishConfirmed(["a", "b", "c"], to: work)
                let probe = ConsumerProbe()
                _ = try await broker.consume(.named(work), prefetch: 1, handler: probe.handler)
                try await probe.waitForDeliveries(1)
                try await eventually("2 ready and 1 consumer") {
                    try await broker.inspect(queue: work) == QueueFigures(ready: 2, consumers: 1)
                }
                try await broker.purge(queue: work)
                try await broker.waitForReady(0, in: work)
                broker.acknowledge(probe.deliveries.map(\.tag))
                try await broker.publishConfirmed(["d"], to: work)
                try await probe.waitForDeliveries(2)
                #expect(probe.bodies == ["a", "d"])
            }
        }
    }

    @Test("Topic exchange", arguments: Implementation.available)
    func topic(_ implementation: Implementation) async throws {
        try await Stage.run(implementation) { stage in
            let (exchange, all, some) = (stage.name("events"), stage.name("all"), stage.name("some"))
            try await stage.withBroker { broker in
                try await broker.declare([
                    .exchange(name: exchange, kind: .topic),
                    .queue(name: all, arguments: ["x-queue-type": .string("classic")]),
                    .queue(name: some, arguments: ["x-queue-type": .string("classic")]),
                    .binding(queue: all, exchange: exchange, routingKey: "#"),
                    .binding(queue: some, exchange: exchange, routingKey: "payment.*"),
                    .binding(queue: some, exchange: exchange, routingKey: "#.failed"),
                ])
                let keys = ["payment.charged", "payment.failed", "order.line.failed", "order", "payment.a.b", "failed"]
                let outcomes = try await broker.publishAndWait(
                    keys.enumerated().map {
                        OutgoingMessage(
                            token: UInt64($0), exchange: exchange, routingKey: $1, properties: MessageProperties(),
                            body: Array($1.utf8))
                    })
                #expect(outcomes.values.allSatisfy { $0 == .confirmed })
                let (everything, selected) = (ConsumerProbe(), ConsumerProbe())
                _ = try await broker.consume(.named(all), prefetch: 0, handler: everything.handler)
                _ = try await broker.consume(.named(some), prefetch: 0, handler: selected.handler)
                try await everything.waitForDeliveries(6)
                try await selected.waitForDeliveries(4)
                #expect(everything.bodies == keys)
                #expect(selected.bodies == ["payment.charged", "payment.failed", "order.line.failed", "failed"])
                #expect(selected.deliveries.map(\.routingKey) == selected.bodies)
                #expect(selected.deliveries.allSatisfy { $0.exchange == exchange })
            }
        }
    }

    @Test("A message that comes back too often, or overflows, is dead-lettered", arguments: Implementation.available)
    func deadLetters(_ implementation: Implementation) async throws {
        try await Stage.run(implementation) { stage in
            let (dead, work, short) = (stage.name("dead"), stage.name("work"), stage.name("short"))
            try await stage.withBroker { broker in
                try await broker.declare([
                    .exchange(name: dead, kind: .fanout),
                    .queue(name: dead, arguments: ["x-queue-type": .string("quorum")]),
                    .binding(queue: dead, exchange: dead, routingKey: ""),
                    .queue(
                        name: work,
                        arguments: [
                            "x-queue-type": .string("quorum"), "x-dead-letter-exchange": .string(dead),
                            "x-delivery-limit": .integer(2),
                        ]),
                    .queue(
                        name: short,
                        arguments: [
                            "x-queue-type": .string("classic"), "x-dead-letter-exchange": .string(dead),
                            "x-max-length": .integer(2),
                        ]),
                ])
                let probe = ConsumerProbe()
                _ = try await broker.consume(.named(work), prefetch: 1, handler: probe.handler)
                try await broker.publishConfirmed(["poison"], to: work)
                for count in 1...3 {
                    try await probe.waitForDeliveries(count)
                    #expect(probe.deliveries[count - 1].deliveryCount == (count == 1 ? nil : Int64(count - 1)))
                    stage.cut(broker)
                    try await probe.waitForStarts(count + 1)
                }
                let dying = ConsumerProbe()
                _ = try await broker.consume(.named(dead), prefetch: 0, handler: dying.handler)
                try await dying.waitForDeliveries(1)
                #expect(probe.deliveries.count == 3)
                #expect(dying.bodies == ["poison"])
                #expect(dying.deliveries[0].exchange == dead && dying.deliveries[0].routingKey == work)
                #expect(dying.deliveries[0].properties.headers["x-first-death-queue"] == .string(work))
                #expect(dying.deliveries[0].properties.headers["x-first-death-reason"] == .string("delivery_limit"))
                #expect(!dying.deliveries[0].isRedelivered)

                try await broker.publishConfirmed(["1", "2", "3"], to: short)
                try await dying.waitForDeliveries(2)
                #expect(dying.bodies[1] == "1")
                #expect(dying.deliveries[1].properties.headers["x-first-death-reason"] == .string("maxlen"))
                try await broker.waitForReady(2, in: short)
            }
        }
    }
}
