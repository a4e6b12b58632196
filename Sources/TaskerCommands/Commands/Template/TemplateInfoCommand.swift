import ArgumentParser
import TaskerProtocol
import TaskerTemplates

struct TemplateInfoCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Show parameters and files of a generator template.",
        discussion: """
            Example:
              tasker-ctl template info step_handler_api --plugin tasker-contrib-python
            """)

    @Argument(help: "Name of the template.")
    var name: String

    @Option(help: "Only of this plugin.")
    var plugin: String?

    func run(in context: CommandContext) async throws {
        let catalog = context.plugins()
        let plugins = try plugin.map { [try catalog.required($0)] } ?? catalog.plugins
        let found = plugins.compactMap { plugin in plugin.template(name).map { (plugin, $0) } }
        guard !found.isEmpty else {
            let names = plugins.flatMap { $0.templates.map(\.name) }.uniqued
            let near = DocumentTools.nearest(to: name, among: names)
            throw CommandError.notFound(
                "there is no template '\(name)'",
                hint: near.map { "did you mean '\($0)'?" } ?? "there are: " + names.joined(separator: ", "))
        }
        let bodies = found.map { json($1, of: $0) }
        try context.printer.list(
            body: ["templates": .array(bodies)], items: bodies, names: found.map { $0.0.name }, table: nil)
        guard context.printer.format == .table else { return }
        for (index, (plugin, template)) in found.enumerated() {
            if index > 0 { try context.printer.line("") }
            try context.printer.line("\(template.name) of \(plugin.name) (\(plugin.language)): \(template.description)")
            try context.printer.write("\n" + ParameterReader.table(template))
            try context.printer.line("\nFILES")
            for output in template.outputs {
                let path = (output.subdirectory.map { $0 + "/" } ?? "") + output.filename
                try context.printer.line("  " + path + (output.onlyWhenAbsent ? "   (when absent)" : ""))
            }
        }
    }

    private func json(_ template: ScaffoldTemplate, of plugin: Plugin) -> JSONValue {
        [
            "name": .string(template.name), "plugin": .string(plugin.name), "language": .string(plugin.language),
            "description": .string(template.description),
            "parameters": .array(
                template.parameters.map { parameter in
                    var members: [String: JSONValue] = [
                        "name": .string(parameter.name), "description": .string(parameter.description),
                        "required": .bool(parameter.isRequired),
                    ]
                    if let value = parameter.defaultValue { members["default"] = .string(value) }
                    if !parameter.values.isEmpty { members["values"] = .array(parameter.values.map { .string($0) }) }
                    return .object(members)
                }),
            "files": .array(
                template.outputs.map { .string(($0.subdirectory.map { $0 + "/" } ?? "") + $0.filename) }),
        ]
    }
}
