/// Names one delivery on one connection. After that connection has ended an ack of it does nothing.
public struct DeliveryTag: Sendable, Hashable {
    /// That of ``ConsumerEvent/started(epoch:queue:)``: a fresh number at every start of every consumer.
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
