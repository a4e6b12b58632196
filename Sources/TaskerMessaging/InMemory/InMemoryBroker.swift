import TaskerProtocol

/// A client of an ``InMemoryBrokerServer``, with the semantics of a connection to RabbitMQ. See the server for how calls
/// and callbacks follow each other.
public final class InMemoryBroker: Broker {
    public let server: InMemoryBrokerServer
    private let id: UInt64
    private let broadcast = StateBroadcast(.disconnected(reason: "not connected yet"))

    /// - Parameter name: for messages to people.
    public init(server: InMemoryBrokerServer, name: String = "client") {
        self.server = server
        let broadcast = broadcast
        id = server.perform { state in
            let id = state.nextNumber()
            state.clients[id] = MemoryClient(name: name, broadcast: broadcast)
            return id
        }
    }

    // MARK: What tests do to it

    /// Connects without ``run()``; when the server is stopped, as soon as it starts.
    /// - Throws: ``BrokerError`` `accessRefused`.
    public func connect() throws(BrokerError) {
        try server.perform { (state) throws(BrokerError) in try state.connect(id) }
    }

    /// Breaks the connection and makes a new one at once: unacked messages are delivered again, and publishes without a
    /// confirm are in doubt.
    public func cut(reason: String = "connection reset") {
        server.perform { state in
            state.disconnect(id, reason: reason)
            state.establish(id)
        }
    }

    /// Ends it as kill -9 ends a process: no callback runs any more, not even those that are due.
    public func crash() {
        server.perform { $0.end(id, crash: true) }
    }

    // MARK: Broker

    public func run() async throws {
        let ended = Promise<Void>()
        try server.perform { (state) throws(BrokerError) in
            guard state.clients[id]?.isEnded == false else { return ended.fulfil(()) }
            try state.connect(id)
            state.clients[id]?.onEnd.append(ended)
        }
        // Only the caller's cancellation fails it.
        if (try? await ended.value()) == nil { server.perform { $0.end(id, crash: false) } }
    }

    public func stateChanges() -> AsyncStream<BrokerState> { broadcast.stream() }

    /// It is a part of this process and has no version of its own.
    public var serverVersion: String? { nil }

    public func declare(_ topology: [TopologyItem]) async throws {
        try await whenConnected("the declaration") { [id] state, answer in
            do throws(BrokerError) {
                for item in topology {
                    try state.declare(item)
                    if state.clients[id]?.topology.contains(item) == false { state.clients[id]?.topology.append(item) }
                }
                answer.fulfil(())
            } catch {
                answer.fail(error)
            }
        }
    }

    public func publish(_ messages: [OutgoingMessage], completion: @escaping @Sendable ([PublishResult]) -> Void) {
        guard !messages.isEmpty else { return }
        server.perform { $0.publish(messages, client: id, completion: completion) }
    }

    public func consume(
        _ queue: ConsumedQueue, prefetch: Int, handler: @escaping @Sendable (ConsumerEvent) -> Void
    ) async throws -> ConsumerID {
        try await whenConnected("the consumer was started") { [id] state, answer in
            let consumer = ConsumerID(state.nextNumber())
            let name = if case .named(let name) = queue { name } else { "" }
            state.clients[id]?.consumers[consumer] = MemoryClient.Consumer(
                spec: queue, prefetch: prefetch, handler: handler, queue: name)
            state.clients[id]?.consumerOrder.append(consumer)
            do throws(BrokerError) {
                try state.start(ConsumerKey(client: id, consumer: consumer))
                answer.fulfil(consumer)
            } catch {
                state.forget(consumer, client: id)
                answer.fail(error)
            }
        }
    }

    public func cancel(_ consumer: ConsumerID) async {
        let done = Promise<Void>()
        server.perform { state in
            state.cancel(ConsumerKey(client: id, consumer: consumer))
            // Behind the deliveries that are on their way to the handler.
            state.emit { done.fulfil(()) }
        }
        try? await done.uncancellableValue()
    }

    public func acknowledge(_ deliveries: [DeliveryTag]) {
        server.perform { $0.acknowledge(deliveries, client: id) }
    }

    public func inspect(queue: String) async throws -> QueueFigures? {
        try requireConnection { state in
            state.queues[queue].map { QueueFigures(ready: $0.ready.count, consumers: $0.consumers.count) }
        }
    }

    public func purge(queue: String) async throws {
        try requireConnection { state in state.queues[queue]?.ready = FIFO() }
    }

    public func shutdown(timeout: Duration) async {
        let done = Promise<Void>()
        server.perform { state in
            state.end(id, crash: false)
            state.emit { done.fulfil(()) }
        }
        try? await done.uncancellableValue()
    }

    // MARK: Connection

    private func requireConnection<Value: Sendable>(_ action: (inout ServerState) -> Value) throws -> Value {
        try server.perform { (state) throws(BrokerError) in
            guard state.clients[id]?.epoch != nil else {
                throw BrokerError(.disconnected, "there is no connection to the in-memory broker")
            }
            return action(&state)
        }
    }

    private func whenConnected<Value: Sendable>(
        _ doing: String, _ action: @escaping @Sendable (inout ServerState, Promise<Value>) -> Void
    ) async throws -> Value {
        let answer = Promise<Value>()
        server.perform { state in
            guard let client = state.clients[id], !client.isEnded else {
                return answer.fail(BrokerError.shutDown(doing))
            }
            if client.epoch != nil { return action(&state, answer) }
            state.clients[id]?.waiting.append { [id] state in
                if state.clients[id]?.epoch != nil {
                    action(&state, answer)
                } else {
                    answer.fail(BrokerError.shutDown(doing))
                }
            }
        }
        return try await answer.value()
    }
}
