import ArgumentParser
import TaskerProtocol

struct QueueCommands: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue",
        abstract: "See what lies in the queues.",
        discussion: """
            Example:
              tasker-ctl queue list
            """,
        subcommands: [QueueListCommand.self])
}

struct QueueListCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List queues: messages, consumers, age, and what the store knows.",
        discussion: """
            What the broker does not tell is shown as '-', never as 0.

            Example:
              tasker-ctl queue list --watch
            """)

    @Flag(name: [.customShort("w"), .long], help: "Again every two seconds, until Ctrl-C.")
    var watch = false

    func run(in context: CommandContext) async throws {
        let client = try context.client()
        while true {
            let body = try await client.get(APIRequest(.get, "queues"))
            if watch, context.printer.drawsOver {
                try context.printer.write("\u{1B}[H\u{1B}[2J")
            }
            try show(body, context)
            guard watch else { return }
            if let deadline = client.deadline, ContinuousClock.now + .seconds(2) > deadline { return }
            try await Task.sleep(for: .seconds(2))
        }
    }

    private func show(_ body: JSONValue, _ context: CommandContext) throws {
        let queues = body["queues"]?.arrayValue ?? []
        var table = TextTable("queue", "kind", "ready", "unacked", "consumers", "oldest", "steps enqueued", "notes")
        for one in queues {
            let age = one["oldest_age_seconds"]?.doubleValue.map { RelativeTime.span(Int64($0 * 1000)) } ?? "-"
            table.add(
                one.cell("queue"), one.cell("kind"), one.cell("ready"), one.cell("unacked"), one.cell("consumers"),
                age, one.cell("steps_enqueued"), one.cell("notes"))
        }
        try context.printer.list(body: body, items: queues, names: queues.map { $0.cell("queue") }, table: table)
        if body["broker"]?["reachable"]?.boolValue == false {
            try context.printer.warning("the orchestrator cannot reach the broker: its figures are unknown")
        }
    }
}
