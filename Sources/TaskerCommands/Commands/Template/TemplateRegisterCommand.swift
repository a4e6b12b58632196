import ArgumentParser
import Foundation
import TaskerProtocol
import TaskerTemplates

struct TemplateRegisterCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "register",
        abstract: "Register task templates with the orchestrator.",
        discussion: """
            All are checked here first: none is sent when one has an error.

            Example:
              tasker-ctl template register config/tasks --dry-run
            """)

    @Argument(help: "Files, directories, patterns, or '-' for standard input.")
    var paths: [String]

    @Flag(help: "Let the server check them, register none.")
    var dryRun = false

    @Flag(help: "Treat warnings as errors.")
    var strict = false

    func run(in context: CommandContext) async throws {
        let options = TemplateParser.Options(isStrict: strict)
        let (sources, warnings) = try TemplateInput.read(paths, options: options, host: context.host)
        let report = FindingsReport(sources: sources, warnings: warnings)
        guard report.isValid else {
            try context.host.errors.write(report.text(style: context.printer.errorStyle))
            throw CommandError.failed("nothing was registered: the templates have errors")
        }
        let templates = sources.flatMap(\.templates).compactMap(\.template)
        if templates.isEmpty { throw CommandError.notFound("there is no template in \(paths.joined(separator: ", "))") }
        let client = try context.client()
        var items: [JSONValue] = []
        var table = TextTable("template", "version", "result", "hash")
        for template in templates {
            let request = APIRequest(.post, "templates").with(query: "dry_run", dryRun ? "true" : nil)
                .with(query: "strict", strict ? "true" : nil).with(body: template.canonicalJSON)
            let answer = try await client.send(request)
            let body = try answer.json()
            let isValid = body["valid"]?.boolValue ?? true
            let word = dryRun ? (isValid ? "valid" : "invalid") : answer.status == 201 ? "registered" : "unchanged"
            table.add(
                "\(template.namespace)/\(template.name)", template.version, word, String(body.cell("hash").prefix(12)))
            items.append(body)
        }
        try context.printer.list(
            body: items.count == 1 ? items[0] : .array(items), items: items,
            names: templates.map { "\($0.namespace)/\($0.name)@\($0.version)" }, table: table)
        if items.contains(where: { $0["valid"]?.boolValue == false }) { throw SilentExit(.failure) }
    }
}
