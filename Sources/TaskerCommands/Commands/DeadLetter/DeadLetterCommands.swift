import ArgumentParser
import TaskerProtocol

struct DeadLetterCommands: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dlq",
        abstract: "Look into dead letters, and bring their tasks back.",
        discussion: """
            Example:
              tasker-ctl dlq list --status pending
            """,
        subcommands: [
            DeadLetterListCommand.self, DeadLetterGetCommand.self, DeadLetterUpdateCommand.self,
            DeadLetterDiscardCommand.self, DeadLetterReplayCommand.self, DeadLetterStatsCommand.self,
        ])

    static func update(
        _ entry: String, _ body: [String: JSONValue], _ client: APIClient
    ) async throws -> (answer: JSONValue, line: String) {
        let request = APIRequest(.patch, "dlq", "entry", entry).with(body: .object(body))
        let answer = try await client.send(request).json()
        return (answer, "\(entry)  \(answer.cell("message"))")
    }
}

struct DeadLetterListCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List dead letters.",
        discussion: """
            Example:
              tasker-ctl dlq list --status pending -o name
            """)

    @Option(name: [.customShort("s"), .long], help: "pending, manually_resolved, permanently_failed or cancelled.")
    var status: String?

    @Option(help: "Only with this reason, such as poison or max_retries_exceeded.")
    var reason: String?

    @Option(name: [.customShort("n"), .long], help: "Only of this namespace.")
    var namespace: String?

    @Option(name: [.customShort("l"), .long], help: "Entries at most (default 50, up to 500).")
    var limit = 50

    @Option(help: "Entries left out at the start.")
    var offset = 0

    func run(in context: CommandContext) async throws {
        let request = APIRequest(.get, "dlq").with(query: "resolution_status", status).with(query: "reason", reason)
            .with(query: "namespace", namespace).with(query: "limit", "\(limit)")
            .with(query: "offset", offset == 0 ? nil : "\(offset)")
        let answer = try await context.client().send(request)
        let body = try answer.json()
        let entries = body.arrayValue ?? []
        let now = context.host.now()
        var table = TextTable("entry", "task", "template", "reason", "status", "since", "notes")
        for one in entries {
            let snapshot = one["task_snapshot"] ?? .null
            table.add(
                one.cell("dlq_entry_uuid"), one.cell("task_uuid"),
                "\(snapshot.cell("namespace"))/\(snapshot.cell("task_name"))", one.cell("dlq_reason"),
                one.cell("resolution_status"), RelativeTime.text(one["dlq_timestamp"], now: now),
                one.cell("resolution_notes"))
        }
        if entries.isEmpty { try context.printer.note("no dead letter matches") }
        try context.printer.list(
            body: body, items: entries, names: entries.map { $0.cell("dlq_entry_uuid") }, table: table)
        if answer.headers["link"]?.contains("next") == true {
            try context.printer.note("there are more: --offset \(offset + limit)")
        }
    }
}

struct DeadLetterGetCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Show a dead letter with its failures.",
        discussion: """
            Example:
              tasker-ctl dlq get 01982f6a-0000-7000-8000-000000000001
            """)

    @Argument(help: "Entry's id, or a task (id, @last) for its newest entry.")
    var id: String

    func run(in context: CommandContext) async throws {
        let client = try context.client()
        let body: JSONValue
        if id == TaskReference.last {
            body = try await client.get(APIRequest(.get, "dlq", "task", try await context.resolve(id, client)))
        } else {
            do throws(CommandError) {
                body = try await client.get(APIRequest(.get, "dlq", "entry", id))
            } catch {
                guard error.status == .notFound, UUIDValue(id) != nil else { throw error }
                body = try await client.get(APIRequest(.get, "dlq", "task", id))
            }
        }
        let now = context.host.now()
        var text = TaskText.pairs([
            ("Entry", body.cell("dlq_entry_uuid")), ("Task", body.cell("task_uuid")),
            ("Reason", body.cell("dlq_reason")), ("Status", body.cell("resolution_status")),
            ("Since", RelativeTime.text(body["dlq_timestamp"], now: now)), ("State", body.cell("original_state")),
            ("Resolved by", body.cell("resolved_by")), ("Notes", body.cell("resolution_notes")),
        ])
        let failures = body["metadata"]?["failures"]?.arrayValue ?? []
        if !failures.isEmpty { text += "\nFailures:\n" }
        for one in failures { text += TaskText.block(JSONText.indented(one)) }
        try context.printer.object(body, name: body.cell("dlq_entry_uuid"), text: text)
    }
}

struct DeadLetterUpdateCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Note what came of a dead letter.",
        discussion: """
            Example:
              tasker-ctl dlq update 01982f6a-0000-7000-8000-000000000001 -s manually_resolved -n "paid by hand"
            """)

    @Argument(help: "Entry's id.")
    var id: String

    @Option(name: [.customShort("s"), .long], help: "pending, manually_resolved, permanently_failed or cancelled.")
    var status: String?

    @Option(name: [.customShort("n"), .long], help: "What was found or done.")
    var notes: String?

    @Option(name: [.customShort("b"), .long], help: "Who, for the audit (default: your user name).")
    var by: String?

    func run(in context: CommandContext) async throws {
        guard status != nil || notes != nil else {
            throw CommandError.usage("there is nothing to change", hint: "give --status or --notes")
        }
        var body: [String: JSONValue] = ["resolved_by": .string(by ?? context.host.userName)]
        body["resolution_status"] = status.map { .string($0) }
        body["resolution_notes"] = notes.map { .string($0) }
        let client = try context.client()
        try await BulkAction(context: context).run([id]) { try await DeadLetterCommands.update($0, body, client) }
    }
}

struct DeadLetterDiscardCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "discard",
        abstract: "Close dead letters as failed for good.",
        discussion: """
            Example:
              tasker-ctl dlq discard 01982f6a-0000-7000-8000-000000000001 --reason "test data" --yes
            """)

    @Argument(help: "Entries' ids.")
    var ids: [String]

    @OptionGroup var audit: ActorOptions

    @Flag(name: [.customShort("y"), .long], help: "Do not ask.")
    var yes = false

    @Flag(help: "Print what would be closed, close nothing.")
    var dryRun = false

    func run(in context: CommandContext) async throws {
        let client = try context.client()
        let bulk = BulkAction(context: context)
        if dryRun {
            return try await bulk.run(ids) { id in
                let entry = try await client.get(APIRequest(.get, "dlq", "entry", id))
                return (
                    entry, "\(id)  \(entry.cell("dlq_reason"))  \(entry.cell("resolution_status"))  would be closed"
                )
            }
        }
        try context.confirm("Close \(ids.count == 1 ? "entry \(ids[0])" : "\(ids.count) entries")?", yes: yes)
        let body: [String: JSONValue] = [
            "resolution_status": "PermanentlyFailed", "resolution_notes": .string(audit.reason),
            "resolved_by": .string(audit.actor(context.host)),
        ]
        try await bulk.run(ids) { try await DeadLetterCommands.update($0, body, client) }
    }
}

struct DeadLetterReplayCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Let the tasks of dead letters go on.",
        discussion: """
            Example:
              tasker-ctl dlq replay --all --reason "card service is back" --yes
            """)

    @Argument(help: "Entries' ids.")
    var ids: [String] = []

    @Flag(help: "Every pending entry.")
    var all = false

    @Option(name: [.customShort("n"), .long], help: "With --all: only of this namespace.")
    var namespace: String?

    @Option(name: [.customShort("r"), .long], help: "Why, for the audit; needed with --all.")
    var reason: String?

    @Option(name: [.customShort("b"), .long], help: "Who, for the audit (default: your user name).")
    var by: String?

    @Flag(name: [.customShort("y"), .long], help: "Do not ask.")
    var yes = false

    @Flag(help: "Print what would be replayed, do nothing.")
    var dryRun = false

    func run(in context: CommandContext) async throws {
        guard all != !ids.isEmpty else {
            throw CommandError.usage(
                ids.isEmpty ? "no entry is named" : "--all and entries exclude each other",
                hint: "name entries, or say --all --reason R; see 'tasker-ctl dlq list'")
        }
        guard !all || reason != nil else { throw CommandError.usage("--all needs a --reason") }
        let client = try context.client()
        let entries = all ? try await pending(client) : ids
        if entries.isEmpty { return try context.printer.note("no entry is pending") }
        if dryRun {
            for entry in entries { try context.printer.line(entry) }
            return
        }
        if all { try context.confirm("Replay \(entries.count) tasks?", yes: yes) }
        let body: JSONValue = [
            "reason": .string(reason ?? "via tasker-ctl"), "by": .string(by ?? context.host.userName),
        ]
        try await BulkAction(context: context).run(entries) { entry in
            let request = APIRequest(.post, "dlq", "entry", entry, "replay").with(body: body)
            let answer = try await client.send(request).json()
            return (answer, "\(entry)  \(answer.cell("message"))")
        }
    }

    private func pending(_ client: APIClient) async throws -> [String] {
        var found: [String] = []
        while true {
            let page =
                try await client.get(
                    APIRequest(.get, "dlq").with(query: "resolution_status", "pending").with(
                        query: "namespace", namespace
                    )
                    .with(query: "limit", "500").with(query: "offset", "\(found.count)")
                ).arrayValue ?? []
            found += page.compactMap { $0["dlq_entry_uuid"]?.stringValue }
            if page.count < 500 { return found }
        }
    }
}

struct DeadLetterStatsCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Count dead letters by reason.",
        discussion: """
            Example:
              tasker-ctl dlq stats
            """)

    func run(in context: CommandContext) async throws {
        let body = try await context.client().get(APIRequest(.get, "dlq", "stats"))
        let items = body.arrayValue ?? []
        var table = TextTable("reason", "total", "pending", "resolved", "failed", "cancelled", "oldest", "newest")
        for one in items {
            table.add(
                one.cell("dlq_reason"), one.cell("total_entries"), one.cell("pending"), one.cell("manually_resolved"),
                one.cell("permanent_failures"), one.cell("cancelled"),
                RelativeTime.text(one["oldest_entry"], now: context.host.now()),
                RelativeTime.text(one["newest_entry"], now: context.host.now()))
        }
        if items.isEmpty { try context.printer.note("there is no dead letter") }
        try context.printer.list(body: body, items: items, names: items.map { $0.cell("dlq_reason") }, table: table)
    }
}
