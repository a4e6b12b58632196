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

/// AMQP carries at most 255 UTF-8 bytes in each of the texts (header names included): a longer optional one is left out,
/// as the body repeats what matters. On what is received, header values of other types than ``HeaderValue`` are left out.
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
