/// A message broker as the orchestrator and the workers need it: durable queues, publisher confirms, manual acks,
/// redelivery. Implementations: `AMQPBroker` (RabbitMQ) and ``InMemoryBroker`` (the same semantics in a process), both
/// behind one conformance suite.
///
/// A broker reconnects for ever by itself. It declares what was declared before and starts its consumers again; what it
/// never does is to publish a message a second time.
public protocol Broker: Sendable {
    /// Runs the connections until the surrounding task is cancelled or ``shutdown(timeout:)`` is called.
    /// - Throws: ``BrokerError`` `accessRefused` when the credentials or the virtual host are refused at the first
    ///   connection; everything else is retried for ever.
    func run() async throws

    /// Connection state, the current one first. Each call gives an independent subscription.
    func stateChanges() -> AsyncStream<BrokerState>

    /// The broker's version as it gave it at the last login, "3.13.7"; nil when it has not been met yet or tells none.
    var serverVersion: String? { get }

    /// Declares queues, exchanges and bindings now and after every reconnect. Returns when the broker has accepted them,
    /// waiting for a connection if there is none.
    /// - Throws: ``BrokerError`` `preconditionFailed` when something of that name exists with other arguments,
    ///   `accessRefused`, `cancelled`.
    func declare(_ topology: [TopologyItem]) async throws

    /// Hands messages over for publishing with confirms; returns at once. `completion` gets the outcome of each message
    /// exactly once, in groups as they arrive, on a thread of the broker: it must only hand them on.
    /// A message is refused (`notSent`) while there is no usable connection (away, or blocked by the broker).
    /// Do not hold a lock over this call that the completion needs: ``InMemoryBroker`` runs it before it returns.
    func publish(_ messages: [OutgoingMessage], completion: @escaping @Sendable ([PublishResult]) -> Void)

    /// Starts a consumer with manual acks; it is started again after every reconnect until cancelled. `handler` is
    /// called on a thread of the broker with everything that has arrived, possibly before this returns: it must only
    /// hand it on.
    /// - Parameter prefetch: the most deliveries that may be unacked, of this consumer alone; 0 = no limit. An own queue
    ///   is consumed without acks and without a limit.
    /// - Throws: ``BrokerError`` when the first start is refused (`preconditionFailed`, `notFound`, ...).
    func consume(
        _ queue: ConsumedQueue, prefetch: Int, handler: @escaping @Sendable (ConsumerEvent) -> Void
    ) async throws -> ConsumerID

    /// Stops deliveries to the consumer; what it holds unacked stays its own until acked or the connection ends.
    /// Returns when no delivery can come any more.
    func cancel(_ consumer: ConsumerID) async

    /// Acks deliveries, each on the connection it came from; those of a connection that is gone are dropped silently
    /// (the broker delivers them again).
    func acknowledge(_ deliveries: [DeliveryTag])

    /// Ready messages and consumers of a queue (a passive declare), nil when it does not exist. Its ready messages are
    /// those no consumer holds, so the figure may lag behind what happens at the same time.
    /// - Throws: ``BrokerError`` `disconnected`.
    func inspect(queue: String) async throws -> QueueFigures?

    /// Drops all ready messages of a queue.
    func purge(queue: String) async throws

    /// Waits until publishes handed over before have an outcome and acks are written, at most `timeout`, then closes the
    /// connections; ``run()`` returns. Whatever still waits for the broker ends with ``BrokerError`` `cancelled`.
    func shutdown(timeout: Duration) async
}

public enum BrokerState: Sendable, Hashable {
    /// Publishing and consuming work. `epoch` grows with every connection made; it is not the epoch of a delivery, as
    /// consumers have a connection of their own.
    case connected(epoch: UInt64)
    /// Connected, but the broker takes no publishes (memory or disk alarm).
    case blocked(reason: String)
    case disconnected(reason: String)
}
