import ArgumentParser
import Synchronization
import TaskerProtocol

struct TaskWatchCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Follow a task until it rests; exit 2 when it failed.",
        discussion: """
            A table of its steps on a terminal, otherwise one line per change; with -o jsonl one object per change.

            Example:
              tasker-ctl task watch @last
            """)

    @Argument(help: "Task: id, beginning of it, or @last.")
    var id: String

    func run(in context: CommandContext) async throws {
        let client = try context.client()
        let task = try await context.resolve(id, client)
        try await TaskWatch(follower: TaskFollower(id: task, client: client, context: context)).run()
    }
}

/// Shows what changes in a task while it runs.
struct TaskWatch: Sendable {
    var follower: TaskFollower

    func run() async throws {
        let context = follower.context
        let screen = Screen(context)
        let task = try await follower.interruptible {
            try await follower.follow { task in
                let steps = try await follower.client.get(APIRequest(.get, "tasks", follower.id, "workflow_steps"))
                try screen.show(task, steps.arrayValue ?? [])
            }
        }
        switch context.printer.format {
        case .json, .yaml: try context.printer.object(task, name: "", text: "")
        case .name: try context.printer.line(follower.id)
        case .table, .jsonl: break
        }
        try TaskFollower.judge(task)
    }

    /// A table that is drawn over, or lines.
    private final class Screen: Sendable {
        private let context: CommandContext
        private let isLive: Bool
        private let state = Mutex((height: 0, known: [String: String](), status: ""))

        init(_ context: CommandContext) {
            self.context = context
            isLive =
                context.host.terminalWidth != nil && context.printer.format == .table
                && context.host.environment["TERM"] != "dumb"
        }

        func show(_ task: JSONValue, _ steps: [JSONValue]) throws {
            if isLive { return try draw(task, steps) }
            guard [.table, .jsonl].contains(context.printer.format) else { return }
            var lines: [(String, JSONValue)] = []
            state.withLock { state in
                for step in steps {
                    let name = step.cell("name")
                    let now = step.cell("current_state")
                    let before = state.known[name]
                    if before == now { continue }
                    state.known[name] = now
                    lines.append(Self.change(name, before, now, step["attempts"] ?? 0))
                }
                let status = task.cell("status")
                if state.status != status {
                    lines.append(Self.change(nil, state.status.isEmpty ? nil : state.status, status, .null))
                    state.status = status
                }
            }
            for (text, object) in lines {
                try context.printer.line(context.printer.format == .jsonl ? object.canonicalText : text)
            }
        }

        private static func change(
            _ step: String?, _ before: String?, _ now: String, _ attempts: JSONValue
        ) -> (String, JSONValue) {
            let text = "\(step ?? "task")  \(before.map { $0 + " -> " } ?? "")\(now)"
            var object: [String: JSONValue] = [
                "type": .string(step == nil ? "task.state" : "step.state"), "to_state": .string(now),
                "from_state": before.map { .string($0) } ?? .null,
            ]
            if let step {
                object["step_name"] = .string(step)
                object["attempts"] = attempts
            }
            return (TextTable.clean(text), .object(object))
        }

        private func draw(_ task: JSONValue, _ steps: [JSONValue]) throws {
            let text = TaskText(context)
            let head =
                "\(task.cell("namespace"))/\(task.cell("name"))  \(task.cell("status"))  \(TaskText.progress(task))"
            let table = text.steps(steps).text(width: context.host.terminalWidth, style: context.printer.style)
            let lines = [TextTable.clean(head)] + table.split(separator: "\n").map(String.init)
            let height = state.withLock { state in
                defer { state.height = lines.count }
                return state.height
            }
            // Up to where the last one began, then each line cleared before it is written.
            let up = height > 0 ? "\u{1B}[\(height)A" : ""
            try context.printer.write(up + lines.map { "\u{1B}[2K\($0)\n" }.joined() + "\u{1B}[J")
        }
    }
}
