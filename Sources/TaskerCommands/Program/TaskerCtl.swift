import ArgumentParser

/// The root of all commands. Online commands (`task`, `why`, `worker`, ...) join the list below.
public struct TaskerCtl: ParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "tasker-ctl",
        abstract: "Scaffold, check, run, watch, explain and repair Tasker workflows.",
        discussion: """
            Example:
              tasker-ctl template generate step_handler --plugin tasker-contrib-python \\
                --param name=ProcessPayment
            """,
        version: version,
        subcommands: [
            TemplateCommands.self, GenerateCommands.self, PluginCommands.self, ConfigCommands.self, InitCommand.self,
            CompletionCommand.self,
        ])

    public static let version = "0.1.0"

    public init() {}
}
