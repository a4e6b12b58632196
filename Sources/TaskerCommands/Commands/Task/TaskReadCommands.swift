import ArgumentParser
import TaskerProtocol

struct TaskGetCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Show a task.",
        discussion: """
            Example:
              tasker-ctl task get @last
            """)

    @Argument(help: "Task: id, beginning of it, or @last.")
    var id: String

    func run(in context: CommandContext) async throws {
        let client = try context.client()
        let task = try await client.get(APIRequest(.get, "tasks", try await context.resolve(id, client)))
        try context.printer.object(task, name: task.cell("task_uuid"), text: TaskText(context).task(task))
    }
}

struct TaskListCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List tasks, newest first.",
        discussion: """
            Example:
              tasker-ctl task list -n ecommerce --status error,blocked_by_failures --since 24h
            """)

    @Option(name: [.customShort("n"), .long], help: "Only of this namespace.")
    var namespace: String?

    @Option(name: [.customShort("s"), .long], help: "Only in these states, separated by commas.")
    var status: String?

    @Option(help: "Only of templates with this name.")
    var name: String?

    @Option(help: "Only with this tag.")
    var tag: String?

    @Option(help: "Only created since: 24h, or a time like 2026-01-31T00:00:00Z.")
    var since: String?

    @Option(name: [.customShort("l"), .long], help: "Tasks at most (default 20, up to 100).")
    var limit = 20

    @Flag(help: "All of them, page by page.")
    var all = false

    func run(in context: CommandContext) async throws {
        guard (1...100).contains(limit) else {
            throw CommandError.usage("--limit is \(limit)", hint: "write 1 to 100, or --all for every task")
        }
        let client = try context.client()
        let request = APIRequest(.get, "tasks").with(query: "namespace", namespace).with(query: "status", status)
            .with(query: "name", name).with(query: "tag", tag).with(
                query: "created_after", try start(context.host.now())
            )
            .with(query: "per_page", all ? "100" : "\(limit)")
        var body = try await client.get(request)
        var tasks = body["tasks"]?.arrayValue ?? []
        while all, let cursor = body["pagination"]?["next_cursor"]?.stringValue {
            body = try await client.get(request.with(query: "cursor", cursor))
            tasks += body["tasks"]?.arrayValue ?? []
        }
        if all, case .object(var members) = body {
            members["tasks"] = .array(tasks)
            body = .object(members)
        }
        let printer = context.printer
        if tasks.isEmpty { try printer.note("no task matches") }
        try printer.list(
            body: body, items: tasks, names: tasks.map { $0.cell("task_uuid") }, table: TaskText(context).tasks(tasks))
        if !all, body["pagination"]?["has_next"]?.boolValue == true {
            try printer.note("there are more: --all, or --limit N")
        }
    }

    private func start(_ now: Double) throws(CommandError) -> String? {
        guard let since else { return nil }
        if since.contains("-") { return since }
        let span = try DurationText.parse(since, for: "--since")
        return Timestamp(milliseconds: Int64(now * 1000) - span.wholeMilliseconds).description
    }
}

struct TaskStepsCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "steps",
        abstract: "List the steps of a task.",
        discussion: """
            Example:
              tasker-ctl task steps @last
            """)

    @Argument(help: "Task: id, beginning of it, or @last.")
    var id: String

    func run(in context: CommandContext) async throws {
        let client = try context.client()
        let body = try await client.get(
            APIRequest(.get, "tasks", try await context.resolve(id, client), "workflow_steps"))
        let steps = body.arrayValue ?? []
        try context.printer.list(
            body: body, items: steps, names: steps.map { $0.cell("name") }, table: TaskText(context).steps(steps))
    }
}

struct TaskStepCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "step",
        abstract: "Show a step with its result.",
        discussion: """
            Example:
              tasker-ctl task step @last charge_card
            """)

    @Argument(help: "Task: id, beginning of it, or @last.")
    var id: String

    @Argument(help: "Step: name or id.")
    var step: String

    func run(in context: CommandContext) async throws {
        let client = try context.client()
        let body = try await client.get(
            APIRequest(.get, "tasks", try await context.resolve(id, client), "workflow_steps", step))
        try context.printer.object(body, name: body.cell("name"), text: TaskText(context).step(body))
    }
}

struct TaskStepAuditCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "step-audit",
        abstract: "Show every result and manual action of a step.",
        discussion: """
            Example:
              tasker-ctl task step-audit @last charge_card
            """)

    @Argument(help: "Task: id, beginning of it, or @last.")
    var id: String

    @Argument(help: "Step: name or id.")
    var step: String

    func run(in context: CommandContext) async throws {
        let client = try context.client()
        let body = try await client.get(
            APIRequest(.get, "tasks", try await context.resolve(id, client), "workflow_steps", step, "audit"))
        let entries = body.arrayValue ?? []
        if entries.isEmpty { try context.printer.note("nothing has happened to this step yet") }
        try context.printer.list(
            body: body, items: entries, names: entries.map { $0.cell("audit_uuid") },
            table: TaskText(context).audit(entries))
    }
}
