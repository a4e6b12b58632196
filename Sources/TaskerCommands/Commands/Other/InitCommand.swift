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

    @Option(help: "Swift, TypeScript: path or address of the SDK's package (default: in ../tasker).")
    var sdk: String?

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
        if !noContrib { files.files += try project(plugin, language).files }

        var writing = WritingOptions()
        writing.force = force
        writing.dryRun = dryRun
        try writing.write(files, to: output ?? directory, kind: "init", in: context)
        guard !dryRun else { return }
        var lines = Self.commands(language)
        if noContrib {
            // There is no handler that a worker could be started with.
            lines[1] = "# a worker with a handler 'HelloHandler'; see 'tasker-ctl template generate --help'"
        }
        let commands = lines.map { "  " + $0 }.joined(separator: "\n")
        let place = (output ?? directory) == "." ? "" : " in \(output ?? directory)"
        let before = "RabbitMQ: docker compose up -d" + (language == "typescript" ? "; the SDK: npm install" : "")
        try context.printer.note(
            "\nRun it, each in a terminal of its own\(place) (\(before)):\n\(commands)")
    }

    private func generated(_ name: String, _ plugin: Plugin, _ arguments: [String]) throws -> FileSet {
        guard let template = plugin.template(name) else {
            throw CommandError.notFound("\(plugin.name) has no template '\(name)'")
        }
        return try ScaffoldGenerator.generate(template, of: plugin, arguments: arguments).files
    }

    /// The example handler, its test, and what makes them a project of the language.
    private func project(_ plugin: Plugin, _ language: String) throws -> FileSet {
        var arguments = ["name=Hello"]
        if language == "swift", let sdk { arguments.append("sdk=\(sdk)") }
        var files = try generated("step_handler", plugin, arguments)
        switch language {
        case "typescript":
            files.add(
                "package.json",
                TypeScriptEmitter.packageFile(
                    "hello-worker", start: Self.nodeWorker, sdk: sdk ?? TypeScriptEmitter.usualSDK))
            files.add("tsconfig.json", TypeScriptEmitter.compilerConfiguration)
        case "swift":
            // Without a package file there is a plugin of the same name in use that knows better.
            guard let index = files.files.firstIndex(where: { $0.path == "Package.swift" }) else { break }
            files.files[index].content = try Self.withWorker(files.files[index].content)
            files.add("Sources/worker/main.swift", Self.swiftWorker)
        default: break
        }
        return files
    }

    private static func withWorker(_ package: String) throws(CommandError) -> String {
        let mark = "        .testTarget(\n"
        guard let place = package.firstRange(of: mark) else {
            throw .failed("the Package.swift of the plugin for swift has no test target")
        }
        // The SDK under the name that the package file has for it.
        let product = package.split(separator: "\n").first { $0.contains(".product(name: \"TaskerWorker\"") }
        let worker = """
                    .executableTarget(
                        name: "worker",
                        dependencies: [
                            "Handlers",
            \(product.map(String.init) ?? "")
                        ]),

            """
        return package[..<place.lowerBound] + worker + package[place.lowerBound...]
    }

    private static let swiftWorker = """
        import Handlers
        import TaskerWorker

        var flags = WorkerFlags()
        flags.namespaces = ["default"]
        await Worker.main(handlers: [HelloHandler()], flags: flags)

        """

    /// By its path: it need not be on the PATH.
    private static let nodeWorker =
        "node node_modules/@tasker-systems/tasker/bin/tasker-worker.js dist --namespace default"

    private static func commands(_ language: String) -> [String] {
        let worker =
            switch language {
            case "ruby": "tasker-worker-ruby -r hello_handler.rb --namespace default"
            case "typescript": "tsc && \(nodeWorker)"
            case "rust":
                "cargo build --offline && tasker-ctl worker exec --namespace default --handler HelloHandler -- target/debug/handlers"
            case "swift": "swift run worker"
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
