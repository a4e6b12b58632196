/// Everything an in-memory broker knows. Synchronous and without I/O: what it wants to tell clients it appends to
/// `events`, which ``InMemoryBrokerServer`` runs outside of its lock, in order.
struct ServerState: Sendable {
    enum Event: Sendable {
        case deliveries(ConsumerKey, [Delivery])
        case call(client: UInt64?, @Sendable () -> Void)
    }

    var isRunning = true
    var blockedReason: String?
    var refusal: String?
    var isDeliveryPaused = false
    var exchanges: [String: MemoryExchange] = [:]
    var queues: [String: MemoryQueue] = [:]
    var clients: [UInt64: MemoryClient] = [:]
    var publishFault: (@Sendable (OutgoingMessage) -> InMemoryPublishFault?)?
    var events = FIFO<Event>()
    /// Somebody is running the events.
    var isDraining = false
    private var lastNumber: UInt64 = 0

    /// For client ids, consumer ids, epochs and queue names: one counter, so all of them grow.
    mutating func nextNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    mutating func emit(to client: UInt64? = nil, _ call: @escaping @Sendable () -> Void) {
        events.push(.call(client: client, call))
    }

    // MARK: Messages in

    /// - Returns: the queues that took it, nil when there is no such exchange.
    private func route(exchange: String, routingKey: String) -> [String]? {
        if exchange.isEmpty { return queues[routingKey] == nil ? [] : [routingKey] }
        return exchanges[exchange]?.queues(routingKey: routingKey).filter { queues[$0] != nil }
    }

    /// Routes a message as the broker does once it has it, and delivers.
    mutating func accept(_ message: OutgoingMessage) -> PublishOutcome {
        guard let names = route(exchange: message.exchange, routingKey: message.routingKey) else {
            // AMQP closes the channel, and with it goes the confirm.
            return .inDoubt
        }
        if names.isEmpty {
            return message.isMandatory ? .returned(code: 312, text: "NO_ROUTE") : .confirmed
        }
        let stored = StoredMessage(
            exchange: message.exchange, routingKey: message.routingKey, properties: message.properties,
            body: message.body)
        for name in names { enqueue(stored, in: name) }
        return .confirmed
    }

    private mutating func enqueue(_ message: StoredMessage, in name: String) {
        guard queues[name] != nil else { return }
        queues[name]?.enqueue(message)
        // Before the overflow: a message a consumer takes at once does not count.
        deliver(name)
        for dropped in queues[name]?.takeOverflow() ?? [] { deadLetter(dropped, from: name, reason: "maxlen") }
    }

    mutating func deadLetter(_ message: StoredMessage, from name: String, reason: String) {
        guard let queue = queues[name], let exchange = queue.deadLetterExchange, !message.deaths.contains(name) else {
            return
        }
        let routingKey = queue.deadLetterRoutingKey ?? message.routingKey
        var message = message
        message.deaths.insert(name)
        if message.properties.headers["x-first-death-queue"] == nil {
            message.properties.headers["x-first-death-queue"] = .string(name)
            message.properties.headers["x-first-death-reason"] = .string(reason)
            message.properties.headers["x-first-death-exchange"] = .string(message.exchange)
        }
        let targets = route(exchange: exchange, routingKey: routingKey) ?? []
        message.exchange = exchange
        message.routingKey = routingKey
        for target in targets { enqueue(message, in: target) }
    }

    // MARK: Messages out

    /// Delivers what is ready, as far as the consumers' credit goes, round robin.
    mutating func deliver(_ name: String) {
        // Taken out while it changes, so that its messages are not copied.
        guard !isDeliveryPaused, var queue = queues.removeValue(forKey: name) else { return }
        while !queue.ready.isEmpty, let index = nextConsumer(of: queue), let message = queue.ready.pop() {
            let key = queue.consumers[index]
            if !queue.hasSingleActiveConsumer {
                queue.consumers.append(queue.consumers.remove(at: index))
            }
            hand(message, to: key)
        }
        queues[name] = queue
    }

    private func nextConsumer(of queue: MemoryQueue) -> Int? {
        let candidates = queue.hasSingleActiveConsumer ? queue.consumers.prefix(1) : queue.consumers[...]
        return candidates.firstIndex { clients[$0.client]?.consumers[$0.consumer]?.hasCredit == true }
    }

    private mutating func hand(_ message: StoredMessage, to key: ConsumerKey) {
        guard var consumer = clients[key.client]?.consumers[key.consumer], let epoch = consumer.epoch else { return }
        consumer.lastTag += 1
        if !consumer.acknowledgesByItself { consumer.unacked.append((consumer.lastTag, message)) }
        clients[key.client]?.consumers[key.consumer] = consumer

        var properties = message.properties
        if message.deliveryCount > 0 { properties.headers["x-delivery-count"] = .integer(message.deliveryCount) }
        let delivery = Delivery(
            tag: DeliveryTag(epoch: epoch, consumer: key.consumer, tag: consumer.lastTag), body: message.body,
            properties: properties, isRedelivered: message.isRedelivered,
            deliveryCount: message.deliveryCount > 0 ? message.deliveryCount : nil, exchange: message.exchange,
            routingKey: message.routingKey)
        if let last = events.last, case .deliveries(key, let group) = last {
            events.replaceLast(.deliveries(key, group + [delivery]))
        } else {
            events.push(.deliveries(key, [delivery]))
        }
    }

    mutating func acknowledge(_ tags: [DeliveryTag], client id: UInt64) {
        var affected: [String] = []
        for tag in tags {
            guard var consumer = clients[id]?.consumers[tag.consumer], consumer.epoch == tag.epoch,
                let index = consumer.unacked.firstIndex(where: { $0.tag == tag.tag })
            else { continue }
            consumer.unacked.remove(at: index)
            if consumer.isCancelled, consumer.unacked.isEmpty {
                forget(tag.consumer, client: id)
            } else {
                clients[id]?.consumers[tag.consumer] = consumer
            }
            if !affected.contains(consumer.queue) { affected.append(consumer.queue) }
        }
        for name in affected { deliver(name) }
    }

    mutating func forget(_ consumer: ConsumerID, client id: UInt64) {
        clients[id]?.consumers[consumer] = nil
        clients[id]?.consumerOrder.removeAll { $0 == consumer }
    }

    mutating func deliverAll() {
        for name in queues.keys.sorted() { deliver(name) }
    }
}
