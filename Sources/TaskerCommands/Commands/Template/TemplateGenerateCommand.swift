import ArgumentParser
import TaskerProtocol
import TaskerTemplates

struct TemplateGenerateCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Generate a step handler or a task template, with its test.",
        discussion: """
            Example:
              tasker-ctl template generate step_handler --plugin tasker-contrib-python \\
                --param name=ProcessPayment
            See 'tasker-ctl template list' for all templates.
            """)

    @Argument(help: "Name of the template: step_handler, task_template, ...")
    var template: String

    @Option(help: "Plugin that has the template.")
    var plugin: String?

    @Option(name: [.customShort("l"), .long], help: "Language, instead of a plugin.")
    var language: String?

    @Option(
        name: .customLong("param"), parsing: .unconditionalSingleValue,
        help: "A parameter as name=value; repeat for more.")
    var parameters: [String] = []

    @OptionGroup var writing: WritingOptions

    func run(in context: CommandContext) async throws {
        let plugin = try chosenPlugin(context)
        guard let scaffold = plugin.template(template) else { throw missing(plugin, context) }
        var result = try ScaffoldGenerator.generate(scaffold, of: plugin, arguments: parameters)
        let shown = writing.output ?? context.settings[.defaultOutputDirectory] ?? "."
        let directory = context.host.resolve(shown)
        result.files.files.removeAll { file in
            result.shared.contains(file.path) && FileSet.exists(directory + "/" + file.path)
        }
        try writing.write(result.files, to: shown, kind: template, in: context)
        if let next = result.next, !writing.dryRun { try context.printer.note("\n" + next) }
    }

    private func chosenPlugin(_ context: CommandContext) throws -> Plugin {
        let catalog = context.plugins()
        if let plugin { return try catalog.required(plugin) }
        let usable = catalog.plugins.filter { $0.template(template) != nil }
        guard let wanted = language ?? context.settings[.defaultLanguage] else {
            if usable.isEmpty { throw unknownTemplate(catalog) }
            throw CommandError.usage(
                "several plugins have '\(template)'; say which one with --plugin or -l",
                hint: "there are: " + usable.map { "\($0.name) (-l \($0.language))" }.joined(separator: ", "))
        }
        let canonical = LanguageRules.canonical(wanted) ?? wanted
        let ofLanguage = catalog.plugins.filter { $0.language == canonical }
        guard let found = ofLanguage.first(where: { $0.template(template) != nil }) ?? ofLanguage.first else {
            let near = DocumentTools.nearest(to: wanted, among: catalog.plugins.map(\.language))
            throw CommandError.notFound(
                "there is no plugin for the language '\(wanted)'",
                hint: near.map { "did you mean '\($0)'?" }
                    ?? "there are: " + catalog.plugins.map(\.language).uniqued.joined(separator: ", "))
        }
        return found
    }

    private func missing(_ plugin: Plugin, _ context: CommandContext) -> CommandError {
        let names = plugin.templates.map(\.name)
        let others = context.plugins().plugins.filter { $0.template(template) != nil }.map(\.name)
        var hints: [String] = []
        if let near = DocumentTools.nearest(to: template, among: names) { hints.append("did you mean '\(near)'?") }
        hints.append("it has: " + names.joined(separator: ", "))
        if !others.isEmpty {
            hints.append("'\(template)' is in: " + others.joined(separator: ", "))
            if plugin.language == "rust" {
                hints.append("Rust needs no special kinds: its libraries do HTTP, match expressions and iterators")
            }
        }
        return .notFound("\(plugin.name) has no template '\(template)'", hint: hints.joined(separator: "\n"))
    }

    private func unknownTemplate(_ catalog: PluginCatalog) -> CommandError {
        let names = catalog.plugins.flatMap { $0.templates.map(\.name) }.uniqued
        let near = DocumentTools.nearest(to: template, among: names)
        return .notFound(
            "no plugin has a template '\(template)'",
            hint: near.map { "did you mean '\($0)'?" } ?? "there are: " + names.joined(separator: ", "))
    }
}

extension CommandContext {
    /// Plugins on the configured paths and the built-in ones.
    func plugins() -> PluginCatalog {
        let catalog = PluginCatalog.load(paths: settings.pluginPaths, host: host)
        // A broken plugin must not stop the use of another one.
        for problem in catalog.problems { try? printer.warning(problem) }
        return catalog
    }
}
