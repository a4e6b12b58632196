import TaskerProtocol
import UnixSignals

/// Follows a task until it rests, through restarts of the server.
struct TaskFollower: Sendable {
    var id: String
    var client: APIClient
    var context: CommandContext

    /// How long the server may be away when `--timeout` sets no limit.
    private static let patience: Duration = .seconds(60)

    private static let pause: Duration = .milliseconds(200)

    static let resting: Set<String> = ["complete", "error", "cancelled", "resolved_manually", "blocked_by_failures"]

    static func rests(_ task: JSONValue) -> Bool { resting.contains(task.cell("status")) }

    /// - Throws: the exit that tells of a task that did not end well.
    static func judge(_ task: JSONValue) throws(SilentExit) {
        if ["error", "cancelled", "blocked_by_failures"].contains(task.cell("status")) {
            throw SilentExit(.taskFailed)
        }
    }

    /// - Returns: the task as it rests.
    /// - Throws: timeout after `--timeout`, unreachable when the server does not come back, interrupted by Ctrl-C.
    func untilItRests() async throws -> JSONValue {
        let progress = ProgressLine(context)
        let task = try await interruptible {
            try await follow { task in try progress.show(Self.line(task), change: task.cell("status")) }
        }
        try progress.clear()
        return task
    }

    private static func line(_ task: JSONValue) -> String {
        let running = (task["steps"]?.arrayValue ?? []).filter {
            ["in_progress", "enqueued"].contains($0.cell("current_state"))
        }.map { $0.cell("name") }
        let names = running.isEmpty ? "" : "  running: " + running.prefix(5).joined(separator: ", ")
        return "\(task.cell("name")) \(TaskText.progress(task)) steps  \(task.cell("status"))\(names)"
    }

    /// Calls `body` with each state that is seen, the last one included.
    func follow(_ body: (JSONValue) async throws -> Void) async throws -> JSONValue {
        var awaySince: ContinuousClock.Instant?
        while true {
            do {
                let asked = ContinuousClock.now
                let task = try await next()
                awaySince = nil
                try await body(task)
                if Self.rests(task) { return task }
                // A server that does not hold its answers is not asked without a pause.
                let next = asked + Self.pause
                if next > .now { try await Task.sleep(until: next, clock: .continuous) }
            } catch let error as CommandError {
                guard error.status == .unreachable else { throw explained(error) }
                if awaySince == nil { try context.printer.detail("the server is away; waiting for it") }
                let since = awaySince ?? .now
                awaySince = since
                if client.deadline == nil, since.duration(to: .now) > Self.patience { throw error }
                if let deadline = client.deadline, ContinuousClock.now + .milliseconds(500) > deadline { throw error }
                try await Task.sleep(for: .milliseconds(500))
            }
        }
    }

    /// The server holds the answer until the task rests, for a second.
    private func next() async throws(CommandError) -> JSONValue {
        var request = APIRequest(.get, "tasks", id).with(query: "wait_seconds", "1")
        request.held = .seconds(1)
        return try await client.get(request)
    }

    private func explained(_ error: CommandError) -> CommandError {
        guard error.status == .timeout else { return error }
        return CommandError(
            .timeout, code: "timeout", "the time is over and task \(id) still goes on",
            hint: "follow it with 'tasker-ctl task watch \(id)', or ask 'tasker-ctl why \(id)'")
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
