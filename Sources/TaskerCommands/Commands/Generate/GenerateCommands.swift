import ArgumentParser
import TaskerTemplates

struct GenerateCommands: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Generate types, handlers or a whole worker from a task template.",
        discussion: """
            Example:
              tasker-ctl generate types -t config/tasks/order.yaml -l python
            """,
        subcommands: [GenerateTypesCommand.self, GenerateHandlerCommand.self, GenerateScaffoldCommand.self])
}

struct GenerateTypesCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "types",
        abstract: "Types of a template's input_schema and result_schemas.",
        discussion: """
            Example:
              tasker-ctl generate types -t config/tasks/order.yaml -l typescript -o src/order-types.ts
            """)

    @OptionGroup var source: CodeSource

    func run(in context: CommandContext) async throws {
        let plan = try source.plan(context)
        var files = FileSet()
        files.add(plan.emitter.typesFile(plan.base), plan.emitter.types(plan.handlers.code, title: plan.title))
        try source.write(files, plan, kind: "types", in: context)
    }
}

struct GenerateHandlerCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "handler",
        abstract: "One handler class per step, with typed inputs.",
        discussion: """
            Example:
              tasker-ctl generate handler -t config/tasks/order.yaml -l python -s charge_card --with-tests
            """)

    @OptionGroup var source: CodeSource

    @Flag(help: "Also a test of each handler.")
    var withTests = false

    func run(in context: CommandContext) async throws {
        let plan = try source.plan(context)
        var files = FileSet()
        files.add(plan.emitter.handlersFile(plan.base), plan.emitter.handlers(plan.handlers, base: plan.base))
        if withTests {
            files.add(plan.emitter.testsFile(plan.base), plan.emitter.tests(plan.handlers, base: plan.base))
        }
        try source.write(files, plan, kind: "handler", in: context)
        try context.printer.note("The handlers use the types of 'tasker-ctl generate types'.")
    }
}

struct GenerateScaffoldCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "scaffold",
        abstract: "Types, handlers, tests and a worker that runs as it is.",
        discussion: """
            Example:
              tasker-ctl generate scaffold -t config/tasks/order.yaml -l python --output-dir worker
            """)

    @OptionGroup var source: CodeSource

    func run(in context: CommandContext) async throws {
        let plan = try source.plan(context)
        let files = plan.scaffold()
        try source.write(files, plan, kind: "scaffold", in: context)
        if !source.dryRun {
            try context.printer.note(
                "\n" + plan.emitter.next(plan.handlers, base: plan.base))
        }
    }
}
