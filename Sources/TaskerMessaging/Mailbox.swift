import Synchronization

/// Hands elements from callbacks (a broker's threads) to one task, in order and in batches.
///
/// ```swift
/// while case let batch = await mailbox.nextBatch(), !batch.isEmpty { ... }
/// ```
/// Unbounded: whoever pushes bounds it (prefetch, publish window).
public final class Mailbox<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var waiter: CheckedContinuation<[Element], Never>?
        var isFinished = false
    }

    private let state = Mutex(State())

    public init() {}

    /// Never blocks and never runs the receiver's code. After ``finish()`` it does nothing.
    public func push(_ element: Element) {
        push(contentsOf: CollectionOfOne(element))
    }

    /// As ``push(_:)``, all at once: one batch sees all of them or none.
    public func push(contentsOf elements: some Collection<Element>) {
        guard !elements.isEmpty else { return }
        let waiter = state.withLock { state -> CheckedContinuation<[Element], Never>? in
            guard !state.isFinished else { return nil }
            guard let waiter = state.waiter else {
                state.elements.append(contentsOf: elements)
                return nil
            }
            state.waiter = nil
            return waiter
        }
        waiter?.resume(returning: Array(elements))
    }

    /// Everything that has arrived since the last call; waits while there is nothing. Empty when the mailbox is finished
    /// (and everything was taken) or the calling task is cancelled, after which nothing that had arrived is lost.
    /// One task at a time may wait.
    public func nextBatch() async -> [Element] {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ready = state.withLock { state -> [Element]? in
                    precondition(state.waiter == nil, "Mailbox.nextBatch() may be awaited by one task at a time")
                    if Task.isCancelled { return [] }
                    if !state.elements.isEmpty {
                        defer { state.elements = [] }
                        return state.elements
                    }
                    if state.isFinished { return [] }
                    state.waiter = continuation
                    return nil
                }
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            release { _ in }
        }
    }

    /// Takes what has arrived without waiting.
    public func takeAll() -> [Element] {
        state.withLock { state in
            defer { state.elements = [] }
            return state.elements
        }
    }

    /// Elements that have arrived and were not taken.
    public var count: Int { state.withLock { $0.elements.count } }

    /// Ends it: what has arrived can still be taken, later pushes are dropped.
    public func finish() {
        release { $0.isFinished = true }
    }

    private func release(_ change: (inout State) -> Void) {
        let waiter = state.withLock { state -> CheckedContinuation<[Element], Never>? in
            change(&state)
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: [])
    }
}
