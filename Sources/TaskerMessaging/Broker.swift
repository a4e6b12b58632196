import TaskerProtocol

/// A message broker as the orchestrator and the workers need it: durable queues, publisher confirms, manual acks,
/// redelivery. Implementations: `AMQPBroker` (RabbitMQ) and ``InMemoryBroker`` (the same semantics in a process), both
/// behind one conformance suite.
///
/// A broker reconnects for ever by itself. It declares what was declared before and starts its consumers again; what it
/// never does is to publish a message a second time.
public protocol Broker: Sendable {
    /// Runs the connections until the surrounding task is cancelled or ``shutdown()`` is called.
    /// - Throws: ``BrokerError`` `accessRefused` when the credentials or the virtual host are refused at the first
    ///   connection; everything else is retried for ever.
    func run() async throws

    /// Connection state, the current one first. Each call gives an independent subscription.
    func stateChanges() -> AsyncStream<BrokerState>

    /// Declares queues, exchanges and bindings now and after every reconnect. Returns when the broker has accepted them,
    /// waiting for a connection if there is none.
    /// - Throws: ``BrokerError`` `preconditionFailed` when something of that name exists with other arguments,
    ///   `accessRefused`, `cancelled`.
    func declare(_ topology: [TopologyItem]) async throws

    /// Hands messages over for publishing with confirms; returns at once. `completion` gets the outcome of each message
    /// exactly once, in groups as they arrive, on a thread of the broker: it must only hand them on.
    /// A message is refused (`notSent`) while there is no usable connection (away, or blocked by the broker).
    func publish(_ messages: [OutgoingMessage], completion: @escaping @Sendable ([PublishResult]) -> Void)

    /// Starts a consumer with manual acks; it is started again after every reconnect until cancelled. `handler` is
    /// called on a thread of the broker with everything that has arrived: it must only hand it on.
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

    /// Ready messages and consumers of a queue (a passive declare), nil when it does not exist.
    /// - Throws: ``BrokerError`` `disconnected`.
    func inspect(queue: String) async throws -> QueueFigures?

    /// Drops all ready messages of a queue.
    func purge(queue: String) async throws

    /// Waits until publishes handed over before have an outcome and acks are written, at most `timeout`, then closes the
    /// connections; ``run()`` returns.
    func shutdown(timeout: Duration) async
}

public enum BrokerState: Sendable, Hashable {
    /// Publishing and consuming work. `epoch` grows with every connection made.
    case connected(epoch: UInt64)
    /// Connected, but the broker takes no publishes (memory or disk alarm).
    case blocked(reason: String)
    case disconnected(reason: String)
}

public struct OutgoingMessage: Sendable {
    /// Handed back with the outcome.
    public var token: UInt64
    /// Empty: the default exchange, the routing key is the queue's name.
    public var exchange: String
    public var routingKey: String
    /// Hand the message back when no queue takes it.
    public var isMandatory: Bool
    public var properties: MessageProperties
    public var body: [UInt8]

    public init(
        token: UInt64, exchange: String = "", routingKey: String, isMandatory: Bool = true,
        properties: MessageProperties, body: [UInt8]
    ) {
        self.token = token
        self.exchange = exchange
        self.routingKey = routingKey
        self.isMandatory = isMandatory
        self.properties = properties
        self.body = body
    }
}

public struct MessageProperties: Sendable, Hashable {
    public var contentType: String?
    /// Delivery mode 2.
    public var isPersistent: Bool
    public var messageID: String?
    public var correlationID: String?
    public var type: String?
    public var replyTo: String?
    public var appID: String?
    /// Whole seconds since the epoch.
    public var timestamp: Int64?
    public var headers: [String: HeaderValue]

    public init(
        contentType: String? = "application/json", isPersistent: Bool = true, messageID: String? = nil,
        correlationID: String? = nil, type: String? = nil, replyTo: String? = nil, appID: String? = nil,
        timestamp: Int64? = nil, headers: [String: HeaderValue] = [:]
    ) {
        self.contentType = contentType
        self.isPersistent = isPersistent
        self.messageID = messageID
        self.correlationID = correlationID
        self.type = type
        self.replyTo = replyTo
        self.appID = appID
        self.timestamp = timestamp
        self.headers = headers
    }
}

/// An AMQP field value, as far as headers and arguments need it.
public enum HeaderValue: Sendable, Hashable {
    case string(String)
    case integer(Int64)
    case bool(Bool)
}

public struct PublishResult: Sendable, Hashable {
    public var token: UInt64
    public var outcome: PublishOutcome

    public init(token: UInt64, outcome: PublishOutcome) {
        self.token = token
        self.outcome = outcome
    }
}

public enum PublishOutcome: Sendable, Hashable {
    /// The broker has it.
    case confirmed
    /// No queue took it; the broker handed it back (and so has no copy).
    case returned(code: Int, text: String)
    /// The broker refused responsibility; it may or may not have a copy.
    case nacked
    /// The connection ended after the message was, or may have been, written and before its confirm.
    case inDoubt
    /// Never written: there was no usable connection.
    case notSent
}

/// Names one delivery on one connection. After that connection has ended an ack of it does nothing.
public struct DeliveryTag: Sendable, Hashable {
    public var epoch: UInt64
    public var consumer: ConsumerID
    public var tag: UInt64

    public init(epoch: UInt64, consumer: ConsumerID, tag: UInt64) {
        self.epoch = epoch
        self.consumer = consumer
        self.tag = tag
    }
}

public struct Delivery: Sendable {
    public var tag: DeliveryTag
    public var body: [UInt8]
    public var properties: MessageProperties
    /// The broker's `redelivered` flag.
    public var isRedelivered: Bool
    /// Header `x-delivery-count` of quorum queues.
    public var deliveryCount: Int64?
    public var exchange: String
    public var routingKey: String

    public init(
        tag: DeliveryTag, body: [UInt8], properties: MessageProperties, isRedelivered: Bool, deliveryCount: Int64?,
        exchange: String, routingKey: String
    ) {
        self.tag = tag
        self.body = body
        self.properties = properties
        self.isRedelivered = isRedelivered
        self.deliveryCount = deliveryCount
        self.exchange = exchange
        self.routingKey = routingKey
    }

    /// Delivered before, by either sign of it (wire protocol, 6.2).
    public var wasDeliveredBefore: Bool { isRedelivered || (deliveryCount ?? 0) >= 1 }
}

public struct ConsumerID: Sendable, Hashable {
    public var value: UInt64
    public init(_ value: UInt64) { self.value = value }
}

public enum ConsumedQueue: Sendable, Hashable {
    case named(String)
    /// A queue of this connection's own: server-named, exclusive, auto-delete, not durable, consumed without acks, and
    /// bound to `exchange` when one is given. Made anew after every reconnect.
    case ownExclusive(boundTo: String?)
}

public enum ConsumerEvent: Sendable {
    /// The consumer runs on the connection `epoch`. For an own queue `queue` is the name the server gave it.
    case started(epoch: UInt64, queue: String)
    case deliveries([Delivery])
    /// The connection, the channel or the consumer ended; the tags of `epoch` are worthless now. It starts again by itself.
    case lost(epoch: UInt64, reason: String)
}

public struct QueueFigures: Sendable, Hashable {
    public var ready: Int
    public var consumers: Int

    public init(ready: Int, consumers: Int) {
        self.ready = ready
        self.consumers = consumers
    }
}

public enum TopologyItem: Sendable, Hashable {
    case queue(name: String, arguments: [String: HeaderValue])
    case exchange(name: String, kind: ExchangeKind)
    case binding(queue: String, exchange: String, routingKey: String)
}

public enum ExchangeKind: String, Sendable {
    case fanout, topic, direct
}

/// What the broker would not do. `description` says what happened and what to do about it.
public struct BrokerError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// A queue or exchange exists with other arguments (AMQP 406).
        case preconditionFailed
        /// No such queue (AMQP 404).
        case notFound
        /// Wrong credentials, no such virtual host, no permission (AMQP 403).
        case accessRefused
        /// Another consumer holds the queue exclusively (AMQP 405).
        case resourceLocked
        case disconnected
        case cancelled
        /// The URL cannot be used.
        case invalidURL
        /// TLS could not be set up or the certificate was refused.
        case tls
        case unexpected
    }

    public var code: Code
    /// What happened, with the broker's own text.
    public var message: String
    /// What to do about it.
    public var remedy: String?

    public init(_ code: Code, _ message: String, remedy: String? = nil) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    public var description: String { remedy.map { "\(message). \($0)" } ?? message }
}
