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
