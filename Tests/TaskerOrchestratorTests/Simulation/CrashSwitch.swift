import Synchronization

/// Ends a simulated orchestrator process before one of its I/O operations, and lets its store refuse commits.
final class CrashSwitch: Sendable {
    private struct State {
        var left: Int?
        var hasCrashed = false
        var refusals = 0
        var refusedReads = 0
        var operations = 0
    }

    private let state = Mutex(State())

    /// So many operations still happen.
    func arm(after operations: Int) { state.withLock { if $0.left == nil { $0.left = operations } } }

    func refuse(_ commits: Int) { state.withLock { $0.refusals += commits } }

    func refuseReads(_ count: Int) { state.withLock { $0.refusedReads += count } }

    func forget() { state.withLock { $0.left = nil } }

    /// Whether the next operation still happens.
    func permits() -> Bool {
        state.withLock { state in
            if state.hasCrashed { return false }
            if let left = state.left {
                if left <= 0 {
                    state.hasCrashed = true
                    return false
                }
                state.left = left - 1
            }
            state.operations += 1
            return true
        }
    }

    func refuses() -> Bool {
        state.withLock { state in
            guard state.refusals > 0 else { return false }
            state.refusals -= 1
            return true
        }
    }

    func refusesRead() -> Bool {
        state.withLock { state in
            guard state.refusedReads > 0 else { return false }
            state.refusedReads -= 1
            return true
        }
    }

    func crash() { state.withLock { $0.hasCrashed = true } }

    var hasCrashed: Bool { state.withLock { $0.hasCrashed } }
    var operations: Int { state.withLock { $0.operations } }
}
