import TaskerMessaging
import TaskerProtocol

@testable import TaskerOrchestrator

extension SimulatedOrchestrator {
    private static let consumer = ConsumerID(1)

    /// Opens one of its two connections, again and again until it works.
    func connect(_ isPublishing: Bool, try number: Int = 0) {
        guard let process else { return }
        guard let connection = world.broker.connect(self) else {
            let pause = min(30 * second, 500 * millisecond << Int64(min(number, 6)))
            return during(random.microseconds(pause / 2...pause)) { _ in self.connect(isPublishing, try: number + 1) }
        }
        let names = settings.names
        if isPublishing {
            process.publishing = connection
            process.link.isUsable = true
            process.epoch += 1
            let epoch = process.epoch
            world.broker.write(connection) {
                for name in [names.dead, names.workers, names.requests, names.results(0)] {
                    self.world.broker.declare(name)
                }
                self.world.broker.tell(connection) {
                    // Blocked from the first moment on, perhaps.
                    let isUsable = process.link.isUsable
                    self.push(.broker(isUsable ? .connected(epoch: epoch) : .blocked(reason: "memory")), .other)
                }
            }
        } else {
            process.consuming = connection
            consume(connection)
        }
    }

    private func consume(_ connection: SimulatedConnection) {
        let names = settings.names
        world.broker.write(connection) {
            // Its own queues are declared on both connections.
            for name in [names.dead, names.workers, names.requests, names.results(0)] {
                self.world.broker.declare(name)
            }
            self.world.broker.tell(connection) { self.push(.reading(true), .other) }
            self.world.broker.consume(connection, names.results(0), prefetch: self.settings.resultsPrefetch)
            self.world.broker.consume(connection, names.requests, prefetch: self.settings.requestsPrefetch)
            self.world.broker.consume(connection, names.workers, prefetch: self.settings.workersPrefetch)
        }
    }

    // MARK: - SimulatedClient

    func delivered(_ message: SimulatedMessage, tag: UInt64, queue: String, on connection: SimulatedConnection) {
        guard let process, connection === process.consuming else { return }
        let source: Input.Source =
            queue == settings.names.requests ? .requests : queue == settings.names.workers ? .workers : .results
        let tag = DeliveryTag(epoch: UInt64(connection.number), consumer: Self.consumer, tag: tag)
        process.link.delivered(tag, message.about)
        if process.inbox.count > settings.resultsPrefetch + settings.requestsPrefetch + settings.workersPrefetch + 500 {
            world.ledger.fail("invariant 9: \(process.inbox.count) inputs wait")
        }
        push(
            .delivery(
                source,
                Delivery(
                    tag: tag, body: message.body, properties: message.properties,
                    isRedelivered: message.deliveryCount > 0, deliveryCount: Int64(message.deliveryCount),
                    exchange: message.exchange, routingKey: message.routingKey)), message.about)
    }

    func published(_ token: UInt64, _ outcome: PublishOutcome, on connection: SimulatedConnection) {
        guard let process, connection === process.publishing, process.tokens.remove(token) != nil else { return }
        process.link.heard(token, outcome)
        push(.published([PublishResult(token: token, outcome: outcome)]), .other)
    }

    func notified(_ body: [UInt8], type: String?, on connection: SimulatedConnection) {}

    func blocked(_ isBlocked: Bool, on connection: SimulatedConnection) {
        guard let process, connection === process.publishing else { return }
        process.link.isUsable = !isBlocked
        push(.broker(isBlocked ? .blocked(reason: "memory") : .connected(epoch: process.epoch)), .other)
    }

    func lost(_ connection: SimulatedConnection) {
        guard let process else { return }
        if connection === process.publishing {
            process.publishing = nil
            process.link.isUsable = false
            let doubtful = process.tokens.sorted().map { PublishResult(token: $0, outcome: .inDoubt) }
            process.tokens = []
            for result in doubtful { process.link.heard(result.token, .inDoubt) }
            push(.broker(.disconnected(reason: "cut")), .other)
            if !doubtful.isEmpty { push(.published(doubtful), .other) }
            connect(true)
        } else if connection === process.consuming {
            process.consuming = nil
            push(.reading(false), .other)
            connect(false)
        }
    }
}
