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

    /// Writes until the reader goes, its task has ended, or the server goes down.
    /// - Throws: ``FellBehind``; the connection is closed then, as its reader may never take the end of the response.
    func write(to writer: any ResponseBodyWriter, over channel: any Channel) async throws {
        let subscription = orchestrator.events.subscribe(limit: settings.eventBacklog)
        defer { subscription.cancel() }
        let output = StreamOutput(writer, channel)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await cancelWhenGracefulShutdown {
                    // A reader that is gone ends its stream; that is no failure of ours.
                    try? await run(subscription, output)
                }
            }
            group.addTask {
                while (try? await Task.sleep(for: settings.eventHeartbeat)) != nil { subscription.nudge() }
                // Only cancellation ends it: the stream is what counts.
                await subscription.waitUntilOver()
            }
            // A write to a reader that takes nothing waits for ever: this ends it.
            group.addTask { await subscription.waitUntilOver() }
            await group.next()
            group.cancelAll()
        }
        guard subscription.isBehind else { return }
        channel.close(promise: nil)
        throw FellBehind()
    }

    private func run(_ subscription: EventFeed.Subscription, _ output: StreamOutput) async throws {
        try await output.write("retry: 2000\n\n")
        var last = try await begin(subscription, output)
        while last < subscription.start {
            let page = try await orchestrator.store.events(after: last, limit: settings.eventPage)
            guard let newest = page.last?.number else { break }
            let older = page.filter { $0.number <= subscription.start }
            if try await send(older, output, text: { older[$0].message }) { return }
            try await output.flush()
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
        while let batches = await subscription.next() {
            if batches.isEmpty { try await output.write(": \(Orchestrator.wallClock())\n\n") }
            for batch in batches {
                if try await send(batch.events, after: last, output, text: { batch.text(at: $0, \.message) }) { return }
            }
            try await output.flush()
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

    /// - Parameter text: of the event at an index.
    /// - Returns: true when the stream has come to its end.
    private func send(
        _ events: [LifecycleEvent], after last: Int64 = 0, _ output: StreamOutput, text: (Int) -> String
    ) async throws -> Bool {
        for (index, event) in events.enumerated() where event.number > last {
            if filter.matches(event) { try await output.add(text(index)) }
            if filter.ends(with: event) {
                try await end(output)
                return true
            }
        }
        return false
    }

    private func end(_ output: StreamOutput) async throws {
        let task: JSONValue = ["task_uuid": .text(filter.taskID?.description)]
        try await output.write("event: end\ndata: \(task.canonicalText)\n\n")
    }
}

/// The reader takes events too slowly: it may come back and resume.
private struct FellBehind: Error {}

/// The response's writer. Unchecked: only the task that runs the stream writes, and the one that made this waits for it.
private final class StreamOutput: @unchecked Sendable {
    private var writer: any ResponseBodyWriter
    private let channel: any Channel
    private var buffer = ByteBuffer()

    /// Bytes: large enough to be worth a write, small enough for thousands of readers.
    private static let piece = 32_768

    init(_ writer: any ResponseBodyWriter, _ channel: any Channel) {
        self.writer = writer
        self.channel = channel
    }

    /// Writes when enough has come together.
    func add(_ text: String) async throws {
        buffer.writeString(text)
        if buffer.readableBytes >= Self.piece { try await flush() }
    }

    func write(_ text: String) async throws {
        buffer.writeString(text)
        try await flush()
    }

    func flush() async throws {
        guard buffer.readableBytes > 0 else { return }
        let piece = buffer
        buffer = ByteBuffer()
        try await writer.write(piece)
        // A write returns before the connection's thread has it. Where that thread is the bottleneck, hundreds of readers
        // would pile up pieces in front of it without an end.
        try await channel.eventLoop.submit {}.get()
    }
}
