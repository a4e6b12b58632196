import Hummingbird
import NIOCore
import ServiceLifecycle
import TaskerEngine
import TaskerOrchestrator
import TaskerProtocol
import TaskerStore

/// One reader's stream: first what the store still has, then what is committed from then on, without a gap between.
struct EventStream: Sendable {
    let orchestrator: Orchestrator
    let filter: EventFilter
    let settings: ServerSettings

    /// Writes until the reader goes, falls too far behind, its task has ended, or the server goes down.
    func write(to writer: any ResponseBodyWriter) async {
        let subscription = orchestrator.events.subscribe(limit: settings.eventBacklog)
        defer { subscription.cancel() }
        let output = StreamOutput(writer)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await cancelWhenGracefulShutdown {
                    // A reader that is gone ends its stream; that is no failure of ours.
                    try? await run(subscription, output)
                }
            }
            // A write to a reader that takes nothing waits for ever: this ends it.
            group.addTask { await subscription.waitUntilOver() }
            await group.next()
            group.cancelAll()
        }
    }

    private func run(_ subscription: EventFeed.Subscription, _ output: StreamOutput) async throws {
        try await output.write("retry: 2000\n\n")
        var last = try await begin(subscription, output)
        while last < subscription.start {
            let page = try await orchestrator.store.events(after: last, limit: settings.eventPage)
            guard let newest = page.last?.number else { break }
            if try await send(page.filter { $0.number <= subscription.start }, output) { return }
            // The page may hold what was committed since: that comes through the subscription.
            last = min(newest, subscription.start)
        }
        last = max(last, subscription.start)
        if let task = filter.taskID, !filter.follows, try await orchestrator.loadTask(task).state.isTerminal,
            try await !endComes(after: subscription.start)
        {
            // Its last event was committed before this reader came.
            return try await end(output)
        }
        while let events = await next(subscription) {
            if events.isEmpty {
                try await output.write(": \(Orchestrator.wallClock())\n\n")
            } else if try await send(events.filter { $0.number > last }, output) {
                return
            }
        }
    }

    /// Whether the task's end was committed since: then it comes through the subscription.
    private func endComes(after start: Int64) async throws -> Bool {
        var last = start
        while true {
            let page = try await orchestrator.store.events(after: last, limit: settings.eventPage)
            guard let newest = page.last?.number else { return false }
            if page.contains(where: filter.ends(with:)) { return true }
            last = newest
        }
    }

    /// - Returns: the number of the last event that the reader has.
    private func begin(_ subscription: EventFeed.Subscription, _ output: StreamOutput) async throws -> Int64 {
        let range = try await orchestrator.store.eventRange()
        let oldest = max(range.first, range.last - settings.eventRetention + 1)
        switch filter.start {
        case .now: return subscription.start
        case .time(let time):
            let first = try await orchestrator.store.firstEvent(since: time, after: oldest - 1)
            return first.map { $0 - 1 } ?? subscription.start
        case .after(let number):
            if number >= oldest - 1, number <= subscription.start || range.last == 0 { return number }
            let reset: JSONValue = ["oldest": .integer(oldest), "requested": .integer(number)]
            try await output.write("id: \(max(0, oldest - 1))\nevent: reset\ndata: \(reset.canonicalText)\n\n")
            return oldest - 1
        }
    }

    /// - Returns: true when the stream has come to its end.
    private func send(_ events: [LifecycleEvent], _ output: StreamOutput) async throws -> Bool {
        var text = ""
        for event in events {
            if filter.matches(event) { text += event.message }
            if filter.ends(with: event) {
                try await output.write(text)
                try await end(output)
                return true
            }
        }
        if !text.isEmpty { try await output.write(text) }
        return false
    }

    private func end(_ output: StreamOutput) async throws {
        let task: JSONValue = ["task_uuid": .text(filter.taskID?.description)]
        try await output.write("event: end\ndata: \(task.canonicalText)\n\n")
    }

    /// The next events; none when a heartbeat is due, nil at the end.
    private func next(_ subscription: EventFeed.Subscription) async -> [LifecycleEvent]? {
        enum Outcome: Sendable {
            case events([LifecycleEvent]?), quiet
        }
        return await withTaskGroup(of: Outcome.self) { group in
            group.addTask { .events(await subscription.next()) }
            group.addTask {
                try? await Task.sleep(for: settings.eventHeartbeat)
                return .quiet
            }
            let first = await group.next()
            group.cancelAll()
            if case .events(let events)? = first { return events }
            // Both may have come at once: nothing taken may be lost.
            if case .events(let events)? = await group.next(), let events { return events }
            return Task.isCancelled || subscription.isBehind ? nil : []
        }
    }
}

/// The response's writer. Unchecked: only the task that runs the stream writes, and the one that made this waits for it.
private final class StreamOutput: @unchecked Sendable {
    private var writer: any ResponseBodyWriter

    init(_ writer: any ResponseBodyWriter) { self.writer = writer }

    func write(_ text: String) async throws { try await writer.write(ByteBuffer(string: text)) }
}
