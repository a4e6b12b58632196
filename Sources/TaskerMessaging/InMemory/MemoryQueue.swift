import TaskerProtocol

/// A message as the in-memory broker keeps it.
struct StoredMessage: Sendable {
    var exchange: String
    var routingKey: String
    var properties: MessageProperties
    var body: [UInt8]
    /// Place in its queue; kept when the message comes back.
    var position: UInt64 = 0
    var isRedelivered = false
    var deliveryCount: Int64 = 0
    /// Queues that have dead-lettered it, so that a cycle ends.
    var deaths: Set<String> = []
}

/// Names a consumer of a client on the server.
struct ConsumerKey: Sendable, Hashable {
    var client: UInt64
    var consumer: ConsumerID
}

/// A queue: ready messages in order and who consumes it. What is delivered and not acked is kept by the consumer.
struct MemoryQueue: Sendable {
    let name: String
    let arguments: [String: HeaderValue]
    /// Set for a server-named exclusive queue: it goes with this client's connection.
    var owner: UInt64?
    var ready = FIFO<StoredMessage>()
    /// In the order in which they came; with a single active consumer the first is the active one.
    var consumers: [ConsumerKey] = []
    private var lastPosition: UInt64 = 0

    init(name: String, arguments: [String: HeaderValue], owner: UInt64? = nil) {
        self.name = name
        self.arguments = arguments
        self.owner = owner
    }

    var isQuorum: Bool { arguments["x-queue-type"] == .string(QueueType.quorum.rawValue) }
    var hasSingleActiveConsumer: Bool { arguments["x-single-active-consumer"] == .bool(true) }
    var deadLetterExchange: String? {
        guard case .string(let name)? = arguments["x-dead-letter-exchange"] else { return nil }
        return name
    }
    var deadLetterRoutingKey: String? {
        guard case .string(let name)? = arguments["x-dead-letter-routing-key"] else { return nil }
        return name
    }

    private func integer(_ argument: String) -> Int64? {
        guard case .integer(let value)? = arguments[argument] else { return nil }
        return value
    }
    var maximumLength: Int64? { integer("x-max-length") }
    var deliveryLimit: Int64? { isQuorum ? integer("x-delivery-limit") : nil }

    mutating func enqueue(_ message: StoredMessage) {
        lastPosition += 1
        var message = message
        message.position = lastPosition
        message.isRedelivered = false
        message.deliveryCount = 0
        ready.push(message)
    }

    /// What a full queue drops from its head.
    mutating func takeOverflow() -> [StoredMessage] {
        guard let maximumLength else { return [] }
        var dropped: [StoredMessage] = []
        while ready.count > maximumLength, let message = ready.pop() { dropped.append(message) }
        return dropped
    }

    /// Puts unacked messages back where they were, flagged as redelivered.
    /// - Returns: those that have come back more often than the delivery limit allows.
    mutating func takeBack(_ messages: [StoredMessage]) -> [StoredMessage] {
        var kept: [StoredMessage] = []
        var exhausted: [StoredMessage] = []
        for var message in messages {
            message.isRedelivered = true
            if isQuorum { message.deliveryCount += 1 }
            if let deliveryLimit, message.deliveryCount > deliveryLimit {
                exhausted.append(message)
            } else {
                kept.append(message)
            }
        }
        ready = FIFO((kept + ready.elements).sorted { $0.position < $1.position })
        return exhausted
    }
}
