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
    /// The consumer runs; its deliveries carry `epoch`, a fresh number at each start. For an own queue `queue` is the name the server gave it.
    case started(epoch: UInt64, queue: String)
    case deliveries([Delivery])
    /// The connection, the channel or the consumer ended; the tags of `epoch` are worthless now. It starts again by itself.
    case lost(epoch: UInt64, reason: String)
}
