import Synchronization

/// What other threads want a connection's thread to do, in order. Costs a system call only when the thread sleeps.
final class CommandQueue<Command: Sendable>: Sendable {
    private struct State {
        var commands: [Command] = []
        var isAsleep = false
        var isOpen = false
    }

    let wakeup = Wakeup()
    private let state = Mutex(State())

    func push(_ command: Command) {
        push(command, onlyIfOpen: false)
    }

    /// - Returns: false when the queue was to be open and is not; then nothing was queued.
    @discardableResult
    func push(_ command: Command, onlyIfOpen: Bool) -> Bool {
        let (isQueued, mustWake) = state.withLock { state -> (Bool, Bool) in
            if onlyIfOpen && !state.isOpen { return (false, false) }
            state.commands.append(command)
            defer { state.isAsleep = false }
            return (true, state.isAsleep)
        }
        if mustWake { wakeup.signal() }
        return isQueued
    }

    // MARK: For the connection's thread

    /// Whether ``push(_:onlyIfOpen:)`` takes commands; what was taken before the change is still in the queue.
    func setOpen(_ isOpen: Bool) {
        state.withLock { $0.isOpen = isOpen }
    }

    func takeAll() -> [Command] {
        state.withLock { state in
            state.isAsleep = false
            if state.commands.isEmpty { return [] }
            defer { state.commands = [] }
            return state.commands
        }
    }

    /// From now on a push need not signal, as the thread is going to look.
    func awake() {
        state.withLock { $0.isAsleep = false }
    }

    /// - Returns: false when there is something to do already. After true the next push signals ``wakeup``.
    func fallAsleep() -> Bool {
        state.withLock { state in
            state.isAsleep = state.commands.isEmpty
            return state.isAsleep
        }
    }
}
