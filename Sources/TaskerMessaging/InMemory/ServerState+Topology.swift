import TaskerProtocol

/// Declarations, checked as RabbitMQ checks them.
extension ServerState {
    mutating func declare(_ item: TopologyItem) throws(BrokerError) {
        switch item {
        case .queue(let name, let arguments): try declareQueue(name, arguments)
        case .exchange(let name, let kind): try declareExchange(name, kind)
        case .binding(let queue, let exchange, let routingKey): try bind(queue, exchange, routingKey)
        }
    }

    private mutating func declareQueue(_ name: String, _ arguments: [String: HeaderValue]) throws(BrokerError) {
        func refuse(_ text: String) -> BrokerError {
            .refused(.queue(name), replyCode: 406, text: "PRECONDITION_FAILED - \(text)")
        }
        if arguments["x-queue-type"] != .string(QueueType.quorum.rawValue), arguments["x-delivery-limit"] != nil {
            throw refuse("invalid arg 'x-delivery-limit' for queue '\(name)' in vhost '/' of queue type classic")
        }
        guard let existing = queues[name] else {
            queues[name] = MemoryQueue(name: name, arguments: arguments)
            startPendingConsumers(of: name)
            return
        }
        if existing.owner != nil {
            throw .refused(
                .queue(name), replyCode: 405,
                text: "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '\(name)' in vhost '/'")
        }
        for key in Set(existing.arguments.keys).union(arguments.keys).sorted() {
            let (wanted, current) = (arguments[key], existing.arguments[key])
            guard wanted != current else { continue }
            throw refuse(
                "inequivalent arg '\(key)' for queue '\(name)' in vhost '/': received "
                    + "\(Self.text(wanted)) but current is \(Self.text(current))")
        }
    }

    private static func text(_ value: HeaderValue?) -> String {
        switch value {
        case nil: "none"
        case .string(let string): "the value '\(string)' of type 'longstr'"
        case .integer(let number): "the value '\(number)' of type 'long'"
        case .bool(let bool): "the value '\(bool)' of type 'bool'"
        }
    }

    private mutating func declareExchange(_ name: String, _ kind: ExchangeKind) throws(BrokerError) {
        if let existing = exchanges[name], existing.kind != kind {
            throw .refused(
                .exchange(name), replyCode: 406,
                text: "PRECONDITION_FAILED - inequivalent arg 'type' for exchange '\(name)' in vhost '/': received "
                    + "'\(kind.rawValue)' but current is '\(existing.kind.rawValue)'")
        }
        if exchanges[name] == nil { exchanges[name] = MemoryExchange(kind: kind) }
    }

    private mutating func bind(_ queue: String, _ exchange: String, _ routingKey: String) throws(BrokerError) {
        func missing(_ what: String) -> BrokerError {
            .refused(
                .binding(queue: queue, exchange: exchange), replyCode: 404,
                text: "NOT_FOUND - no \(what) in vhost '/'")
        }
        guard queues[queue] != nil else { throw missing("queue '\(queue)'") }
        guard exchanges[exchange] != nil else { throw missing("exchange '\(exchange)'") }
        exchanges[exchange]?.bind(MemoryExchange.Binding(queue: queue, routingKey: routingKey))
    }

    /// Removes a queue; its consumers are told and start again when it exists again.
    mutating func deleteQueue(_ name: String, reason: String) {
        guard let queue = queues.removeValue(forKey: name) else { return }
        for exchange in exchanges.keys { exchanges[exchange]?.bindings.removeAll { $0.queue == name } }
        for key in queue.consumers { consumerLost(key, reason: reason) }
        // What is unacked is gone with the queue.
        for key in queue.consumers { restart(key) }
    }
}
