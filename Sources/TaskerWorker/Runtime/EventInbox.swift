import Dispatch
import Synchronization

/// Hands events from any thread to the worker's loop, in order and in batches. The loop waits with its own thread, not
/// with a task: handlers that keep every thread of Swift's pool busy must not hold up heartbeats.
final class EventInbox<Event: Sendable>: Sendable {
    private struct State {
        var events: [Event] = []
        var isWaiting = false
        var isClosed = false
    }

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)

    func push(_ event: Event) {
        let wakes = state.withLock { state in
            guard !state.isClosed else { return false }
            state.events.append(event)
            defer { state.isWaiting = false }
            return state.isWaiting
        }
        if wakes { wake.signal() }
    }

    /// Drops everything from now on.
    func close() {
        state.withLock { state in
            state.isClosed = true
            state.events = []
        }
    }

    /// Everything that has arrived; waits for the first event, at most until `deadline`. Empty when it has passed.
    /// Blocks the calling thread.
    func take(until deadline: ContinuousClock.Instant?) -> [Event] {
        while true {
            let (events, mustWait) = state.withLock { state -> ([Event], Bool) in
                let events = state.events
                state.events = []
                state.isWaiting = events.isEmpty
                return (events, events.isEmpty)
            }
            guard mustWait else { return events }
            if let deadline {
                let rest = ContinuousClock.now.duration(to: deadline)
                guard rest > .zero, wake.wait(timeout: .now() + rest.dispatchInterval) == .success else {
                    return giveUpWaiting()
                }
            } else {
                wake.wait()
            }
        }
    }

    /// The deadline has passed. A push may have come in between and have signalled or be about to: its signal is taken
    /// too, so that signals never pile up.
    private func giveUpWaiting() -> [Event] {
        let (events, signalled) = state.withLock { state -> ([Event], Bool) in
            let events = state.events
            state.events = []
            let signalled = !state.isWaiting
            state.isWaiting = false
            return (events, signalled)
        }
        if signalled { wake.wait() }
        return events
    }
}

extension Duration {
    var dispatchInterval: DispatchTimeInterval {
        let (seconds, attoseconds) = components
        guard seconds < 1_000_000 else { return .seconds(1_000_000) }
        return .nanoseconds(Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000) + 1)
    }
}
