import TaskerMessaging
import Testing

/// What only the in-memory broker can do: go wrong on demand, at once and in order.
@Suite("In-memory broker")
struct InMemoryBrokerTests {
    private let server = InMemoryBrokerServer()

    private func client(_ queue: String = "q") async throws -> InMemoryBroker {
        let broker = InMemoryBroker(server: server)
        try broker.connect()
        try await broker.declare([.queue(name: queue, arguments: ["x-queue-type": .string("quorum")])])
        return broker
    }

    private func outcomes(of broker: InMemoryBroker, _ tokens: UInt64...) -> [UInt64: PublishOutcome] {
        let probe = PublishProbe()
        broker.publish(tokens.map { OutgoingMessage("\($0)", to: "q", token: $0) }, completion: probe.completion)
        return probe.outcomes()
    }

    @Test("Everything has happened when a call returns")
    func synchronous() async throws {
        let broker = try await client()
        #expect(outcomes(of: broker, 1, 2) == [1: .confirmed, 2: .confirmed])
        let probe = ConsumerProbe()
        _ = try await broker.consume(.named("q"), prefetch: 1, handler: probe.handler)
        #expect(probe.bodies == ["1"])
        broker.acknowledge(probe.deliveries.map(\.tag))
        #expect(probe.bodies == ["1", "2"])
        #expect(server.unacknowledgedCount(in: "q") == 1)
    }

    @Test("A handler may call the broker")
    func reentrant() async throws {
        let broker = try await client()
        let probe = ConsumerProbe()
        _ = try await broker.consume(.named("q"), prefetch: 1) { event in
            probe.handler(event)
            guard case .deliveries(let deliveries) = event else { return }
            broker.acknowledge(deliveries.map(\.tag))
            if deliveries[0].body.count < 4 {
                broker.publish([
                    OutgoingMessage(token: 1, routingKey: "q", properties: .init(), body: deliveries[0].body + [0x2B])
                ]) { _ in }
            }
        }
        #expect(outcomes(of: broker, 7) == [7: .confirmed])
        #expect(probe.bodies == ["7", "7+", "7++", "7+++"])
    }

    @Test("Publish faults")
    func faults() async throws {
        let broker = try await client()
        server.setPublishFault { message in
            switch message.token {
            case 2: .nack
            case 3: .cutBefore
            case 4: .cutAfter
            case 5: .holdConfirm
            case 7: .giveBack
            default: nil
            }
        }
        let probe = PublishProbe()
        broker.publish(
            (1...6).map { OutgoingMessage("\($0)", to: "q", token: $0) }, completion: probe.completion)
        #expect(probe.outcomes() == [1: .confirmed, 2: .nacked, 3: .inDoubt, 4: .inDoubt, 6: .confirmed])
        #expect(server.readyMessages(in: "q").map { String(decoding: $0.body, as: UTF8.self) } == ["1", "4", "5", "6"])
        server.releaseConfirms()
        #expect(probe.outcomes()[5] == .confirmed)
        #expect(outcomes(of: broker, 7) == [7: .returned(code: 312, text: "NO_ROUTE")])
        #expect(server.readyMessages(in: "q").count == 4)
        broker.publish([OutgoingMessage("5", to: "q", token: 5)], completion: { _ in })
        let held = PublishProbe()
        broker.publish([OutgoingMessage("5", to: "q", token: 5)], completion: held.completion)
        broker.cut()
        #expect(held.outcomes() == [5: .inDoubt])
    }

    @Test("A crashed client is never called again, and its messages come back")
    func crash() async throws {
        let broker = try await client()
        let probe = ConsumerProbe()
        _ = try await broker.consume(.named("q"), prefetch: 5) { event in
            probe.handler(event)
            if case .deliveries = event { broker.crash() }
        }
        server.publish(OutgoingMessage("1", to: "q"))
        server.publish(OutgoingMessage("2", to: "q"))
        #expect(probe.bodies == ["1"])
        #expect(probe.losses.isEmpty)
        #expect(outcomes(of: broker, 3) == [:])
        #expect(server.figures(of: "q") == QueueFigures(ready: 2, consumers: 0))

        let next = try await client()
        let again = ConsumerProbe()
        _ = try await next.consume(.named("q"), prefetch: 5, handler: again.handler)
        #expect(again.bodies == ["1", "2"])
        #expect(again.deliveries.map(\.isRedelivered) == [true, false])
        try await broker.run()
    }

    @Test("Stop and start: durable messages stay, clients come back")
    func stopAndStart() async throws {
        let broker = try await client()
        let probe = ConsumerProbe()
        _ = try await broker.consume(.named("q"), prefetch: 1, handler: probe.handler)
        #expect(outcomes(of: broker, 1, 2).count == 2)
        var passing = OutgoingMessage("passing", to: "q", token: 3)
        passing.properties.isPersistent = false
        broker.publish([passing], completion: { _ in })

        server.stop()
        #expect(outcomes(of: broker, 4) == [4: .notSent])
        await #expect(throws: BrokerError.self) { try await broker.inspect(queue: "q") }
        let declaration = Task { try await broker.declare([.exchange(name: "e", kind: .fanout)]) }
        server.start()
        try await declaration.value
        #expect(probe.bodies == ["1", "1"])
        #expect(probe.deliveries[1].wasDeliveredBefore)
        broker.acknowledge(probe.deliveries.suffix(1).map(\.tag))
        #expect(probe.bodies == ["1", "1", "2"])
        #expect(server.readyMessages(in: "q").isEmpty)
    }

    @Test("Blocked: nothing can be published, acks go on")
    func blocked() async throws {
        let broker = try await client()
        var states = broker.stateChanges().makeAsyncIterator()
        _ = await states.next()
        let probe = ConsumerProbe()
        _ = try await broker.consume(.named("q"), prefetch: 1, handler: probe.handler)
        _ = outcomes(of: broker, 1, 2)
        server.block(reason: "low on memory")
        #expect(await states.next() == .blocked(reason: "low on memory"))
        #expect(outcomes(of: broker, 3) == [3: .notSent])
        broker.acknowledge(probe.deliveries.map(\.tag))
        #expect(probe.bodies == ["1", "2"])
        server.unblock()
        guard case .connected? = await states.next() else {
            Issue.record("not connected again")
            return
        }
        #expect(outcomes(of: broker, 4) == [4: .confirmed])
    }

    @Test("A deleted queue: the consumer is told and starts again from the client's own declarations")
    func deletedQueue() async throws {
        let broker = try await client()
        let probe = ConsumerProbe()
        _ = try await broker.consume(.named("q"), prefetch: 1, handler: probe.handler)
        server.deleteQueue("q")
        #expect(probe.losses.count == 1 && probe.starts.count == 2)
        #expect(outcomes(of: broker, 1) == [1: .confirmed])
        #expect(probe.bodies == ["1"])
    }

    @Test("Refused at the first connection")
    func refused() async throws {
        server.refuseAccess("Login was refused")
        let error = await #expect(throws: BrokerError.self) { try await InMemoryBroker(server: server).run() }
        #expect(error?.code == .accessRefused)
        #expect(error?.description.contains("TASKER_AMQP_URL") == true)
    }

    @Test("Paused deliveries")
    func paused() async throws {
        let broker = try await client()
        server.setDeliveriesPaused(true)
        let probe = ConsumerProbe()
        _ = try await broker.consume(.named("q"), prefetch: 1, handler: probe.handler)
        server.publish(OutgoingMessage("a", to: "q"))
        #expect(probe.deliveries.isEmpty)
        server.setDeliveriesPaused(false)
        #expect(probe.bodies == ["a"])
    }

    @Test("Many messages, many threads: nothing lost, order kept")
    func manyThreads() async throws {
        let broker = try await client()
        let probe = ConsumerProbe()
        _ = try await broker.consume(.named("q"), prefetch: 50) { event in
            probe.handler(event)
            if case .deliveries(let deliveries) = event { broker.acknowledge(deliveries.map(\.tag)) }
        }
        await withTaskGroup(of: Void.self) { group in
            for sender in 0..<4 {
                group.addTask {
                    for number in 0..<2500 {
                        broker.publish([OutgoingMessage("\(sender):\(number)", to: "q")]) { _ in }
                    }
                }
            }
        }
        try await probe.waitForDeliveries(10_000)
        for sender in 0..<4 {
            let mine = probe.bodies.filter { $0.hasPrefix("\(sender):") }
            #expect(mine == (0..<2500).map { "\(sender):\($0)" })
        }
    }
}
