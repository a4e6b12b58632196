import Synchronization
import TaskerEngine
import TaskerProtocol
import TaskerStore
import TaskerTemplates

/// Hands committed events to those who listen. Nothing is made while nobody does.
public final class EventFeed: Sendable {
    /// One listener's place in the feed.
    public final class Subscription: Sendable {
        fileprivate struct State {
            var waiting: [EventBatch] = []
            /// Events in them.
            var waitingCount = 0
            var isNudged = false
            var isBehind = false
            var isOver = false
            var continuation: CheckedContinuation<Void, Never>?
            /// Waits for the end only.
            var guardian: CheckedContinuation<Void, Never>?
        }

        /// Events up to this number were committed before; the rest comes through here.
        public let start: Int64
        fileprivate let number: UInt64
        fileprivate let limit: Int
        fileprivate let state = Mutex(State())
        private let feed: EventFeed

        fileprivate init(_ feed: EventFeed, number: UInt64, start: Int64, limit: Int) {
            self.feed = feed
            self.number = number
            self.start = start
            self.limit = limit
        }

        /// What has come since the last call; waits for the first. Empty after a ``nudge()`` when nothing has come. nil: it
        /// is over, or the listener fell too far behind.
        public func next() async -> [EventBatch]? {
            while !Task.isCancelled {
                let found: [EventBatch]?? = state.withLock { state in
                    if state.isBehind { return .some(nil) }
                    let isNudged = state.isNudged
                    state.isNudged = false
                    if !state.waiting.isEmpty {
                        defer {
                            state.waiting = []
                            state.waitingCount = 0
                        }
                        return .some(state.waiting)
                    }
                    if state.isOver { return .some(nil) }
                    return isNudged ? .some([]) : nil
                }
                if let found { return found }
                await wait()
            }
            return nil
        }

        /// It has fallen so far behind that its events are dropped.
        public var isBehind: Bool { state.withLock { $0.isBehind } }

        /// Lets ``next()`` return though nothing may have come.
        public func nudge() {
            state.withLock { $0.isNudged = true }
            wake()
        }

        /// Returns when nothing more will come through, whether what came before was taken or not.
        public func waitUntilOver() async {
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let isReady = state.withLock { state in
                        if state.isBehind || state.isOver || Task.isCancelled { return true }
                        state.guardian = continuation
                        return false
                    }
                    if isReady { continuation.resume() }
                }
            } onCancel: {
                release()
            }
        }

        public func cancel() { feed.forget(self) }

        private func release() {
            state.withLock { state in
                defer { state.guardian = nil }
                return state.guardian
            }?.resume()
        }

        private func wait() async {
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let isReady = state.withLock { state in
                        if !state.waiting.isEmpty || state.isNudged || state.isBehind || state.isOver
                            || Task.isCancelled
                        {
                            return true
                        }
                        state.continuation = continuation
                        return false
                    }
                    if isReady { continuation.resume() }
                }
            } onCancel: {
                wake()
            }
        }

        private func wake() {
            state.withLock { state in
                defer { state.continuation = nil }
                return state.continuation
            }?.resume()
        }

        fileprivate func push(_ batch: EventBatch) {
            let isBehind = state.withLock { state in
                guard !state.isBehind else { return true }
                if state.waitingCount + batch.events.count > limit {
                    state.isBehind = true
                    state.waiting = []
                } else {
                    state.waiting.append(batch)
                    state.waitingCount += batch.events.count
                }
                return state.isBehind
            }
            wake()
            if isBehind { release() }
        }

        fileprivate func end() {
            state.withLock { $0.isOver = true }
            wake()
            release()
        }
    }

    private struct State {
        var subscriptions: [UInt64: Subscription] = [:]
        var nextNumber: UInt64 = 0
        var last: Int64 = 0
        var isOver = false
    }

    private let state = Mutex(State())

    /// How many listen now.
    public var listeners: Int { state.withLock { $0.subscriptions.count } }

    /// The number of the newest committed event.
    public var last: Int64 { state.withLock { $0.last } }

    /// - Parameter limit: events that may wait to be read before the listener is dropped.
    public func subscribe(limit: Int = 10_000) -> Subscription {
        state.withLock { state in
            state.nextNumber += 1
            let subscription = Subscription(self, number: state.nextNumber, start: state.last, limit: limit)
            if state.isOver { subscription.end() } else { state.subscriptions[state.nextNumber] = subscription }
            return subscription
        }
    }

    private func forget(_ subscription: Subscription) {
        state.withLock { $0.subscriptions[subscription.number] = nil }
        subscription.end()
    }

    /// After a commit.
    /// - Parameter last: the number of its last event.
    /// - Parameter events: asked for only when somebody listens.
    func committed(upTo last: Int64, _ events: () -> [LifecycleEvent]) {
        state.withLock { state in
            guard last > state.last else { return }
            state.last = last
            guard !state.subscriptions.isEmpty else { return }
            let batch = EventBatch(events())
            for subscription in state.subscriptions.values { subscription.push(batch) }
        }
    }

    func begin(after last: Int64) { state.withLock { $0.last = last } }

    func end() {
        let all = state.withLock { state in
            state.isOver = true
            defer { state.subscriptions = [:] }
            return Array(state.subscriptions.values)
        }
        for subscription in all { subscription.end() }
    }
}

extension Coordinator {
    /// A notice for the stream of events: of a worker or a template, which have no journal of their own.
    func addNotice(_ type: String, _ detail: String) {
        newNotices.append(.notice(type: type, detail: detail))
        if softSince == nil { softSince = now }
    }

    /// Tells what was just committed.
    func announce(_ batch: CommitBatch) {
        let first = nextEvent
        nextEvent += batch.eventCount
        feed?.committed(upTo: nextEvent - 1) { () -> [LifecycleEvent] in
            var made: [LifecycleEvent] = []
            for change in batch.tasks { made += events(of: change, at: batch.at, first: first + Int64(made.count)) }
            return made + events(of: batch.notices, at: batch.at, first: first + Int64(made.count))
        }
    }

    /// - Parameter first: the number of the first event.
    func events(of change: TaskChange, at time: Timestamp, first: Int64) -> [LifecycleEvent] {
        let template = change.task.plan.template
        let source = EventSource(
            at: time, taskID: change.task.id, namespace: template.namespace, taskName: template.name)
        return source.events(of: change.journal, first: first) { place in
            (change.task.steps[place].id, change.task.steps[place].name)
        }
    }

    func events(of notices: [JournalEntry], at time: Timestamp, first: Int64) -> [LifecycleEvent] {
        EventSource(at: time, taskID: nil, namespace: nil, taskName: nil).events(of: notices, first: first) { _ in nil }
    }
}
