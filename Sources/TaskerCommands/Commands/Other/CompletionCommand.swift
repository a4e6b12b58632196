import ArgumentParser

struct CompletionCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Print the completion script of a shell.",
        discussion: """
            Example:
              tasker-ctl completion bash > /etc/bash_completion.d/tasker-ctl
            """)

    @Argument(help: "bash, zsh or fish.")
    var shell: String

    func run(in context: CommandContext) async throws {
        guard let shell = CompletionScript.Shell(rawValue: shell) else {
            throw CommandError.usage("'\(shell)' is no shell that is known", hint: "there are: bash, zsh, fish")
        }
        try context.printer.write(CompletionScript.text(for: shell, tree: Program.tree))
    }
}
