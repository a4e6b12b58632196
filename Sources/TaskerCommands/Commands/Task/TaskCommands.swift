import ArgumentParser

struct TaskCommands: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "task",
        abstract: "Create, follow, list, repair and cancel tasks.",
        discussion: """
            ID is a task's id, a unique beginning of it (8 digits or more), or @last: the last task created from this \
            directory.

            Example:
              tasker-ctl task create ecommerce/order_processing --set order_id=17 --wait
            """,
        subcommands: [
            TaskCreateCommand.self, TaskGetCommand.self, TaskListCommand.self, TaskWatchCommand.self,
            TaskStepsCommand.self, TaskStepCommand.self, TaskStepAuditCommand.self, TaskCancelCommand.self,
            TaskRetryCommand.self, TaskGiveUpCommand.self, TaskResolveCommand.self, TaskResetStepCommand.self,
            TaskResolveStepCommand.self, TaskCompleteStepCommand.self, TaskVisualizeCommand.self,
        ])
}

/// Who does something, and why: both stand in the audit.
struct ActorOptions: ParsableArguments {
    @Option(name: [.customShort("r"), .long], help: "Why, for the audit (default: via tasker-ctl).")
    var reason = "via tasker-ctl"

    @Option(name: [.customShort("b"), .long], help: "Who, for the audit (default: your user name).")
    var by: String?

    func actor(_ host: Host) -> String { by ?? host.userName }
}
