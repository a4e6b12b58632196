import ArgumentParser
import TaskerTemplates

struct InitCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Start a project: configuration, task template, handler, test, compose file.",
        discussion: """
            Example:
              tasker-ctl init my-workflows --language python
            """)

    @Argument(help: "Directory, made when it is missing.")
    var directory = "."

    @Option(name: [.customShort("l"), .long], help: "python (default), ruby, typescript, rust or swift.")
    var language: String?

    @Flag(help: "Without the example handler and its test.")
    var noContrib = false

    @Flag(help: "Write over files that are there.")
    var force = false

    @Flag(help: "Print paths and contents, write nothing.")
    var dryRun = false

    @Option(name: [.customShort("o"), .customLong("output-dir")], help: "The same as DIR.")
    var output: String?

    func run(in context: CommandContext) async throws {
        let wanted = language ?? context.settings[.defaultLanguage] ?? "python"
        guard let language = LanguageRules.canonical(wanted) else {
            let near = DocumentTools.nearest(to: wanted, among: LanguageRules.languages)
            throw CommandError.usage(
                "'\(wanted)' is no language that handlers are written in",
                hint: near.map { "did you mean '\($0)'?" }
                    ?? "there are: " + LanguageRules.languages.joined(separator: ", "))
        }
        let catalog = context.plugins()
        guard let plugin = catalog.plugins.first(where: { $0.language == language }) else {
            throw CommandError.notFound("there is no plugin for \(language)")
        }
        let project = ProjectFiles(language: language, hasHandler: !noContrib)
        var files = project.files
        let task = try generated("task_template", plugin, ["name=Hello"])
        files.files += task.files.map { file in
            FileSet.File(path: "config/tasks/" + file.path, content: file.content)
        }
        if !noContrib {
            let own = Set(files.files.map(\.path))
            files.files += try generated("step_handler", plugin, ["name=Hello"]).files.filter { !own.contains($0.path) }
        }

        var writing = WritingOptions()
        writing.force = force
        writing.dryRun = dryRun
        try writing.write(files, to: output ?? directory, kind: "init", in: context)
        guard !dryRun else { return }
        let place = (output ?? directory) == "." ? "" : " in \(output ?? directory)"
        let commands = project.commands.map { "  " + $0 }.joined(separator: "\n")
        let first = project.preparation.map { "\nOnce before: \($0)" } ?? ""
        try context.printer.note(
            "\nRun it, each in a terminal of its own\(place) (RabbitMQ: docker compose up -d):\n\(commands)\(first)")
    }

    private func generated(_ name: String, _ plugin: Plugin, _ arguments: [String]) throws -> FileSet {
        guard let template = plugin.template(name) else {
            throw CommandError.notFound("\(plugin.name) has no template '\(name)'")
        }
        return try ScaffoldGenerator.generate(template, of: plugin, arguments: arguments).files
    }
}
