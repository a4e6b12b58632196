import ArgumentParser
import TaskerProtocol

struct RouteCommands: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "route",
        abstract: "See and set which queues a handler's steps go to.",
        discussion: """
            Example:
              tasker-ctl route set shop/charge shop.python=50 shop.swift=50
            """,
        subcommands: [RouteListCommand.self, RouteSetCommand.self, RouteClearCommand.self])

    /// `shop/charge` in its two parts; a callable may hold slashes itself.
    static func handler(_ text: String) throws(CommandError) -> (namespace: String, callable: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
            throw .usage("'\(text)' names no handler", hint: "write NAMESPACE/CALLABLE, such as shop/charge")
        }
        return (parts[0], parts[1])
    }

    static func table(_ routes: [JSONValue]) -> TextTable {
        var table = TextTable("handler", "decided by", "queues", "workers", "languages", "waiting", "notes")
        for route in routes {
            let queues = route["queues"]?.arrayValue ?? []
            let names = queues.map { "\($0.cell("queue"))=\($0.cell("weight"))" }
            let workers = queues.reduce(0) { $0 + ($1["live_workers"]?.integerValue ?? 0) }
            let languages = queues.flatMap { ($0["languages"]?.arrayValue ?? []).compactMap(\.stringValue) }.uniqued
            table.add(
                "\(route.cell("namespace"))/\(route.cell("callable"))", route.cell("source"),
                names.isEmpty ? "-" : names.joined(separator: " "), "\(workers)",
                languages.isEmpty ? "-" : languages.joined(separator: ", "), route.cell("waiting_steps"),
                (route["notes"]?.arrayValue ?? []).compactMap(\.stringValue).joined(separator: "; "))
        }
        return table
    }

    static func show(_ route: JSONValue, _ context: CommandContext) throws {
        try context.printer.object(
            route, name: "\(route.cell("namespace"))/\(route.cell("callable"))",
            text: table([route]).text(width: context.host.terminalWidth, style: context.printer.style))
    }
}

struct RouteListCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List which queues steps go to, and who decided that.",
        discussion: """
            Example:
              tasker-ctl route list -n shop
            """)

    @Option(name: [.customShort("n"), .long], help: "Only of this namespace.")
    var namespace: String?

    func run(in context: CommandContext) async throws {
        let body = try await context.client().get(APIRequest(.get, "routes").with(query: "namespace", namespace))
        let routes = body["routes"]?.arrayValue ?? []
        if routes.isEmpty { try context.printer.note("no handler is known") }
        try context.printer.list(
            body: body, items: routes, names: routes.map { "\($0.cell("namespace"))/\($0.cell("callable"))" },
            table: RouteCommands.table(routes))
    }
}

struct RouteSetCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Send a handler's steps to these queues, from the next dispatch on.",
        discussion: """
            Example:
              tasker-ctl route set shop/charge shop.python=90 shop.swift=10
            """)

    @Argument(help: "NAMESPACE/CALLABLE.")
    var handler: String

    @Argument(help: "QUEUE, or QUEUE=WEIGHT (default 100).")
    var queues: [String]

    func run(in context: CommandContext) async throws {
        let (namespace, callable) = try RouteCommands.handler(handler)
        let items = try queues.map { text throws(CommandError) -> JSONValue in
            // A queue's name may not hold '='.
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard !parts[0].isEmpty else { throw .usage("'\(text)' names no queue") }
            guard parts.count > 1 else { return ["queue": .string(parts[0]), "weight": 100] }
            guard let weight = Int(parts[1]), weight >= 0 else {
                throw .usage("'\(parts[1])' is no weight of queue \(parts[0])", hint: "write a whole number from 0 on")
            }
            return ["queue": .string(parts[0]), "weight": .number(weight)]
        }
        let request = APIRequest(.put, "routes", namespace, callable).with(body: ["queues": .array(items)])
        try RouteCommands.show(try await context.client().send(request).json(), context)
    }
}

struct RouteClearCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "clear",
        abstract: "Go back to the queues that workers announce.",
        discussion: """
            Example:
              tasker-ctl route clear shop/charge
            """)

    @Argument(help: "NAMESPACE/CALLABLE.")
    var handler: String

    func run(in context: CommandContext) async throws {
        let (namespace, callable) = try RouteCommands.handler(handler)
        let answer = try await context.client().send(APIRequest(.delete, "routes", namespace, callable))
        if answer.body.isEmpty { return try context.printer.note("cleared \(handler)") }
        try RouteCommands.show(try answer.json(), context)
    }
}
