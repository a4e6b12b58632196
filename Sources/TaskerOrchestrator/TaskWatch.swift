import Synchronization
import TaskerEngine
import TaskerProtocol

/// Lets callers wait for a task to come to rest, without asking the store again and again.
final class TaskWatch: Sendable {
    private struct Waiter {
        var number: UInt64
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var waiters: [TaskID: [Waiter]] = [:]
        var next: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Called after each commit with the tasks it changed.
    func committed(_ tasks: [(TaskID, TaskState)]) {
        let ready = state.withLock { state -> [Waiter] in
            guard !state.waiters.isEmpty else { return [] }
            return tasks.flatMap { id, taskState in
                Self.isRest(taskState) ? state.waiters.removeValue(forKey: id) ?? [] : []
            }
        }
        for waiter in ready { waiter.continuation.resume() }
    }

    /// Nothing more will happen by itself.
    static func isRest(_ state: TaskState) -> Bool { state.isTerminal || state == .blockedByFailures }

    /// Returns when the task comes to rest or the time is over. `check` is asked once the waiter stands, so that no
    /// commit falls between.
    func wait(for task: TaskID, atMost limit: Duration, check: @escaping @Sendable () async -> Bool) async {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                await withTaskCancellationHandler {
                    await withCheckedContinuation { continuation in
                        let isOver = state.withLock { state in
                            if Task.isCancelled { return true }
                            state.waiters[task, default: []].append(Waiter(number: number, continuation: continuation))
                            return false
                        }
                        if isOver { continuation.resume() }
                    }
                } onCancel: {
                    forget(task, number)
                }
            }
            group.addTask {
                if await check() { return }
                try? await Task.sleep(for: limit)
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func forget(_ task: TaskID, _ number: UInt64) {
        let waiter = state.withLock { state -> Waiter? in
            guard let place = state.waiters[task]?.firstIndex(where: { $0.number == number }) else { return nil }
            defer { if state.waiters[task]?.isEmpty == true { state.waiters[task] = nil } }
            return state.waiters[task]?.remove(at: place)
        }
        waiter?.continuation.resume()
    }
}
