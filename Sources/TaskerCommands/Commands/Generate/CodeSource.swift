import ArgumentParser
import TaskerProtocol
import TaskerTemplates

/// What all 'generate' commands are told.
struct CodeSource: ParsableArguments {
    @Option(name: [.customShort("t"), .long], help: "Task template: a file, or '-'.")
    var template: String

    @Option(name: [.customShort("l"), .long], help: "python, ruby, typescript, rust or swift.")
    var language: String?

    @Option(name: [.customShort("s"), .long], help: "Only this step.")
    var step: String?

    @Option(name: [.customShort("o"), .long], help: "File to write, for one file; '-' is standard output.")
    var output: String?

    @Option(help: "Directory that the files go to.")
    var outputDir: String?

    @Flag(help: "Write over files that are there.")
    var force = false

    @Flag(help: "Print paths and contents, write nothing.")
    var dryRun = false

    @Flag(help: "TypeScript: Zod schemas instead of plain guards.")
    var zod = false

    @Flag(help: "Rust: serde structs instead of std-only ones.")
    var serde = false

    @Flag(help: "Ruby: Dry::Struct classes instead of plain ones.")
    var dryStruct = false

    @Option(help: "Swift, TypeScript: path or address of the SDK's package (default: in ../tasker).")
    var sdk: String?

    func plan(_ context: CommandContext) throws -> CodePlan {
        guard let wanted = language ?? context.settings[.defaultLanguage] else {
            throw CommandError.usage(
                "say for which language with -l", hint: "there are: " + LanguageRules.languages.joined(separator: ", "))
        }
        guard let name = LanguageRules.canonical(wanted) else {
            let near = DocumentTools.nearest(to: wanted, among: LanguageRules.languages)
            throw CommandError.usage(
                "'\(wanted)' is no language that code is generated for",
                hint: near.map { "did you mean '\($0)'?" }
                    ?? "there are: " + LanguageRules.languages.joined(separator: ", "))
        }
        let options = CodeEmitters.Options(
            usesLibrary: name == "typescript" ? zod : name == "rust" ? serde : name == "ruby" ? dryStruct : false,
            sdk: sdk)
        guard let emitter = CodeEmitters.emitter(name, options: options) else {
            throw CommandError.usage("'\(wanted)' is no language that code is generated for")
        }
        let (parsed, _) = try TemplateInput.single(template, host: context.host)
        let steps = try chosenSteps(parsed)
        let code = CodeModelBuilder.build(parsed, steps: parsed.steps)
        for warning in code.warnings { try context.printer.warning(warning) }
        let missing = steps.filter { $0.resultSchema == nil }.map(\.name)
        if !missing.isEmpty {
            try context.printer.detail("no result_schema, so any value: \(missing.joined(separator: ", "))")
        }
        return CodePlan(
            emitter: emitter, handlers: HandlerPlan(parsed, code: code, steps: steps),
            base: emitter.identifier(parsed.name) { $0.snake })
    }

    private func chosenSteps(_ template: TaskTemplate) throws(CommandError) -> [StepTemplate] {
        guard let step else { return template.steps }
        let found = template.steps.filter { $0.name == step }
        if found.isEmpty {
            let names = template.steps.map(\.name)
            let near = DocumentTools.nearest(to: step, among: names)
            throw .notFound(
                "the template has no step '\(step)'",
                hint: near.map { "did you mean '\($0)'?" } ?? "there are: " + names.joined(separator: ", "))
        }
        return found
    }

    func write(_ files: FileSet, _ plan: CodePlan, kind: String, in context: CommandContext) throws {
        var writing = WritingOptions()
        writing.force = force
        writing.dryRun = dryRun
        var files = files
        if let output {
            guard files.files.count == 1 else {
                throw CommandError.usage(
                    "-o names one file, and there are \(files.files.count)", hint: "use --output-dir")
            }
            if output == "-" { return try context.printer.write(files.files[0].content) }
            let path = context.host.resolve(output)
            let cut = path.lastIndex(of: "/") ?? path.startIndex
            files.files[0].path = String(path[path.index(after: cut)...])
            let directory = output.lastIndex(of: "/").map { String(output[..<$0]) } ?? "."
            return try writing.write(files, to: directory.isEmpty ? "/" : directory, kind: kind, in: context)
        }
        let shown = outputDir ?? context.settings[.defaultOutputDirectory] ?? "."
        try writing.write(files, to: shown, kind: kind, in: context)
    }
}

/// Everything about the code to generate.
struct CodePlan {
    var emitter: any CodeEmitter
    var handlers: HandlerPlan
    /// In front of file names.
    var base: String

    var title: String { "\(handlers.template.namespace)/\(handlers.template.name) \(handlers.template.version)" }

    func scaffold() -> FileSet {
        var files = FileSet()
        files.add(emitter.typesFile(base), emitter.types(handlers.code, title: title))
        files.add(emitter.handlersFile(base), emitter.handlers(handlers, base: base))
        files.add(emitter.testsFile(base), emitter.tests(handlers, base: base))
        files.files += emitter.program(handlers, base: base).files
        return files
    }
}
