import ArgumentParser

/// The root of all commands.
public struct TaskerCtl: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "tasker-ctl",
        abstract: "Scaffold, check, run, watch, explain and repair Tasker workflows.",
        discussion: """
            Example:
              tasker-ctl template generate step_handler --plugin tasker-contrib-python \\
                --param name=ProcessPayment
            """,
        subcommands: [
            TaskCommands.self, WhyCommand.self, TemplateCommands.self, GenerateCommands.self, PluginCommands.self,
            WorkerCommands.self, RouteCommands.self, QueueCommands.self, DeadLetterCommands.self, SystemCommands.self,
            ConformanceCommands.self, ConfigCommands.self, InitCommand.self, CompletionCommand.self,
        ])

    public static let version = "0.1.0"

    public init() {}
}
