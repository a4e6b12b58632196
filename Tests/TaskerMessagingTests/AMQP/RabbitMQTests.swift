import Glibc
import Logging
import Synchronization
import TaskerMessaging
import TaskerProtocol
import Testing

@testable import TaskerAMQP

private func broker(
    _ url: String, heartbeat: Duration? = nil, window: Int = 4096, name: String = "test"
) throws -> AMQPBroker {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return AMQPBroker(
        AMQPConfiguration(
            url: try AMQPURL(url), connectionName: name, heartbeat: heartbeat, publishWindow: window,
            minimumReconnectDelay: .milliseconds(20), maximumReconnectDelay: .milliseconds(500)),
        logger: logger)
}

/// Waits for a state in a subscription.
private func wait(
    for broker: any Broker, _ what: Comment, _ condition: @escaping @Sendable (BrokerState) -> Bool
) async throws {
    for await state in broker.stateChanges() where condition(state) { return }
    throw Expired(description: "the broker ended before: \(what)")
}

private func isConnected(_ state: BrokerState) -> Bool {
    if case .connected = state { true } else { false }
}

@Suite(
    "RabbitMQ", .serialized, .timeLimit(.minutes(10)),
    .enabled(if: Node.isAvailable, "\(PrivateRabbitMQ.unavailableReason)"))
struct RabbitMQTests {
    /// The node is shared: names are the test's own.
    private let work = "work-\(UInt64.random(in: 0...UInt64.max))"
    private let other = "other-\(UInt64.random(in: 0...UInt64.max))"

    private func queue(_ name: String, _ type: QueueType = .quorum) -> [TopologyItem] {
        [.queue(name: name, arguments: ["x-queue-type": .string(type.rawValue)])]
    }

    @Test("The broker stops and starts: everything is there again, and nothing was published twice")
    func brokerRestart() async throws {
        try await Node.withDisturbed { node in
            let exchange = "control-\(UInt64.random(in: 0...UInt64.max))"
            let broker = try broker(node.url)
            try await running(broker) {
                try await broker.declare(
                    queue(work) + queue(other, .classic) + [.exchange(name: exchange, kind: .fanout)])
                #expect(try #require(broker.serverVersion).contains(/^[0-9]+\.[0-9]+\./))
                let (jobs, control) = (ConsumerProbe(), ConsumerProbe())
                _ = try await broker.consume(.named(work), prefetch: 2, handler: jobs.handler)
                _ = try await broker.consume(.ownExclusive(boundTo: exchange), prefetch: 0, handler: control.handler)
                try await broker.publishConfirmed(["a", "b", "c"], to: work)
                try await jobs.waitForDeliveries(2)

                // Publishes all the time while the node goes down.
                let published = Mutex<[UInt64: PublishOutcome]>([:])
                let counter = Mutex<UInt64>(0)
                let sender = Task {
                    while !Task.isCancelled {
                        let token = counter.withLock { value in
                            value += 1
                            return value
                        }
                        broker.publish([OutgoingMessage("\(token)", to: other, token: token)]) { results in
                            published.withLock { published in
                                for result in results {
                                    if published.updateValue(result.outcome, forKey: result.token) != nil {
                                        Issue.record("two outcomes for \(result.token)")
                                    }
                                }
                            }
                        }
                        try? await Task.sleep(for: .microseconds(200))
                    }
                }
                try await blocking { try node.stop() }
                try await wait(for: broker, "disconnected") { state in
                    guard case .disconnected(let reason) = state else { return false }
                    return reason.contains("connection refused at 127.0.0.1:")
                }
                sender.cancel()
                await sender.value
                try await blocking { try node.start() }
                try await wait(for: broker, "connected", isConnected)

                // In which order a quorum queue gives them again is its own business.
                try await eventually("everything is delivered and acked") {
                    broker.acknowledge(jobs.deliveries.map(\.tag))
                    guard Set(jobs.bodies) == ["a", "b", "c"] else { return false }
                    return try await broker.inspect(queue: work)?.ready == 0
                }
                for delivery in jobs.deliveries[2...] where delivery.body != Array("c".utf8) {
                    #expect(delivery.wasDeliveredBefore)
                }
                #expect(jobs.losses.first == jobs.starts.first?.epoch)
                try await control.waitForStarts(2)
                let notice = OutgoingMessage(
                    token: 1, exchange: exchange, routingKey: "", isMandatory: false, properties: MessageProperties(),
                    body: [])
                #expect(try await broker.publishAndWait([notice]) == [1: .confirmed])
                try await control.waitForDeliveries(1)

                let total = Int(counter.withLock { $0 })
                try await eventually("every publish has an outcome") { published.withLock { $0.count } == total }
                let outcomes = published.withLock { $0 }
                #expect(outcomes.values.contains(.notSent))
                let done = ConsumerProbe()
                _ = try await broker.consume(.named(other), prefetch: 0, handler: done.handler)
                let confirmed = outcomes.filter { $0.value == .confirmed }.map { "\($0.key)" }
                try await eventually("the confirmed messages") { Set(done.bodies).isSuperset(of: confirmed) }
                #expect(Set(done.bodies).count == done.bodies.count)
                for body in done.bodies {
                    let outcome = UInt64(body).flatMap { outcomes[$0] }
                    #expect(outcome == .confirmed || outcome == .inDoubt)
                }
            }
        }
    }

    @Test("The broker is killed while publishes are in flight")
    func brokerKilled() async throws {
        try await Node.withDisturbed { node in
            let broker = try broker(node.url)
            try await running(broker) {
                // Classic: on 3.10 a quorum queue of a single node that was killed may come back without what it had confirmed.
                try await broker.declare(queue(work, .classic))
                let probe = PublishProbe()
                broker.publish(
                    (1...20_000).map {
                        OutgoingMessage(String(repeating: "x", count: 1000) + "\($0)", to: work, token: $0)
                    },
                    completion: probe.completion)
                try await probe.wait(for: 100)
                try await blocking { try node.kill() }
                try await probe.wait(for: 20_000)
                let outcomes = probe.outcomes()
                #expect(outcomes.count == 20_000)
                try await blocking { try node.start() }
                try await wait(for: broker, "connected", isConnected)
                let inQueue = ConsumerProbe()
                _ = try await broker.consume(.named(work), prefetch: 0, handler: inQueue.handler)
                let confirmed = outcomes.filter { $0.value == .confirmed }.count
                try await inQueue.waitForDeliveries(confirmed)
                for delivery in inQueue.deliveries {
                    let token = try #require(UInt64(String(decoding: delivery.body.dropFirst(1000), as: UTF8.self)))
                    #expect(outcomes[token] == .confirmed || outcomes[token] == .inDoubt)
                }
            }
        }
    }

    @Test("Wrong password and missing virtual host end the first connection")
    func refusedLogin() async throws {
        let url = try AMQPURL(try await Node.url)
        for (text, word) in [
            ("amqp://guest:wr0ng@\(url.address)/%2F", "ACCESS_REFUSED"),
            ("amqp://guest:\(url.password.text)@\(url.address)/nowhere", "nowhere"),
        ] {
            let broker = try broker(text)
            let error = await #expect(throws: BrokerError.self) { try await broker.run() }
            #expect(error?.code == .accessRefused)
            let description = try #require(error?.description)
            #expect(description.contains(word) && description.contains(url.address))
            #expect(description.contains("TASKER_AMQP_URL"))
            #expect(!description.contains("wr0ng"))
            await #expect(throws: BrokerError.self) { try await broker.declare(queue("x")) }
        }
    }

    @Test("10 000 messages through a small window and a small prefetch")
    func manyMessages() async throws {
        let name = "many-\(UInt64.random(in: 0...UInt64.max))"
        let broker = try broker(try await Node.url, window: 256)
        try await running(broker) {
            try await broker.declare(queue(name))
            let probe = ConsumerProbe()
            _ = try await broker.consume(.named(name), prefetch: 200) { event in
                probe.handler(event)
                if case .deliveries(let deliveries) = event { broker.acknowledge(deliveries.map(\.tag)) }
            }
            try await broker.publishConfirmed((0..<10_000).map { "\($0)" }, to: name)
            try await probe.waitForDeliveries(10_000)
            #expect(probe.bodies == (0..<10_000).map { "\($0)" })
            try await broker.waitForReady(0, in: name)
        }
    }

    @Test("Blocked by a memory alarm: nothing is sent, acks go on")
    func memoryAlarm() async throws {
        try await Node.withDisturbed { node in
            let broker = try broker(node.url)
            try await running(broker) {
                try await broker.declare(queue(work, .classic))
                try await broker.publishConfirmed(["a", "b"], to: work)
                let probe = ConsumerProbe()
                _ = try await broker.consume(.named(work), prefetch: 1, handler: probe.handler)
                try await probe.waitForDeliveries(1)
                try await blocking { _ = try node.ctl("set_vm_memory_high_watermark", "0") }

                // The broker tells a connection when that publishes; this one message waits there.
                let first = PublishProbe()
                broker.publish([OutgoingMessage("c", to: work, token: 1)], completion: first.completion)
                try await wait(for: broker, "blocked") { state in
                    guard case .blocked(let reason) = state else { return false }
                    return reason.contains("memory")
                }
                #expect(try await broker.publishAndWait([OutgoingMessage("d", to: work, token: 2)]) == [2: .notSent])
                #expect(first.all.isEmpty)
                broker.acknowledge(probe.deliveries.map(\.tag))
                try await probe.waitForDeliveries(2)

                try await blocking { _ = try node.ctl("set_vm_memory_high_watermark", "0.4") }
                try await wait(for: broker, "connected", isConnected)
                try await first.wait(for: 1)
                #expect(first.outcomes() == [1: .confirmed])
                try await broker.publishConfirmed(["e"], to: work)
            }
        }
    }

    @Test("A large wave into a blocked broker: shutdown still ends in time")
    func shutdownWhileBlocked() async throws {
        try await Node.withDisturbed { node in
            let broker = try broker(node.url)
            let probe = PublishProbe()
            let run = Task { try await broker.run() }
            try await wait(for: broker, "connected", isConnected)
            try await broker.declare(queue(work, .classic))
            try await blocking { _ = try node.ctl("set_vm_memory_high_watermark", "0") }
            let body = [UInt8](repeating: 1, count: 1 << 20)
            broker.publish(
                (0..<64).map {
                    OutgoingMessage(token: $0, routingKey: work, properties: MessageProperties(), body: body)
                }, completion: probe.completion)
            try await wait(for: broker, "blocked") { if case .blocked = $0 { true } else { false } }
            await broker.shutdown(timeout: .milliseconds(100))
            try await run.value
            try await probe.wait(for: 64)
            #expect(probe.outcomes().values.allSatisfy { $0 == .inDoubt || $0 == .notSent })
            try await blocking { _ = try node.ctl("set_vm_memory_high_watermark", "0.4") }
        }
    }

    @Test("A queue that is deleted: the consumer is told and starts again")
    func deletedQueue() async throws {
        try await Node.withDisturbed { node in
            let broker = try broker(node.url)
            try await running(broker) {
                try await broker.declare(queue(work))
                let probe = ConsumerProbe()
                _ = try await broker.consume(.named(work), prefetch: 1, handler: probe.handler)
                try await blocking { _ = try node.ctl("delete_queue", work) }
                try await probe.waitForStarts(2)
                #expect(probe.losses.count == 1)
                try await broker.publishConfirmed(["again"], to: work)
                try await probe.waitForDeliveries(1)
            }
        }
    }

    @Test("A deleted queue is declared and consumed again at once, not at the connection's next sign of life")
    func deletedQueueComesBackAtOnce() async throws {
        let url = try await Node.url
        let (worker, tool) = (try broker(url, heartbeat: .seconds(600)), try broker(url, name: "tool"))
        try await running(worker) {
            try await running(tool) {
                try await worker.declare(queue(work))
                let probe = ConsumerProbe()
                _ = try await worker.consume(.named(work), prefetch: 1, handler: probe.handler)
                try await tool.delete(queue(work))
                try await probe.waitForStarts(2)
                try await tool.publishConfirmed(["again"], to: work)
                try await probe.waitForDeliveries(1)
            }
        }
    }

    @Test("Deleting: what is in it goes, too; what is not there is passed over; nothing is declared again")
    func deleting() async throws {
        let broker = try broker(try await Node.url)
        try await running(broker) {
            let exchange = TopologyItem.exchange(name: other, kind: .fanout)
            let binding = TopologyItem.binding(queue: work, exchange: other, routingKey: "")
            try await broker.declare(queue(work) + [exchange, binding])
            try await broker.publishConfirmed(["a", "b"], to: work)
            try await broker.delete(queue(work) + [binding, exchange] + queue("\(work)-never"))
            #expect(try await broker.inspect(queue: work) == nil)
            broker.dropConnections()
            try await eventually("another connection") {
                do { return try await broker.inspect(queue: work) == nil } catch let error as BrokerError
                    where error.code == .disconnected
                { return false }
            }
            try await broker.declare(queue(work))
            #expect(try await broker.inspect(queue: work)?.ready == 0)
            try await broker.delete(queue(work))
        }
    }

    @Test("A delivery held longer than the broker allows: only its consumer is lost")
    func consumerTimeout() async throws {
        // RabbitMQ looks once a minute.
        try await Node.withDisturbed { node in
            for setting in ["consumer_timeout, 1000", "channel_tick_interval, 500"] {
                _ = try await blocking { try node.ctl("eval", "application:set_env(rabbit, \(setting)).") }
            }
            let broker = try broker(node.url)
            try await running(broker) {
                try await broker.declare(queue(work) + queue(other))
                let (held, idle) = (ConsumerProbe(), ConsumerProbe())
                _ = try await broker.consume(.named(work), prefetch: 1, handler: held.handler)
                _ = try await broker.consume(.named(other), prefetch: 1, handler: idle.handler)
                try await broker.publishConfirmed(["x"], to: work)
                try await held.waitForDeliveries(2)
                #expect(held.deliveries[1].wasDeliveredBefore)
                #expect(held.losses == [held.deliveries[0].tag.epoch])
                #expect(idle.losses.isEmpty)
                broker.acknowledge(held.deliveries.map(\.tag))
                try await broker.waitForReady(0, in: work)
            }
            try await blocking { try node.restart() }
        }
    }

    @Test("The connections have names, capabilities and heartbeats")
    func clientProperties() async throws {
        try await Node.withDisturbed { node in
            let broker = try broker(node.url, heartbeat: .seconds(7), name: "tasker-test-ü")
            try await running(broker) {
                let listing = try await blocking {
                    try node.ctl("list_connections", "--quiet", "name", "timeout", "client_properties")
                }
                #expect(listing.contains("tasker-test-ü (publisher)") || listing.contains("(publisher)"))
                #expect(listing.contains("(consumer)"))
                #expect(listing.contains("\t7\t"))
                for capability in ["connection.blocked", "consumer_cancel_notify", "authentication_failure_close"] {
                    #expect(listing.contains(capability))
                }
            }
        }
    }

    @Test("Heartbeats keep an idle connection, and their absence ends it")
    func heartbeats() async throws {
        try await Node.withDisturbed { node in
            let broker = try broker(node.url, heartbeat: .seconds(1))
            try await running(broker) {
                let probe = ConsumerProbe()
                try await broker.declare(queue(work))
                _ = try await broker.consume(.named(work), prefetch: 1, handler: probe.handler)
                // The node stands still, as a machine that has lost its network does.
                try await blocking { try node.signal(SIGSTOP) }
                try await wait(for: broker, "disconnected") { state in
                    guard case .disconnected(let reason) = state else { return false }
                    return reason.contains("no sign of life") || reason.contains("did not answer")
                }
                try await blocking { try node.signal(SIGCONT) }
                try await wait(for: broker, "connected", isConnected)
                try await broker.publishConfirmed(["x"], to: work)
                try await probe.waitForDeliveries(1)
            }
        }
    }
}
