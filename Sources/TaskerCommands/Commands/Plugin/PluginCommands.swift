import ArgumentParser
import TaskerProtocol

struct PluginCommands: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugin",
        abstract: "List and check plugins of 'template generate'.",
        discussion: """
            Example:
              tasker-ctl plugin list
            """,
        subcommands: [PluginListCommand.self, PluginValidateCommand.self])
}

struct PluginListCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List built-in plugins and those on the plugin paths.",
        discussion: """
            Example:
              TASKER_PLUGIN_PATH=./plugins tasker-ctl plugin list
            """)

    func run(in context: CommandContext) async throws {
        let catalog = context.plugins()
        var table = TextTable("plugin", "version", "language", "from", "used", "templates")
        var items: [JSONValue] = []
        for entry in catalog.entries {
            let plugin = entry.plugin
            let templates = plugin.templates.map(\.name)
            table.add(
                plugin.name, plugin.version, plugin.language, plugin.origin.text, entry.isUsed ? "yes" : "no",
                templates.joined(separator: ", "))
            var members: [String: JSONValue] = [
                "name": .string(plugin.name), "version": .string(plugin.version),
                "description": .string(plugin.description), "language": .string(plugin.language),
                "from": .string(plugin.origin.text), "used": .bool(entry.isUsed),
                "templates": .array(templates.map { .string($0) }),
            ]
            if let framework = plugin.framework { members["framework"] = .string(framework) }
            items.append(.object(members))
        }
        try context.printer.list(
            body: ["plugins": .array(items)], items: items, names: catalog.plugins.map(\.name), table: table)
    }
}

struct PluginValidateCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Report everything that is wrong with a plugin directory.",
        discussion: """
            Example:
              tasker-ctl plugin validate ./my-plugin
            """)

    @Argument(help: "Directory that holds tasker-plugin.toml.")
    var path: String

    func run(in context: CommandContext) async throws {
        guard FileSet.exists(context.host.resolve(path)) else {
            throw CommandError.notFound("there is no directory '\(path)'")
        }
        let (plugin, problems) = PluginCatalog.read(path, host: context.host)
        let body: JSONValue = [
            "valid": .bool(problems.isEmpty), "plugin": plugin.map { .string($0.name) } ?? .null,
            "problems": .array(problems.map { .string($0) }),
        ]
        let text =
            problems.isEmpty
            ? "\(path): the plugin \(plugin?.name ?? "") is valid, \(plugin?.templates.count ?? 0) templates\n"
            : problems.map { $0 + "\n" }.joined()
        try context.printer.object(body, name: plugin?.name ?? path, text: text)
        if !problems.isEmpty { throw SilentExit(.failure) }
    }
}
