import ArgumentParser
import TaskerProtocol
import TaskerTemplates

struct TemplateShowCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print a task template in its canonical form.",
        discussion: """
            Example:
              tasker-ctl template show config/tasks/order.yaml --environment production
            """)

    @Argument(help: "File, or '-' for standard input.")
    var file: String

    @Option(help: "Resolve the template for this environment.")
    var environment: String?

    func run(in context: CommandContext) async throws {
        let (parsed, _) = try TemplateInput.single(file, host: context.host)
        let template = environment.map { parsed.resolved(for: $0) } ?? parsed
        let body = template.canonicalJSON
        // Text for people is YAML: it can be fed back.
        try context.printer.object(
            body, name: "\(template.namespace)/\(template.name)@\(template.version)", text: YAMLText.text(body))
    }
}
