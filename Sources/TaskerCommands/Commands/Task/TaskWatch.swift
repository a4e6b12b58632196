import ArgumentParser
import TaskerProtocol

struct TaskWatchCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Follow a task until it rests; exit 2 when it failed.",
        discussion: """
            A table of its steps on a terminal, otherwise one line per event; with -o json or jsonl one object per line.

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
        let status =
            context.printer.drawsOver
            ? try await follower.interruptible { try await live(LiveTable(context)) }
            : try await follower.interruptible { try await lines() }
        if context.printer.format == .name { try context.printer.line(follower.id) }
        try TaskFollower.judge(status)
    }

    private func live(_ table: LiveTable) async throws -> String {
        var table = table
        do {
            let status = try await follower.follow(refreshes: true) { sight in
                switch sight {
                case .summary(let summary): try table.show(summary)
                case .event: break
                case .moment: try table.tick()
                }
            }
            try table.finish()
            return status
        } catch {
            // The terminal has written ^C where the cursor was.
            try? table.finish()
            throw error
        }
    }

    private func lines() async throws -> String {
        var changes = TaskChanges()
        return try await follower.follow(refreshes: false) { sight in
            switch sight {
            case .summary(let summary): for change in changes.take(summary: summary) { try show(change) }
            case .event(let event): if let change = changes.take(event: event) { try show(change) }
            case .moment: break
            }
        }
    }

    private func show(_ change: TaskChange) throws {
        let printer = follower.context.printer
        switch printer.format {
        case .table: try printer.line(change.text)
        case .json, .jsonl: try printer.line(change.json.canonicalText)
        case .yaml: try printer.write("---\n" + YAMLText.text(change.json))
        case .name: break
        }
    }
}
