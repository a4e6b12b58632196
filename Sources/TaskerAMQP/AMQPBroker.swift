import Logging
import Synchronization
import TaskerMessaging

/// RabbitMQ (AMQP 0-9-1) through librabbitmq.
///
/// Two connections with a thread each, one for publishing and one for everything else: a broker that blocks publishers
/// does not stop acks. All calls are thread safe.
public final class AMQPBroker: Broker {
    let configuration: AMQPConfiguration
    let logger: Logger
    let publishing = ConnectionLoop<PublisherRole>.Control()
    let consuming = ConnectionLoop<ConsumerRole>.Control()
    let numbers = Counter()
    let states = StateBroadcast(.disconnected(reason: "not connected yet"))
    let links: Mutex<Links>

    /// Only makes the object; ``run()`` connects.
    public init(_ configuration: AMQPConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        links = Mutex(Links())
    }

    public func stateChanges() -> AsyncStream<BrokerState> { states.stream() }

    public var serverVersion: String? { links.withLock { $0.serverVersion } }

    // MARK: Publishing

    public func publish(_ messages: [OutgoingMessage], completion: @escaping @Sendable ([PublishResult]) -> Void) {
        guard !messages.isEmpty else { return }
        let command = PublisherRole.Command(messages: messages, completion: completion)
        guard !publishing.queue.push(command, onlyIfOpen: true) else { return }
        // The connection's thread may be busy connecting.
        Task {
            completion(messages.map { PublishResult(token: $0.token, outcome: .notSent) })
        }
    }

    // MARK: Topology

    public func declare(_ topology: [TopologyItem]) async throws {
        if let name = topology.lazy.compactMap(\.tooLongName).first {
            throw BrokerError(
                .unexpected, "'\(name)' cannot be a name on the broker: it has more than 255 bytes",
                remedy: "Choose a shorter one")
        }
        try await ask { .declare(topology, $0) }
    }

    public func inspect(queue: String) async throws -> QueueFigures? {
        guard queue.utf8.count <= 255 else { return nil }
        try requireConnection()
        return try await ask { .inspect(queue, $0) }
    }

    public func purge(queue: String) async throws {
        guard queue.utf8.count <= 255 else { return }
        try requireConnection()
        try await ask { .purge(queue, $0) }
    }

    /// Deletes queues and exchanges, with what is in them, and no longer declares them after a reconnect; bindings end
    /// with either. What is not there is passed over. For tools and tests: services never delete.
    /// - Throws: ``BrokerError`` `disconnected`, `accessRefused`.
    package func delete(_ topology: [TopologyItem]) async throws {
        try requireConnection()
        try await ask { .delete(topology, $0) }
    }

    // MARK: Consuming

    public func consume(
        _ queue: ConsumedQueue, prefetch: Int, handler: @escaping @Sendable (ConsumerEvent) -> Void
    ) async throws -> ConsumerID {
        let id = ConsumerID(numbers.next())
        do {
            try await ask { started in
                .consume(
                    ConsumerRole.NewConsumer(
                        id: id, spec: queue, prefetch: prefetch, handler: handler, started: started))
            }
        } catch {
            // The caller was cancelled and has no id to cancel it with.
            await cancel(id)
            throw error
        }
        return id
    }

    public func cancel(_ consumer: ConsumerID) async {
        let done = Promise<Void>()
        guard send(.cancel(consumer, done)) else { return }
        try? await done.uncancellableValue()
    }

    public func acknowledge(_ deliveries: [DeliveryTag]) {
        guard !deliveries.isEmpty else { return }
        _ = send(.acknowledge(deliveries))
    }

    // MARK: Commands

    private func ask<Value>(_ command: (Promise<Value>) -> ConsumerRole.Command) async throws -> Value {
        let promise = Promise<Value>()
        guard send(command(promise)) else { throw BrokerError.shutDown("it had an answer") }
        return try await promise.value()
    }

    /// Its thread answers the same, but not while it connects.
    private func requireConnection() throws {
        guard case .down(let reason) = links.withLock({ $0.consumer }) else { return }
        throw BrokerError(.disconnected, "there is no connection to the broker: \(reason)")
    }

    /// - Returns: false after the end of the connection's thread; then nobody would answer.
    private func send(_ command: ConsumerRole.Command) -> Bool {
        links.withLock { links in
            guard !links.hasConsumerEnded else { return false }
            consuming.queue.push(command)
            return true
        }
    }
}

extension AMQPBroker {
    /// Breaks both connections as a network failure would; they are made again at once. For tests.
    package func dropConnections(reason: String = "connection reset") {
        publishing.drop(reason: reason)
        consuming.drop(reason: reason)
    }
}
