import Synchronization
import TaskerMessaging

/// Counts the I/O operations of one orchestrator process and ends it before a chosen one.
final class CrashPlan: Sendable {
    private struct State {
        var operations = 0
        var hasCrashed = false
    }

    private let state = Mutex(State())
    private let limit: Int

    /// - Parameter limit: operations that still happen; nil: all of them.
    init(after limit: Int? = nil) { self.limit = limit ?? .max }

    /// Whether the next operation still happens.
    func permits() -> Bool {
        state.withLock { state in
            if state.hasCrashed || state.operations >= limit {
                state.hasCrashed = true
                return false
            }
            state.operations += 1
            return true
        }
    }

    var hasCrashed: Bool { state.withLock { $0.hasCrashed } }
    var operations: Int { state.withLock { $0.operations } }
}

/// Commits that a store refuses, as on a full disk: so many, from a given one on.
final class Refusal: Sendable {
    private let state: Mutex<(skip: Int, left: Int)>
    private let times: Int

    init(from position: Int, times: Int) {
        self.times = times
        state = Mutex((position, times))
    }

    /// Whether this commit is refused.
    func refuses() -> Bool {
        state.withLock { state in
            if state.skip > 0 {
                state.skip -= 1
                return false
            }
            guard state.left > 0 else { return false }
            state.left -= 1
            return true
        }
    }

    var wasUsed: Bool { state.withLock { $0.left < times } }
}

/// The refusal in force, for stores that outlive it.
final class RefusalBox: Sendable {
    let current = Mutex<Refusal?>(nil)
}

/// A broker connection whose process may end between any two messages it writes.
struct CrashingBroker: Broker {
    let inner: InMemoryBroker
    let plan: CrashPlan

    var serverVersion: String? { inner.serverVersion }
    func run() async throws { try await inner.run() }
    func stateChanges() -> AsyncStream<BrokerState> { inner.stateChanges() }
    func declare(_ topology: [TopologyItem]) async throws { try await inner.declare(topology) }
    func publish(_ messages: [OutgoingMessage], completion: @escaping @Sendable ([PublishResult]) -> Void) {
        for message in messages where plan.permits() { inner.publish([message], completion: completion) }
    }
    func consume(
        _ queue: ConsumedQueue, prefetch: Int, handler: @escaping @Sendable (ConsumerEvent) -> Void
    ) async throws -> ConsumerID {
        try await inner.consume(queue, prefetch: prefetch, handler: handler)
    }
    func cancel(_ consumer: ConsumerID) async { await inner.cancel(consumer) }
    func acknowledge(_ deliveries: [DeliveryTag]) {
        for tag in deliveries where plan.permits() { inner.acknowledge([tag]) }
    }
    func inspect(queue: String) async throws -> QueueFigures? { try await inner.inspect(queue: queue) }
    func purge(queue: String) async throws { try await inner.purge(queue: queue) }
    func shutdown(timeout: Duration) async { await inner.shutdown(timeout: timeout) }
}
