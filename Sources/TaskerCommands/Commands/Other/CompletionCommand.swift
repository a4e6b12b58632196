import ArgumentParser
import TaskerTemplates

struct CompletionCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Print the completion script of a shell.",
        discussion: """
            It completes commands, flags, plugins, templates, ids of tasks and of what else the server has.

            Example:
              tasker-ctl completion bash > /etc/bash_completion.d/tasker-ctl
              tasker-ctl completion zsh > "${fpath[1]}/_tasker-ctl"
              tasker-ctl completion fish > ~/.config/fish/completions/tasker-ctl.fish
            """)

    @Argument(help: "bash, zsh or fish.")
    var shell: String?

    @Flag(help: ArgumentHelp("Print what may stand at the end of a command line.", visibility: .hidden))
    var words = false

    @Argument(parsing: .postTerminator, help: ArgumentHelp("The command line.", visibility: .hidden))
    var line: [String] = []

    func run(in context: CommandContext) async throws {
        if words { return try await complete(context) }
        guard let shell else {
            throw CommandError.usage("no shell is named", hint: "there are: bash, zsh, fish")
        }
        guard let shell = CompletionScript.Shell(rawValue: shell) else {
            let names = CompletionScript.Shell.allCases.map(\.rawValue)
            let near = DocumentTools.nearest(to: shell, among: names).map { "did you mean '\($0)'? " } ?? ""
            throw CommandError.usage(
                "'\(shell)' is no shell that is known", hint: near + "there are: " + names.joined(separator: ", "))
        }
        try context.printer.write(shell.script)
    }

    /// One candidate a line, after a tab what it is.
    private func complete(_ context: CommandContext) async throws {
        let completer = Completer(line, tree: Program.tree)
        var context = context
        // The line to complete says which server and profile, not the one that asks.
        if let settings = try? SettingsResolver.resolve(completer.global, host: context.host) {
            context.settings = settings
        }
        context.global = completer.global
        context.printer.isQuiet = true
        var found = completer.flags + completer.commands
        found += await CompletionValues(context: context).candidates(completer.kind)
        var text = ""
        for candidate in found where candidate.text.hasPrefix(completer.current) {
            text += TextTable.clean(completer.prefix + candidate.text) + "\t" + TextTable.clean(candidate.help) + "\n"
        }
        if completer.kind == .files { text += CompletionScript.files + "\n" }
        if !text.isEmpty { try context.printer.write(text) }
    }
}
