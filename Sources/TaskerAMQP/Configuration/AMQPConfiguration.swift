/// Settings of an ``AMQPBroker``.
public struct AMQPConfiguration: Sendable {
    public var url: AMQPURL
    /// Shown by RabbitMQ's management tools; the two connections add ` (publisher)` and ` (consumer)`.
    public var connectionName: String
    /// The broker is taken for gone after two of them without a sign of life. Zero: no heartbeats.
    public var heartbeat: Duration
    /// Bytes of the largest AMQP frame; larger messages are several frames.
    public var frameMax: Int
    /// For each of name look-up and connect, TLS, login.
    public var connectTimeout: Duration
    /// The most messages that may be written and not yet confirmed; more wait in this process.
    public var publishWindow: Int
    /// The first attempt after a loss is made at once; the next ones after this, doubled each time with jitter.
    public var minimumReconnectDelay: Duration
    public var maximumReconnectDelay: Duration

    public init(
        url: AMQPURL, connectionName: String, heartbeat: Duration? = nil, frameMax: Int = 131_072,
        connectTimeout: Duration? = nil, publishWindow: Int = 4096,
        minimumReconnectDelay: Duration = .milliseconds(500), maximumReconnectDelay: Duration = .seconds(30)
    ) {
        self.url = url
        self.connectionName = connectionName
        self.heartbeat = heartbeat ?? url.heartbeatSeconds.map { .seconds($0) } ?? .seconds(30)
        self.frameMax = frameMax
        self.connectTimeout = connectTimeout ?? url.connectTimeoutMilliseconds.map { .milliseconds($0) } ?? .seconds(10)
        self.publishWindow = publishWindow
        self.minimumReconnectDelay = minimumReconnectDelay
        self.maximumReconnectDelay = maximumReconnectDelay
    }
}
