/// Connections and consumers.
extension ServerState {
    // MARK: Connections

    mutating func connect(_ id: UInt64) throws(BrokerError) {
        guard clients[id]?.isEnded == false else { throw .shutDown("it was connected") }
        if let refusal, clients[id]?.wantsConnection == false {
            throw .refused(.connection("the in-memory broker"), replyCode: 403, text: "ACCESS_REFUSED - \(refusal)")
        }
        clients[id]?.wantsConnection = true
        establish(id)
    }

    /// Connects if it wants to be and can be, declares what it had declared, starts its consumers.
    mutating func establish(_ id: UInt64) {
        guard isRunning, let client = clients[id], client.wantsConnection, !client.isEnded, client.epoch == nil else {
            return
        }
        let epoch = nextNumber()
        clients[id]?.epoch = epoch
        announce(id, blockedReason.map { .blocked(reason: $0) } ?? .connected(epoch: epoch))
        // Somebody may have declared it otherwise meanwhile; whoever declares it next is told.
        for item in client.topology { try? declare(item) }
        for consumer in client.consumerOrder { restart(ConsumerKey(client: id, consumer: consumer)) }
        let waiting = client.waiting
        clients[id]?.waiting = []
        for action in waiting { action(&self) }
    }

    mutating func announce(_ id: UInt64, _ state: BrokerState) {
        guard let broadcast = clients[id]?.broadcast else { return }
        emit(to: id) { broadcast.send(state) }
    }

    /// Ends a client's connection: what it held unacked is ready again, what it published without a confirm is in doubt.
    mutating func disconnect(_ id: UInt64, reason: String) {
        guard let client = clients[id], client.epoch != nil else { return }
        clients[id]?.epoch = nil
        clients[id]?.heldConfirms = []
        for held in client.heldConfirms {
            emit(to: id) { held.completion([PublishResult(token: held.token, outcome: .inDoubt)]) }
        }
        announce(id, .disconnected(reason: reason))
        let keys = client.consumerOrder.map { ConsumerKey(client: id, consumer: $0) }
        for key in keys { consumerLost(key, reason: reason) }
        for name in queues.values.filter({ $0.owner == id }).map(\.name).sorted() {
            deleteQueue(name, reason: "its connection ended")
        }
    }

    /// Shutdown (`crash` false) or the end of its process (`crash` true: nothing of it is called any more).
    mutating func end(_ id: UInt64, crash: Bool) {
        guard clients[id]?.isEnded == false else { return }
        clients[id]?.isEnded = true
        clients[id]?.hasCrashed = crash
        disconnect(id, reason: crash ? "the client's process ended" : "shut down")
        guard let client = clients[id] else { return }
        clients[id]?.consumers = [:]
        clients[id]?.consumerOrder = []
        clients[id]?.waiting = []
        clients[id]?.onEnd = []
        // Also of a crashed one: nobody may wait for ever.
        for action in client.waiting { action(&self) }
        emit {
            client.broadcast.finish()
            for promise in client.onEnd { promise.fulfil(()) }
        }
    }

    // MARK: Consumers

    /// Starts a consumer; throws when the broker refuses.
    mutating func start(_ key: ConsumerKey) throws(BrokerError) {
        guard let consumer = clients[key.client]?.consumers[key.consumer], consumer.epoch == nil else { return }
        let name: String
        switch consumer.spec {
        case .named(let queueName):
            name = queueName
            guard let queue = queues[name] else {
                throw .refused(
                    .consumer(queue: name), replyCode: 404, text: "NOT_FOUND - no queue '\(name)' in vhost '/'")
            }
            if let owner = queue.owner, owner != key.client {
                throw .refused(
                    .consumer(queue: name), replyCode: 405,
                    text: "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '\(name)' in vhost '/'")
            }
        case .ownExclusive(let exchange):
            if let exchange, exchanges[exchange] == nil {
                throw .refused(
                    .binding(queue: "(own)", exchange: exchange), replyCode: 404,
                    text: "NOT_FOUND - no exchange '\(exchange)' in vhost '/'")
            }
            name = "amq.gen-\(nextNumber())"
            queues[name] = MemoryQueue(name: name, arguments: [:], owner: key.client)
            if let exchange { exchanges[exchange]?.bind(MemoryExchange.Binding(queue: name, routingKey: "")) }
        }
        let epoch = nextNumber()
        clients[key.client]?.consumers[key.consumer]?.queue = name
        clients[key.client]?.consumers[key.consumer]?.epoch = epoch
        clients[key.client]?.consumers[key.consumer]?.lastTag = 0
        queues[name]?.consumers.append(key)
        let handler = consumer.handler
        emit(to: key.client) { handler(.started(epoch: epoch, queue: name)) }
        deliver(name)
    }

    /// Starts it again if it can be; otherwise the next declaration of its queue does.
    mutating func restart(_ key: ConsumerKey) {
        guard let client = clients[key.client], client.epoch != nil, let consumer = client.consumers[key.consumer],
            consumer.epoch == nil, !consumer.isCancelled
        else { return }
        if case .named(let name) = consumer.spec, queues[name] == nil {
            for item in client.topology { try? declare(item) }
        }
        try? start(key)
    }

    mutating func startPendingConsumers(of queue: String) {
        for (id, client) in clients.sorted(by: { $0.key < $1.key }) where client.epoch != nil {
            for consumer in client.consumerOrder where client.consumers[consumer]?.spec == .named(queue) {
                restart(ConsumerKey(client: id, consumer: consumer))
            }
        }
    }

    /// The consumer's connection or queue is gone: its unacked messages are ready again.
    mutating func consumerLost(_ key: ConsumerKey, reason: String) {
        guard let consumer = clients[key.client]?.consumers[key.consumer], let epoch = consumer.epoch else { return }
        clients[key.client]?.consumers[key.consumer]?.epoch = nil
        clients[key.client]?.consumers[key.consumer]?.unacked = []
        let name = consumer.queue
        queues[name]?.consumers.removeAll { $0 == key }
        let handler = consumer.handler
        if consumer.isCancelled {
            forget(key.consumer, client: key.client)
        }
        emit(to: key.client) { handler(.lost(epoch: epoch, reason: reason)) }
        takeBack(consumer.unacked.map(\.message), to: name)
    }

    private mutating func takeBack(_ messages: [StoredMessage], to name: String) {
        for message in queues[name]?.takeBack(messages) ?? [] {
            deadLetter(message, from: name, reason: "delivery_limit")
        }
        deliver(name)
    }

    mutating func cancel(_ key: ConsumerKey) {
        guard let consumer = clients[key.client]?.consumers[key.consumer] else { return }
        let name = consumer.queue
        queues[name]?.consumers.removeAll { $0 == key }
        clients[key.client]?.consumers[key.consumer]?.isCancelled = true
        if consumer.unacked.isEmpty { forget(key.consumer, client: key.client) }
        // An own queue is auto-delete.
        if queues[name]?.owner != nil, queues[name]?.consumers.isEmpty == true {
            deleteQueue(name, reason: "no consumer is left")
        }
        deliver(name)
    }
}
