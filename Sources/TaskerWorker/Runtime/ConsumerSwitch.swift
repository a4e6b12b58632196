import TaskerMessaging

/// Starts and cancels consumers as the loop wants it, one command after the other, since both wait for the broker.
struct ConsumerSwitch: Sendable {
    enum Command: Sendable {
        case start
        case stop
        case openReplyQueue
    }

    let broker: any Broker
    let inbox: EventInbox<LoopEvent>
    /// The broker's names.
    let queues: [String]
    let controlExchange: String
    let prefetch: Int

    /// Obeys until the stream ends.
    /// - Throws: ``BrokerError`` when a consumer cannot be started at all.
    func run(_ commands: AsyncStream<Command>) async throws {
        var consumers: [ConsumerID] = []
        var hasControl = false
        for await command in commands {
            switch command {
            case .start where consumers.isEmpty:
                for queue in queues { consumers.append(try await consume(queue)) }
                if !hasControl {
                    hasControl = true
                    try await openControl()
                }
            case .start: break
            case .stop:
                for consumer in consumers { await broker.cancel(consumer) }
                consumers = []
                inbox.push(.machine(.consumersStopped))
            case .openReplyQueue: try await openReplyQueue()
            }
        }
    }

    private func consume(_ queue: String) async throws -> ConsumerID {
        try await broker.consume(.named(queue), prefetch: prefetch) { [inbox] event in
            switch event {
            case .started: inbox.push(.machine(.consumerStarted))
            case .deliveries(let deliveries): inbox.push(.deliveries(deliveries, queue: queue))
            case .lost(let epoch, _): inbox.push(.machine(.consumerLost(epoch: epoch)))
            }
        }
    }

    private func openControl() async throws {
        _ = try await broker.consume(.ownExclusive(boundTo: controlExchange), prefetch: 0) { [inbox] event in
            switch event {
            case .started: inbox.push(.machine(.controlStarted))
            case .deliveries(let deliveries): inbox.push(.control(deliveries))
            case .lost: inbox.push(.machine(.controlLost))
            }
        }
    }

    private func openReplyQueue() async throws {
        _ = try await broker.consume(.ownExclusive(boundTo: nil), prefetch: 0) { [inbox] event in
            switch event {
            case .started(_, let queue): inbox.push(.machine(.replyQueue(queue)))
            case .deliveries(let deliveries): inbox.push(.pages(deliveries))
            case .lost: inbox.push(.machine(.replyQueue(nil)))
            }
        }
    }
}
