import ArgumentParser
import TaskerProtocol

struct SystemCommands: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "system",
        abstract: "Ask the orchestrator how it is.",
        discussion: """
            Example:
              tasker-ctl system health
            """,
        subcommands: [SystemHealthCommand.self, SystemInfoCommand.self])

    /// The health document; an unhealthy server sends it with 503.
    static func health(_ client: APIClient) async throws(CommandError) -> JSONValue {
        let request = APIRequest(.get, "/health/detailed")
        let answer = try await client.answer(to: request)
        if let body = try? answer.json(), body["checks"] != nil || answer.status == 200 { return body }
        throw APIFailure.refused(answer, by: client, request)
    }
}

struct SystemHealthCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Check the orchestrator: 0 healthy, 1 degraded, 6 unreachable.",
        discussion: """
            Example:
              tasker-ctl system health --workers
            """)

    @Flag(name: [.customShort("w"), .long], help: "Also list the workers.")
    var workers = false

    func run(in context: CommandContext) async throws {
        let client = try context.client()
        var body = try await SystemCommands.health(client)
        let status = body.cell("status")
        var text = "\(TextTable.clean(status))\n\n"
        var table = TextTable("check", "status", "message")
        for (name, check) in (body["checks"]?.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
            table.add(name, check.cell("status"), check.cell("message"))
        }
        text += table.text(width: context.host.terminalWidth, style: context.printer.style)
        if workers {
            let found = try await client.get(APIRequest(.get, "workers"))
            let list = WorkerListCommand.table(found["workers"]?.arrayValue ?? [], now: context.host.now())
            text += "\n" + list.text(width: context.host.terminalWidth, style: context.printer.style)
            body = ["health": body, "workers": found["workers"] ?? []]
        }
        try context.printer.object(body, name: status, text: text)
        if !["healthy", "ready", "ok"].contains(status) { throw SilentExit(.failure) }
    }
}

struct SystemInfoCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Show version, store, broker and uptime of the orchestrator.",
        discussion: """
            Example:
              tasker-ctl system info -o json
            """)

    func run(in context: CommandContext) async throws {
        let body = try await SystemCommands.health(try context.client())
        let rows = (body["info"]?.objectValue ?? [:]).sorted { $0.key < $1.key }.map { name, value in
            (name, JSONValue.shown(value))
        }
        let server = context.settings.shown(.server) ?? "-"
        try context.printer.object(
            body, name: body["info"]?.cell("version") ?? "-", text: TaskText.pairs([("server", server)] + rows))
    }
}
