import TaskerProtocol
import UnixSignals

/// Follows a task until it rests: by the server's events, by asking again and again where there are none, and through
/// restarts of the server.
struct TaskFollower: Sendable {
    enum Sight: Sendable {
        /// The task at a glance.
        case summary(JSONValue)
        /// One change of it, as the server tells it.
        case event(JSONValue)
        /// Time goes by.
        case moment
    }

    var id: String
    var client: APIClient
    var context: CommandContext

    static let resting: Set<String> = ["complete", "error", "cancelled", "resolved_manually", "blocked_by_failures"]

    private static let moment: Duration = .milliseconds(200)
    /// Between two looks where there are no events.
    private static let pollPause: Duration = .seconds(1)

    /// - Throws: the exit that tells of a task that did not end well.
    static func judge(_ status: String) throws(SilentExit) {
        if ["error", "cancelled", "blocked_by_failures"].contains(status) { throw SilentExit(.taskFailed) }
    }

    // MARK: - Waiting

    /// - Returns: the task as it rests.
    /// - Throws: timeout after `--timeout`, unreachable when the server does not come back, interrupted by Ctrl-C.
    func untilItRests() async throws -> JSONValue {
        let progress = ProgressLine(context)
        return try await interruptible {
            do {
                _ = try await follow(refreshes: true) { sight in
                    switch sight {
                    case .summary(let summary): try progress.show(summary)
                    case .event: break
                    case .moment: try progress.tick()
                    }
                }
                let task = try await patiently { try await client.get(APIRequest(.get, "tasks", id)) }
                try progress.clear()
                return task
            } catch {
                try? progress.clear()
                throw error
            }
        }
    }

    /// Calls `see` with everything there is to see, the summary of the task at rest last.
    /// - Parameter refreshes: whether each event asks for a new summary; otherwise only what events do not tell does.
    /// - Returns: the status it rests in.
    func follow(refreshes: Bool, _ see: (Sight) throws -> Void) async throws -> String {
        let (inputs, sink) = AsyncStream<TaskEvents.Sign?>.makeStream()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            let events = TaskEvents(client: client, task: id)
            group.addTask { await events.run { sink.yield($0) } }
            group.addTask {
                while !Task.isCancelled {
                    sink.yield(nil)
                    try await Task.sleep(for: Self.moment)
                }
            }
            defer { group.cancelAll() }
            return try await watch(inputs, refreshes, see)
        }
    }

    private func watch(
        _ inputs: AsyncStream<TaskEvents.Sign?>, _ refreshes: Bool, _ see: (Sight) throws -> Void
    ) async throws -> String {
        var patience = Patience(self)
        var isStreaming = false
        var isStale = true
        var nextLook = ContinuousClock.now
        for await sign in inputs {
            try patience.check()
            switch sign {
            case .opened(let isResumed):
                isStreaming = true
                if !isResumed { isStale = true }
            case .event(let event):
                try see(.event(event))
                let rests =
                    event["step_uuid"] == nil && Self.resting.contains(event["to_state"]?.stringValue ?? "")
                if refreshes || rests { isStale = true }
                if rests { nextLook = .now }
            case .reset, .alive: isStale = true
            case .lost, .unavailable: isStreaming = false
            case nil: try see(.moment)
            }
            let began = ContinuousClock.now
            guard isStale || !isStreaming, began >= nextLook else { continue }
            do {
                let summary = try await client.get(APIRequest(.get, "tasks", id, "summary"))
                patience.restore()
                isStale = false
                // A server that takes long to answer is asked less often.
                let took = began.duration(to: .now)
                nextLook = .now + (isStreaming ? max(Self.moment, took * 4) : max(Self.pollPause, took * 4))
                try see(.summary(summary))
                let status = summary["task"]?.cell("status") ?? "-"
                if Self.resting.contains(status) { return status }
            } catch let error as CommandError {
                try patience.bear(error)
                nextLook = .now + Patience.pause
            }
        }
        throw CancellationError()
    }

    /// One request, through absences of the server.
    func patiently<Value>(_ body: () async throws -> Value) async throws -> Value {
        var patience = Patience(self)
        while true {
            do {
                return try await body()
            } catch let error as CommandError {
                try patience.bear(error)
                try await Task.sleep(for: Patience.pause)
                try patience.check()
            }
        }
    }

    // MARK: - Ctrl-C

    /// Ends the body on Ctrl-C; the task goes on.
    func interruptible<Value: Sendable>(_ body: @Sendable @escaping () async throws -> Value) async throws -> Value {
        let id = id
        return try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await body() }
            group.addTask {
                for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) {
                    throw CommandError(
                        .interrupted, code: "interrupted", "interrupted; task \(id) goes on",
                        hint: "follow it with 'tasker-ctl task watch \(id)'")
                }
                try await Task.sleep(for: .seconds(86_400 * 365))
                throw CancellationError()
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else { throw CancellationError() }
            return value
        }
    }
}
