import ArgumentParser
import TaskerProtocol

struct WorkerListCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List workers; those lost are shown for an hour.",
        discussion: """
            Example:
              tasker-ctl worker list -n shop
            """)

    @Option(name: [.customShort("n"), .long], help: "Only those that serve this namespace.")
    var namespace: String?

    @Option(help: "Only those that take steps from this queue.")
    var queue: String?

    @Option(name: [.customShort("s"), .long], help: "Only active, draining or lost ones.")
    var status: String?

    func run(in context: CommandContext) async throws {
        let request = APIRequest(.get, "workers").with(query: "namespace", namespace).with(query: "queue", queue)
            .with(query: "status", status)
        let body = try await context.client().get(request)
        let workers = body["workers"]?.arrayValue ?? []
        if workers.isEmpty { try context.printer.note("no worker has been seen") }
        try context.printer.list(
            body: body, items: workers, names: workers.map { $0.cell("worker_id") },
            table: Self.table(workers, now: context.host.now()))
    }

    static func table(_ workers: [JSONValue], now: Double) -> TextTable {
        var table = TextTable("worker", "status", "language", "queues", "busy", "done", "failed", "seen", "handlers")
        for one in workers {
            let handlers = (one["handlers"]?.arrayValue ?? []).map { $0.cell("callable") }
            table.add(
                one.cell("worker_id"), one.cell("status"), one.cell("language"), one.cell("queues"),
                "\(one.cell("in_flight"))/\(one.cell("capacity"))", one.cell("processed_total"),
                one.cell("failed_total"), RelativeTime.text(one["last_seen_at"], now: now),
                handlers.isEmpty ? "-" : handlers.joined(separator: ", "))
        }
        return table
    }
}

struct WorkerStatusCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show a worker and the steps it runs.",
        discussion: """
            Example:
              tasker-ctl worker status py-3f2a
            """)

    @Argument(help: "Worker's id, see 'worker list'.")
    var id: String

    func run(in context: CommandContext) async throws {
        let body = try await context.client().get(APIRequest(.get, "workers", id))
        let now = context.host.now()
        let handlers = (body["handlers"]?.arrayValue ?? []).map { $0.cell("callable") }
        var text = TaskText.pairs([
            ("Worker", body.cell("worker_id")), ("Status", body.cell("status")),
            ("Process", "\(body.cell("pid")) on \(body.cell("hostname"))"),
            ("SDK", "\(body.cell("language")), \(body.cell("sdk_version"))"), ("Queues", body.cell("queues")),
            ("Handlers", handlers.isEmpty ? "-" : handlers.joined(separator: ", ")),
            ("Busy", "\(body.cell("in_flight")) of \(body.cell("capacity")) slots"),
            ("Done", "\(body.cell("processed_total")), \(body.cell("failed_total")) failed"),
            ("Started", RelativeTime.text(body["started_at"], now: now)),
            ("Seen", RelativeTime.text(body["last_seen_at"], now: now)),
        ])
        let running = body["running"]?.arrayValue ?? []
        if !running.isEmpty {
            var table = TextTable("step", "task", "attempt", "since")
            for one in running {
                table.add(
                    one.cell("step_name"), one.cell("task_uuid"), one.cell("attempt"),
                    RelativeTime.text(one["since"], now: now))
            }
            text += "\n" + table.text(style: context.printer.style)
        }
        try context.printer.object(body, name: body.cell("worker_id"), text: text)
    }
}
