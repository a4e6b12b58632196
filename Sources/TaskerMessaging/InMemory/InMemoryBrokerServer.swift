import Synchronization
import TaskerProtocol

/// What an in-memory broker does wrong on purpose with one published message.
public enum InMemoryPublishFault: Sendable {
    /// It refuses responsibility and keeps nothing.
    case nack
    /// No queue takes it: a mandatory message comes back, whatever queues there are.
    case giveBack
    /// It has the message and says nothing until ``InMemoryBrokerServer/releaseConfirms()`` (or the connection ends).
    case holdConfirm
    /// The connection ends before the message has arrived: in doubt, and the broker does not have it.
    case cutBefore
    /// The connection ends after the message has arrived and before its confirm: in doubt, and the broker has it.
    case cutAfter
}

/// The broker of ``InMemoryBroker`` clients: queues, exchanges and the connections to them, with RabbitMQ's rules for
/// acks, redelivery, dead letters, prefetch and single active consumers, as far as ``Broker`` shows them.
///
/// Everything happens at once and in order: a call changes the state under one lock and then runs the callbacks it has
/// caused, outside of the lock, before it returns. There are no threads and no timers, so a test with one task repeats
/// exactly. (When several tasks call at a time, one of them runs the callbacks of all.)
public final class InMemoryBrokerServer: Sendable {
    private let state = Mutex(ServerState())

    public init() {}

    // MARK: What goes wrong

    /// Stops it: connections end, messages that are not persistent are gone, the rest stays for ``start()``.
    public func stop() {
        perform { state in
            guard state.isRunning else { return }
            state.isRunning = false
            for id in state.clients.keys.sorted() {
                state.disconnect(id, reason: "connection refused: the in-memory broker is stopped")
            }
            for name in state.queues.keys {
                let kept = state.queues[name]?.ready.elements.filter(\.properties.isPersistent) ?? []
                state.queues[name]?.ready = FIFO(kept)
            }
        }
    }

    /// Starts it again; its clients connect at once.
    public func start() {
        perform { state in
            state.isRunning = true
            for id in state.clients.keys.sorted() { state.establish(id) }
        }
    }

    /// Takes no publishes until ``unblock()``, as RabbitMQ with a memory or disk alarm.
    public func block(reason: String) {
        perform { state in
            state.blockedReason = reason
            for (id, client) in state.clients.sorted(by: { $0.key < $1.key }) where client.epoch != nil {
                state.announce(id, .blocked(reason: reason))
            }
        }
    }

    public func unblock() {
        perform { state in
            state.blockedReason = nil
            for (id, client) in state.clients.sorted(by: { $0.key < $1.key }) {
                if let epoch = client.epoch { state.announce(id, .connected(epoch: epoch)) }
            }
        }
    }

    /// Refuses clients that have not been connected before, as for a wrong password. nil: accepts them again.
    public func refuseAccess(_ text: String?) {
        perform { $0.refusal = text }
    }

    /// Asked for each message a client publishes; nil: no fault. It is called under the server's lock and must not call it.
    public func setPublishFault(_ fault: (@Sendable (OutgoingMessage) -> InMemoryPublishFault?)?) {
        perform { $0.publishFault = fault }
    }

    /// Confirms what ``InMemoryPublishFault/holdConfirm`` has held back.
    public func releaseConfirms() {
        perform { state in
            for id in state.clients.keys.sorted() {
                let held = state.clients[id]?.heldConfirms ?? []
                state.clients[id]?.heldConfirms = []
                for one in held {
                    state.emit(to: id) { one.completion([PublishResult(token: one.token, outcome: .confirmed)]) }
                }
            }
        }
    }

    /// While paused nothing is delivered; messages wait in their queues.
    public func setDeliveriesPaused(_ isPaused: Bool) {
        perform { state in
            state.isDeliveryPaused = isPaused
            state.deliverAll()
        }
    }

    /// Deletes a queue as an operator would; consumers are told, and start again when it is declared again.
    public func deleteQueue(_ name: String) {
        perform { $0.deleteQueue(name, reason: "the queue was deleted") }
    }

    // MARK: Looking and feeding

    /// Publishes without a client.
    @discardableResult
    public func publish(_ message: OutgoingMessage) -> PublishOutcome {
        perform { $0.accept(message) }
    }

    /// Messages that wait in a queue, in order.
    public func readyMessages(in queue: String) -> [OutgoingMessage] {
        perform { state in
            (state.queues[queue]?.ready.elements ?? []).map { message in
                OutgoingMessage(
                    token: message.position, exchange: message.exchange, routingKey: message.routingKey,
                    properties: message.properties, body: message.body)
            }
        }
    }

    /// Messages of a queue that are delivered and not acked.
    public func unacknowledgedCount(in queue: String) -> Int {
        perform { state in
            state.clients.values.flatMap(\.consumers.values).filter { $0.queue == queue }
                .reduce(0) { $0 + $1.unacked.count }
        }
    }

    /// nil when it does not exist.
    public func figures(of queue: String) -> QueueFigures? {
        perform { state in
            state.queues[queue].map { QueueFigures(ready: $0.ready.count, consumers: $0.consumers.count) }
        }
    }

    /// Names of the queues there are, sorted.
    public var queueNames: [String] { perform { $0.queues.keys.sorted() } }

    // MARK: State

    /// Changes the state, then runs what that has caused.
    @discardableResult
    func perform<Result: Sendable, Failure: Error>(
        _ change: (inout ServerState) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // A `Mutex` cannot carry a typed error out together with a generic result.
        let outcome = state.withLock { state -> Swift.Result<Result, Failure> in
            do throws(Failure) { return .success(try change(&state)) } catch { return .failure(error) }
        }
        drain()
        return try outcome.get()
    }

    private func drain() {
        var isFirst = true
        while let event = next(isFirst: isFirst) {
            isFirst = false
            event()
        }
    }

    /// The next callback, nil when there is none or another call is running them.
    private func next(isFirst: Bool) -> (@Sendable () -> Void)? {
        state.withLock { state in
            if isFirst {
                if state.isDraining { return nil }
                state.isDraining = true
            }
            while let event = state.events.pop() {
                switch event {
                case .call(let client, let call):
                    if let client, state.clients[client]?.hasCrashed != false { continue }
                    return call
                case .deliveries(let key, let deliveries):
                    guard let client = state.clients[key.client], !client.hasCrashed,
                        let handler = client.consumers[key.consumer]?.handler
                    else { continue }
                    return { handler(.deliveries(deliveries)) }
                }
            }
            state.isDraining = false
            return nil
        }
    }
}
