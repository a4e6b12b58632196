import ArgumentParser
import TaskerProtocol

struct ConformanceCommands: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conformance",
        abstract: "Prove that a worker program keeps the wire protocol.",
        discussion: """
            Example:
              tasker-ctl conformance run --transport stdio -- python3 my_worker.py
            """,
        subcommands: [ConformanceRunCommand.self, ConformanceListCommand.self])
}

struct ConformanceListCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the scenarios.",
        discussion: """
            Example:
              tasker-ctl conformance list --transport stdio
            """)

    @OptionGroup var choice: ScenarioChoice

    func run(in context: CommandContext) async throws {
        let files = try ConformanceFiles(folder: ConformanceFiles.find(choice.protocolFolder, host: context.host))
        let scenarios = try choice.scenarios(of: files)
        var table = TextTable("scenario", "rule", "transports", "description")
        for one in scenarios {
            table.add(one.name, one.rule, one.transports.joined(separator: ", "), one.description)
        }
        let items = scenarios.map { one in
            [
                "name": .string(one.name), "rule": .string(one.rule), "description": .string(one.description),
                "transports": .array(one.transports.map { .string($0) }),
            ] as JSONValue
        }
        try context.printer.list(
            body: ["scenarios": .array(items)], items: items, names: scenarios.map(\.name), table: table)
    }
}
