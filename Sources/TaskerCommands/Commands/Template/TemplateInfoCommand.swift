import ArgumentParser
import TaskerProtocol
import TaskerTemplates

struct TemplateInfoCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Show a generator template, or a registered task template.",
        discussion: """
            Example:
              tasker-ctl template info step_handler_api --plugin tasker-contrib-python
            """)

    @Argument(help: "Name of the template; NAMESPACE/NAME or NAMESPACE/NAME@VERSION: a registered one.")
    var name: String

    @Option(help: "Only of this plugin.")
    var plugin: String?

    func run(in context: CommandContext) async throws {
        if name.contains("/") { return try await registered(context) }
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

    /// What the orchestrator has under `namespace/name[@version]`.
    private func registered(_ context: CommandContext) async throws {
        let wanted = try TemplateReference(name)
        let body = try await context.client().get(
            APIRequest(.get, "templates", wanted.namespace, wanted.name, wanted.version ?? "latest"))
        var table = TextTable("step", "retryable", "attempts", "description")
        for step in body["steps"]?.arrayValue ?? [] {
            table.add(
                step.cell("name"), step.cell("default_retryable"), step.cell("default_max_attempts"),
                step.cell("description"))
        }
        let title = "\(wanted.namespace)/\(wanted.name)@\(body.cell("version"))"
        let head = TaskText.pairs([
            ("Template", title), ("Description", body.cell("description")), ("Hash", body.cell("hash")),
            ("Registered", RelativeTime.text(body["registered_at"], now: context.host.now())),
        ])
        try context.printer.object(
            body, name: title,
            text: head + "\n" + table.text(width: context.host.terminalWidth, style: context.printer.style))
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
