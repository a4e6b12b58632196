import ArgumentParser
import TaskerProtocol

struct TemplateListCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List what 'template generate' can make, or registered task templates.",
        discussion: """
            Example:
              tasker-ctl template list -l python
            """)

    @Option(name: [.customShort("l"), .long], help: "Only plugins of this language.")
    var language: String?

    @Option(name: [.customShort("f"), .long], help: "Only plugins of this framework.")
    var framework: String?

    @Flag(help: "List the task templates that the orchestrator has.")
    var serverTemplates = false

    @Option(name: [.customShort("n"), .long], help: "With --server-templates: only of this namespace.")
    var namespace: String?

    func run(in context: CommandContext) async throws {
        if serverTemplates { return try await registered(context) }
        let catalog = context.plugins()
        var table = TextTable("template", "plugin", "language", "description")
        var items: [JSONValue] = []
        var names: [String] = []
        for plugin in catalog.plugins where matches(plugin) {
            for template in plugin.templates {
                table.add(template.name, plugin.name, plugin.language, template.description)
                items.append([
                    "name": .string(template.name), "plugin": .string(plugin.name),
                    "language": .string(plugin.language), "description": .string(template.description),
                ])
                names.append(template.name)
            }
        }
        if items.isEmpty { try context.printer.note("no template matches") }
        try context.printer.list(body: ["templates": .array(items)], items: items, names: names.uniqued, table: table)
    }

    private func registered(_ context: CommandContext) async throws {
        let body = try await context.client().get(APIRequest(.get, "templates").with(query: "namespace", namespace))
        let templates = body["templates"]?.arrayValue ?? []
        var table = TextTable("template", "version", "steps", "description")
        for one in templates {
            table.add(
                "\(one.cell("namespace"))/\(one.cell("name"))", one.cell("version"), one.cell("step_count"),
                one.cell("description"))
        }
        let names = templates.map { "\($0.cell("namespace"))/\($0.cell("name"))@\($0.cell("version"))" }
        if templates.isEmpty { try context.printer.note("no template is registered") }
        try context.printer.list(body: body, items: templates, names: names, table: table)
    }

    private func matches(_ plugin: Plugin) -> Bool {
        if let language, plugin.language != (LanguageRules.canonical(language) ?? language) { return false }
        if let framework, plugin.framework != framework { return false }
        return true
    }
}

extension [String] {
    /// Each once, in the order of first appearance.
    var uniqued: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
