import ArgumentParser
import TaskerTemplates

struct TemplateValidateCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check task templates; exit 1 when there are errors.",
        discussion: """
            Example:
              tasker-ctl template validate config/tasks --strict
              cat order.yaml | tasker-ctl template validate -
            """)

    @Argument(help: "Files, directories, patterns, or '-' for standard input.")
    var paths: [String]

    @Flag(help: "Treat warnings as errors.")
    var strict = false

    @Option(help: "Also resolve the template for this environment.")
    var environment: String?

    @Option(help: "table, json, github or sarif.")
    var format: String?

    func run(in context: CommandContext) async throws {
        let format = try chosenFormat(context)
        let options = TemplateParser.Options(isStrict: strict, isVerbose: context.printer.verbosity > 0)
        let (sources, warnings) = try TemplateInput.read(paths, options: options, host: context.host)
        let report = FindingsReport(sources: sources, warnings: warnings)
        let printer = context.printer
        switch format {
        case .json: try printer.line(JSONText.indented(report.json))
        case .sarif: try printer.line(JSONText.indented(report.sarif))
        case .github: try printer.write(report.github)
        case .table:
            try printer.write(report.text(style: printer.style))
            try printer.note(report.summary)
        }
        if let environment, report.isValid { try check(environment, sources, context) }
        if !report.isValid { throw SilentExit(.failure) }
    }

    /// An environment that no template knows is legal; it may also be a slip of the pen.
    private func check(
        _ environment: String, _ sources: [TemplateInput.Source], _ context: CommandContext
    ) throws {
        let templates = sources.flatMap(\.templates).compactMap(\.template)
        for template in templates where !template.environments.isEmpty && template.environments[environment] == nil {
            let names = template.environments.keys.sorted()
            let near = DocumentTools.nearest(to: environment, among: names).map { "; did you mean '\($0)'?" } ?? ""
            try context.printer.warning(
                "\(template.namespace)/\(template.name) says nothing for the environment '\(environment)'\(near)")
        }
    }

    private func chosenFormat(_ context: CommandContext) throws(CommandError) -> FindingsReport.Format {
        let name = format ?? (context.printer.format.isJSON ? "json" : "table")
        guard let format = FindingsReport.Format(rawValue: name) else {
            let names = FindingsReport.Format.allCases.map(\.rawValue)
            throw .usage("'\(name)' is no format of findings", hint: "there are: " + names.joined(separator: ", "))
        }
        return format
    }
}
