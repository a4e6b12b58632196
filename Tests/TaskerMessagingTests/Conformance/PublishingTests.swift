import TaskerMessaging
import TaskerProtocol
import Testing

@Suite("Broker: publishing", .timeLimit(.minutes(10)))
struct PublishingTests {
    @Test("What is published arrives as it was sent", arguments: Implementation.available, QueueType.allCases)
    func roundTrip(_ implementation: Implementation, _ type: QueueType) async throws {
        try await Stage.run(implementation) { stage in
            let queue = stage.name("work")
            let properties = MessageProperties(
                contentType: "application/json", isPersistent: true, messageID: "m-1", correlationID: "c-1",
                type: "tasker.step.execute.v1", replyTo: "tasker.results.0", appID: "tästs", timestamp: 1_700_000_000,
                headers: [
                    "traceparent": .string("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
                    "x-number": .integer(-9_007_199_254_740_993), "x-flag": .bool(true), "leer": .string(""),
                ])
            let bodies: [[UInt8]] = [
                Array(#"{"größe": "✓"}"#.utf8), [], [0, 255, 254, 128], [UInt8](repeating: 0xA5, count: 4 << 20),
            ]
            try await stage.withBroker { broker in
                try await broker.declare([.queue(name: queue, arguments: ["x-queue-type": .string(type.rawValue)])])
                let outcomes = try await broker.publishAndWait(
                    bodies.enumerated().map {
                        OutgoingMessage(token: UInt64($0), routingKey: queue, properties: properties, body: $1)
                    })
                #expect(outcomes == [0: .confirmed, 1: .confirmed, 2: .confirmed, 3: .confirmed])
                let probe = ConsumerProbe()
                _ = try await broker.consume(.named(queue), prefetch: 10, handler: probe.handler)
                try await probe.waitForDeliveries(bodies.count)
                #expect(probe.deliveries.map(\.body) == bodies)
                for delivery in probe.deliveries {
                    #expect(delivery.properties == properties)
                    #expect(delivery.exchange == "" && delivery.routingKey == queue)
                    #expect(!delivery.isRedelivered && delivery.deliveryCount == nil && !delivery.wasDeliveredBefore)
                    #expect(delivery.tag.epoch == probe.starts[0].epoch)
                }
            }
        }
    }

    @Test("Missing properties stay missing", arguments: Implementation.available)
    func noProperties(_ implementation: Implementation) async throws {
        try await Stage.run(implementation) { stage in
            let queue = stage.name("work")
            let nothing = MessageProperties(contentType: nil, isPersistent: false)
            try await stage.withBroker { broker in
                try await broker.declare([.queue(name: queue, arguments: ["x-queue-type": .string("classic")])])
                _ = try await broker.publishAndWait([
                    OutgoingMessage(token: 1, routingKey: queue, properties: nothing, body: [1])
                ])
                let probe = ConsumerProbe()
                _ = try await broker.consume(.named(queue), prefetch: 1, handler: probe.handler)
                try await probe.waitForDeliveries(1)
                #expect(probe.deliveries[0].properties == nothing)
            }
        }
    }

    @Test("A message no queue takes comes back when it is mandatory", arguments: Implementation.available)
    func unroutable(_ implementation: Implementation) async throws {
        try await Stage.run(implementation) { stage in
            let (queue, missing) = (stage.name("work"), stage.name("nobody"))
            try await stage.withBroker { broker in
                try await broker.declare([.queue(name: queue, arguments: ["x-queue-type": .string("quorum")])])
                // All bodies have the same length, and two of three look the same but for their number.
                let messages = (0..<300).map { number in
                    var message = OutgoingMessage(
                        "same", to: number % 3 == 0 ? queue : missing, token: UInt64(number),
                        isMandatory: number % 3 != 2)
                    message.properties.messageID = "id-\(number)"
                    return message
                }
                let outcomes = try await broker.publishAndWait(messages)
                for number in 0..<300 {
                    let expected: PublishOutcome =
                        number % 3 == 1 ? .returned(code: 312, text: "NO_ROUTE") : .confirmed
                    #expect(outcomes[UInt64(number)] == expected)
                }
                try await broker.waitForReady(100, in: queue)
            }
        }
    }

    @Test("A name or a header the protocol cannot carry harms nobody else", arguments: [Implementation.rabbitMQ])
    func oversized(_ implementation: Implementation) async throws {
        guard Node.isAvailable else { return }
        try await Stage.run(implementation) { stage in
            let queue = stage.name("work")
            let long = String(repeating: "ü", count: 300)
            try await stage.withBroker { broker in
                try await broker.declare([.queue(name: queue, arguments: ["x-queue-type": .string("classic")])])
                var longID = OutgoingMessage("long id", to: queue, token: 2)
                longID.properties.messageID = long
                longID.properties.headers[long] = .string("x")
                var largeHeader = OutgoingMessage("large header", to: queue, token: 3)
                largeHeader.properties.headers["x-large"] = .string(String(repeating: "x", count: 200_000))
                let outcomes = try await broker.publishAndWait([
                    OutgoingMessage("nowhere", to: long, token: 1), longID, largeHeader,
                    OutgoingMessage("fine", to: queue, token: 4),
                ])
                if case .returned(312, _)? = outcomes[1] {} else { Issue.record("\(String(describing: outcomes[1]))") }
                #expect(outcomes[2] == .confirmed)
                if case .returned(311, _)? = outcomes[3] {} else { Issue.record("\(String(describing: outcomes[3]))") }
                #expect(outcomes[4] == .confirmed)
                let probe = ConsumerProbe()
                _ = try await broker.consume(.named(queue), prefetch: 9, handler: probe.handler)
                try await probe.waitForDeliveries(2)
                #expect(probe.bodies == ["long id", "fine"])
                #expect(probe.deliveries[0].properties.messageID == nil)
                #expect(probe.deliveries[0].properties.headers.isEmpty)
                await #expect(throws: BrokerError.self) {
                    try await broker.declare([.queue(name: long, arguments: [:])])
                }
                #expect(try await broker.inspect(queue: long) == nil)
            }
        }
    }

    @Test("Without a connection a message is refused at once", arguments: Implementation.available)
    func notSent(_ implementation: Implementation) async throws {
        try await Stage.run(implementation) { stage in
            let queue = stage.name("work")
            let broker = try stage.makeBroker()
            let before = try await broker.publishAndWait([OutgoingMessage("a", to: queue, token: 7)])
            #expect(before == [7: .notSent])
            try await running(broker) {
                try await broker.declare([.queue(name: queue, arguments: ["x-queue-type": .string("quorum")])])
                try await broker.publishConfirmed(["b"], to: queue)
                try await broker.waitForReady(1, in: queue)
            }
            let after = try await broker.publishAndWait([OutgoingMessage("c", to: queue, token: 8)])
            #expect(after == [8: .notSent])
        }
    }

    @Test("An exchange that does not exist leaves only its own messages in doubt", arguments: Implementation.available)
    func missingExchange(_ implementation: Implementation) async throws {
        try await Stage.run(implementation) { stage in
            let queue = stage.name("work")
            try await stage.withBroker { broker in
                try await broker.declare([.queue(name: queue, arguments: ["x-queue-type": .string("quorum")])])
                let bad = OutgoingMessage(
                    token: 1, exchange: stage.name("no-exchange"), routingKey: "", properties: MessageProperties(),
                    body: [])
                #expect(try await broker.publishAndWait([bad]) == [1: .inDoubt])
                try await broker.publishConfirmed(["after"], to: queue)
            }
        }
    }

    @Test("Shutdown waits for the confirms of what was handed over", arguments: Implementation.available)
    func shutdownFlushes(_ implementation: Implementation) async throws {
        try await Stage.run(implementation) { stage in
            let queue = stage.name("work")
            let probe = PublishProbe()
            try await stage.withBroker { broker in
                try await broker.declare([.queue(name: queue, arguments: ["x-queue-type": .string("quorum")])])
                broker.publish(
                    (0..<2000).map { OutgoingMessage("\($0)", to: queue, token: UInt64($0)) },
                    completion: probe.completion)
            }
            #expect(probe.outcomes().count == 2000)
            #expect(probe.outcomes().values.allSatisfy { $0 == .confirmed })
            try await stage.withBroker { broker in try await broker.waitForReady(2000, in: queue) }
        }
    }
}
