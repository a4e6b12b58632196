import ArgumentParser
import TaskerProtocol

struct TemplateListCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List what 'template generate' can make.",
        discussion: """
            Example:
              tasker-ctl template list -l python
            """)

    @Option(name: [.customShort("l"), .long], help: "Only plugins of this language.")
    var language: String?

    @Option(name: [.customShort("f"), .long], help: "Only plugins of this framework.")
    var framework: String?

    func run(in context: CommandContext) async throws {
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
