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
        var files = FileSet()
        files.add("tasker.toml", Self.configurationFile(language))
        files.add("docker-compose.yml", Self.composeFile)
        let catalog = context.plugins()
        guard let plugin = catalog.plugins.first(where: { $0.language == language }) else {
            throw CommandError.notFound("there is no plugin for \(language)")
        }
        let task = try generated("task_template", plugin, ["name=Hello"])
        files.files += task.files.map { file in
            FileSet.File(path: "config/tasks/" + file.path, content: file.content)
        }
        if !noContrib { files.files += try generated("step_handler", plugin, ["name=Hello"]).files }

        var writing = WritingOptions()
        writing.force = force
        writing.dryRun = dryRun
        try writing.write(files, to: output ?? directory, kind: "init", in: context)
        guard !dryRun else { return }
        let commands = Self.commands(language).map { "  " + $0 }.joined(separator: "\n")
        let place = (output ?? directory) == "." ? "" : " in \(output ?? directory)"
        try context.printer.note(
            "\nRun it, each in a terminal of its own\(place) (RabbitMQ: docker compose up -d):\n\(commands)")
    }

    private func generated(_ name: String, _ plugin: Plugin, _ arguments: [String]) throws -> FileSet {
        guard let template = plugin.template(name) else {
            throw CommandError.notFound("\(plugin.name) has no template '\(name)'")
        }
        return try ScaffoldGenerator.generate(template, of: plugin, arguments: arguments).files
    }

    private static func commands(_ language: String) -> [String] {
        let worker =
            switch language {
            case "ruby": "tasker-worker-ruby -r hello_handler.rb --namespace default"
            case "typescript": "tsc && tasker-worker-typescript . --namespace default"
            case "rust":
                "cargo build --offline && tasker-ctl worker exec --namespace default --handler HelloHandler -- target/debug/handlers"
            case "swift": "swift build  # then register HelloHandler with a Worker of your program"
            default: "python -m tasker_core.worker hello_handler --namespace default"
            }
        return ["tasker-orchestrator --templates config/tasks", worker, "tasker-ctl task create default/hello --wait"]
    }

    private static func configurationFile(_ language: String) -> String {
        """
        # Settings of tasker-ctl in this project; see 'tasker-ctl config explain KEY'.

        server = "http://127.0.0.1:8080"
        templates = "config/tasks"

        [cli]
        default-language = "\(language)"

        """
    }

    private static let composeFile = """
        # RabbitMQ for development: docker compose up -d
        services:
          rabbitmq:
            image: rabbitmq:3.13-management
            ports:
              - "127.0.0.1:5672:5672"
              - "127.0.0.1:15672:15672"
            healthcheck:
              test: ["CMD", "rabbitmq-diagnostics", "-q", "ping"]
              interval: 5s
              timeout: 10s
              retries: 12

        """
}
