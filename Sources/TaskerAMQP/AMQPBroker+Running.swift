import Logging
import Synchronization
import TaskerMessaging

/// What the broker knows of its two connections.
struct Links: Sendable {
    var publisher = LinkState.down(reason: "not connected yet")
    var consumer = LinkState.down(reason: "not connected yet")
    var serverVersion: String?
    var wasRun = false
    var hasPublisherEnded = false
    var hasConsumerEnded = false
    /// Set by the first connection's refusal; ``AMQPBroker/run()`` throws it.
    var refusal: BrokerError?
    /// Resumed when a thread has ended.
    var onEnd: [Promise<Void>] = []

    var state: BrokerState {
        switch (publisher, consumer) {
        case (.down(let reason), _), (_, .down(let reason)): .disconnected(reason: reason)
        case (.blocked(let reason), _), (_, .blocked(let reason)): .blocked(reason: reason)
        case (.up(let first), .up(let second)): .connected(epoch: max(first, second))
        }
    }
}

extension AMQPBroker {
    public func run() async throws {
        let isShutDown = links.withLock { links in
            precondition(!links.wasRun, "AMQPBroker.run() may be called once")
            links.wasRun = true
            return links.hasConsumerEnded
        }
        if isShutDown { return }
        if !configuration.url.ignoredParameters.isEmpty {
            logger.warning(
                "parameters of the AMQP URL are not known and ignored",
                metadata: ["parameters": "\(configuration.url.ignoredParameters.joined(separator: ", "))"])
        }
        if configuration.url.isTLS, !configuration.url.verifiesPeer {
            logger.warning("verify=verify_none: anybody can pretend to be the broker and read what is sent")
        }
        startThreads()
        do {
            try await bothEnded()
        } catch {
            // Cancelled.
            publishing.stop()
            consuming.stop()
            await ended(until: nil) { $0.hasPublisherEnded && $0.hasConsumerEnded }
        }
        states.send(.disconnected(reason: "shut down"))
        states.finish()
        if let refusal = links.withLock({ $0.refusal }) { throw refusal }
    }

    public func shutdown(timeout: Duration) async {
        let isRunning = links.withLock { links in
            if !links.wasRun {
                links.hasPublisherEnded = true
                links.hasConsumerEnded = true
            }
            return links.wasRun
        }
        guard isRunning else { return abandonCommands() }
        let deadline = ContinuousClock.now + timeout
        publishing.drain()
        await ended(until: deadline) { $0.hasPublisherEnded }
        publishing.stop()
        // Later: outcomes of publishes lead to acks.
        consuming.drain()
        await ended(until: deadline) { $0.hasConsumerEnded }
        consuming.stop()
        await ended(until: nil) { $0.hasPublisherEnded && $0.hasConsumerEnded }
    }

    /// What was asked before a shutdown without ``run()``.
    private func abandonCommands() {
        let role = makeConsumerRole()
        for command in consuming.queue.takeAll() { role.perform(command) }
        role.abandon()
        states.finish()
    }

    // MARK: Threads

    private func startThreads() {
        ConnectionThread.start(name: "amqp-publish") { [self] in
            let role = PublisherRole(
                window: configuration.publishWindow, queue: publishing.queue, epochs: numbers,
                report: { [unowned self] state in change { $0.publisher = state } },
                onMissingExchange: { [unowned self] in consuming.queue.push(.declareAgain) })
            ConnectionLoop(configuration, control: publishing, role: role) { [unowned self] loss, isFinal in
                lost(loss, isFinal: isFinal) { $0.publisher = .down(reason: loss.reason) }
            }.run()
            change { $0.hasPublisherEnded = true }
        }
        ConnectionThread.start(name: "amqp-consume") { [self] in
            let role = makeConsumerRole()
            ConnectionLoop(
                configuration, control: consuming, role: role,
                onLogin: { [unowned self] connection in links.withLock { $0.serverVersion = connection.serverVersion }
                },
                report: { [unowned self] loss, isFinal in
                    lost(loss, isFinal: isFinal) { $0.consumer = .down(reason: loss.reason) }
                }
            ).run()
            change { $0.hasConsumerEnded = true }
            // Nothing comes behind these.
            for command in consuming.queue.takeAll() { role.perform(command) }
            role.abandon()
        }
    }

    private func makeConsumerRole() -> ConsumerRole {
        ConsumerRole(
            configuration, epochs: numbers, report: { [unowned self] state in change { $0.consumer = state } },
            onRefusal: { [unowned self] error in
                logger.error("the broker refuses what it had accepted before", metadata: ["error": "\(error)"])
            })
    }

    private func change(_ change: (inout Links) -> Void) {
        let waiting = links.withLock { links -> [Promise<Void>] in
            let hadEnded = (links.hasPublisherEnded, links.hasConsumerEnded)
            change(&links)
            // Under the lock, so that the two threads' changes are told in the order in which they were made.
            let state = links.state
            if states.send(state) { log(state) }
            guard hadEnded != (links.hasPublisherEnded, links.hasConsumerEnded) else { return [] }
            defer { links.onEnd = [] }
            return links.onEnd
        }
        for promise in waiting { promise.fulfil(()) }
    }

    private func log(_ state: BrokerState) {
        let broker: Logger.Metadata = ["broker": "\(configuration.url)"]
        switch state {
        case .connected: logger.info("connected to the broker", metadata: broker)
        case .blocked(let reason):
            logger.warning(
                "the broker takes no messages for now", metadata: broker.merging(["reason": "\(reason)"]) { $1 })
        case .disconnected(let reason):
            logger.warning("no connection to the broker", metadata: broker.merging(["reason": "\(reason)"]) { $1 })
        }
    }

    private func lost(_ loss: ConnectionLost, isFinal: Bool, _ update: (inout Links) -> Void) {
        change { links in
            update(&links)
            if isFinal, links.refusal == nil { links.refusal = loss.refusal }
        }
        guard isFinal else { return }
        publishing.stop()
        consuming.stop()
    }

    // MARK: Waiting

    /// - Throws: when the caller is cancelled.
    private func bothEnded() async throws {
        try await whenEnded { $0.hasPublisherEnded && $0.hasConsumerEnded }
    }

    private func whenEnded(_ condition: @Sendable (Links) -> Bool) async throws {
        while true {
            let promise = Promise<Void>()
            let isFulfilled = links.withLock { links in
                if condition(links) { return true }
                links.onEnd.append(promise)
                return false
            }
            if isFulfilled { return }
            try await promise.value()
        }
    }

    /// Waits at most until `deadline` (nil = for ever), also when the caller is cancelled.
    private func ended(
        until deadline: ContinuousClock.Instant?, _ condition: @escaping @Sendable (Links) -> Bool
    ) async {
        let wait = Task { [self] in
            await withTaskGroup(of: Void.self) { group in
                group.addTask { try? await self.whenEnded(condition) }
                if let deadline {
                    group.addTask { try? await Task.sleep(until: deadline, clock: .continuous) }
                }
                await group.next()
                group.cancelAll()
            }
        }
        await wait.value
    }
}
