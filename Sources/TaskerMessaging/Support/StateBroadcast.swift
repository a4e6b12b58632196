import Synchronization

/// The current state of a connection and its subscribers.
package final class StateBroadcast: Sendable {
    private struct Subscribers {
        var current: BrokerState
        var continuations: [UInt64: AsyncStream<BrokerState>.Continuation] = [:]
        var nextID: UInt64 = 0
        var isFinished = false
    }

    private let subscribers: Mutex<Subscribers>

    package init(_ initial: BrokerState) {
        subscribers = Mutex(Subscribers(current: initial))
    }

    package var current: BrokerState { subscribers.withLock { $0.current } }

    /// - Returns: whether the state was another one before.
    @discardableResult
    package func send(_ state: BrokerState) -> Bool {
        // Yielding under the lock keeps the order the same for everybody; a continuation never runs its reader inline.
        subscribers.withLock { subscribers in
            guard !subscribers.isFinished, subscribers.current != state else { return false }
            subscribers.current = state
            for continuation in subscribers.continuations.values { continuation.yield(state) }
            return true
        }
    }

    package func finish() {
        // Outside the lock: finishing calls `onTermination`, which takes it.
        let ended = subscribers.withLock { subscribers in
            subscribers.isFinished = true
            defer { subscribers.continuations = [:] }
            return Array(subscribers.continuations.values)
        }
        for continuation in ended { continuation.finish() }
    }

    package func stream() -> AsyncStream<BrokerState> {
        // A reader that fell that far behind is served by the newest states.
        let (stream, continuation) = AsyncStream.makeStream(
            of: BrokerState.self, bufferingPolicy: .bufferingNewest(256))
        let id = subscribers.withLock { subscribers -> UInt64? in
            continuation.yield(subscribers.current)
            guard !subscribers.isFinished else { return nil }
            subscribers.nextID += 1
            subscribers.continuations[subscribers.nextID] = continuation
            return subscribers.nextID
        }
        if let id {
            continuation.onTermination = { [weak self] _ in
                self?.subscribers.withLock { _ = $0.continuations.removeValue(forKey: id) }
            }
        } else {
            continuation.finish()
        }
        return stream
    }
}
