import Synchronization

/// What a child process does, in order.
enum ChildEvent: Sendable {
    case line([UInt8])
    case lineTooLong([UInt8])
    /// More than is allowed for one step.
    case outputTooLarge
    /// The process is gone and everything it wrote has been read. `unread`: bytes that were still in its input.
    case ended(ExitStatus, unread: Int)
}

/// Hands events of one child to the one step that it runs. Waiting is not cancelled with the task: a child that is told
/// to stop may still answer, and ends otherwise.
final class ChildMailbox: Sendable {
    private struct State {
        var events: [ChildEvent] = []
        var waiting: CheckedContinuation<ChildEvent, Never>?
        var end: ChildEvent?
    }

    private let state = Mutex(State())

    func push(_ event: ChildEvent) {
        let waiting = state.withLock { state -> CheckedContinuation<ChildEvent, Never>? in
            if case .ended = event { state.end = event }
            if let waiting = state.waiting {
                state.waiting = nil
                return waiting
            }
            state.events.append(event)
            return nil
        }
        waiting?.resume(returning: event)
    }

    /// The next event; after the end the end again.
    func next() async -> ChildEvent {
        await withCheckedContinuation { continuation in
            let event = state.withLock { state -> ChildEvent? in
                if !state.events.isEmpty { return state.events.removeFirst() }
                if let end = state.end { return end }
                state.waiting = continuation
                return nil
            }
            if let event { continuation.resume(returning: event) }
        }
    }

    /// Something has come that nobody asked for; nil when not.
    func unexpected() -> ChildEvent? { state.withLock { $0.events.first ?? $0.end } }
}
