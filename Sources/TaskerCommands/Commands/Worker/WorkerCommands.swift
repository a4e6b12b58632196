import ArgumentParser

struct WorkerCommands: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "List workers; run any program as one.",
        discussion: """
            Example:
              tasker-ctl worker exec --namespace shop --handler charge -- ./charge.sh
            """,
        subcommands: [WorkerListCommand.self, WorkerStatusCommand.self, WorkerExecCommand.self])
}
