/// Completion scripts, made from the commands there are.
///
/// Commands and flags are written into the script; values that depend on the moment (plugins, templates) are asked of
/// `tasker-ctl` itself, which needs no server for them.
enum CompletionScript {
    enum Shell: String, CaseIterable {
        case bash, zsh, fish
    }

    static func text(for shell: Shell, tree: CommandTree) -> String {
        switch shell {
        case .bash: bash(tree, zsh: false)
        case .zsh: bash(tree, zsh: true)
        case .fish: fish(tree)
        }
    }

    private static var globalFlags: [String] {
        GlobalOptions.flags.flatMap { $0.longs.map { "--" + $0 } + ($0.short.map { ["-" + $0] } ?? []) }
            + ["--help", "-h", "--version", "-V"]
    }

    /// One table of the words after each command path, and the flags that take a value. zsh reads it as bash does.
    private static func bash(_ tree: CommandTree, zsh: Bool) -> String {
        var cases = ""
        for (path, command) in tree.walk() {
            let words =
                command.subcommands.map(\.name) + command.flags.flatMap(\.names) + (path.count == 1 ? globalFlags : [])
            cases +=
                "        '\(path.dropFirst().joined(separator: " "))') words='\(words.joined(separator: " "))' ;;\n"
        }
        let valued =
            tree.walk().flatMap { $0.command.flags.filter(\.takesValue).flatMap(\.names) }
            + GlobalOptions.flags.filter { $0.value != nil }.flatMap { $0.longs.map { "--" + $0 } }
        let groups = tree.walk().filter { !$0.command.subcommands.isEmpty }.map { path, command in
            "        '\(path.dropFirst().joined(separator: " "))') next=' \(command.subcommands.map(\.name).joined(separator: " ")) ' ;;\n"
        }.joined()
        let head = zsh ? "#compdef tasker-ctl\nautoload -U +X bashcompinit && bashcompinit\n" : ""
        return head + """
            # Completion of tasker-ctl. Made by: tasker-ctl completion \(zsh ? "zsh" : "bash")
            _tasker_ctl_next() {
                case "$1" in
            \(groups)        *) next='' ;;
                esac
            }
            _tasker_ctl() {
                local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" path='' words='' next='' word i
                for ((i = 1; i < COMP_CWORD; i++)); do
                    word="${COMP_WORDS[i]}"
                    _tasker_ctl_next "$path"
                    case "$next" in
                    *" $word "*) path="${path:+$path }$word" ;;
                    esac
                done
                case "$previous" in
                --plugin) words="$(tasker-ctl plugin list --format name 2>/dev/null)" ;;
                --format|--output|-o) words='table json jsonl yaml name' ;;
                --color) words='auto always never' ;;
                -l|--language) words='python ruby typescript rust swift' ;;
                \(Set(valued.filter { !["--plugin", "--format", "--output", "-o", "--color", "-l", "--language"].contains($0) }).sorted().joined(separator: "|")))
                    COMPREPLY=($(compgen -f -- "$current"))
                    return ;;
                *)
                    case "$path" in
            \(cases)        esac
                    case "$path" in
                    'template generate'|'template info') words="$words $(tasker-ctl template list --format name 2>/dev/null)" ;;
                    'template validate'|'template show'|'template diff'|'template visualize'|'plugin validate'|'config validate')
                        COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current"))
                        return ;;
                    'completion') words='bash zsh fish' ;;
                    esac ;;
                esac
                COMPREPLY=($(compgen -W "$words" -- "$current"))
            }
            complete -F _tasker_ctl tasker-ctl

            """
    }

    private static func fish(_ tree: CommandTree) -> String {
        var text = "# Completion of tasker-ctl. Made by: tasker-ctl completion fish\ncomplete -c tasker-ctl -f\n"
        for (path, command) in tree.walk() {
            let names = path.dropFirst()
            let inside = names.map { "__fish_seen_subcommand_from \($0)" }
            let children = command.subcommands.map(\.name)
            let free = children.isEmpty ? [] : ["not __fish_seen_subcommand_from \(children.joined(separator: " "))"]
            let condition = (inside + free).joined(separator: "; and ")
            let clause = condition.isEmpty ? "" : " -n '\(condition)'"
            for child in command.subcommands {
                text += "complete -c tasker-ctl\(clause) -a \(child.name) -d '\(escaped(child.abstract))'\n"
            }
            for flag in command.flags { text += line(flag.names, flag.takesValue, flag.help, clause) }
        }
        for flag in GlobalOptions.flags {
            text += line(
                flag.longs.map { "--" + $0 } + (flag.short.map { ["-" + $0] } ?? []), flag.value != nil, flag.help, "")
        }
        text += "complete -c tasker-ctl -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n"
        text +=
            "complete -c tasker-ctl -n '__fish_seen_subcommand_from generate info' -a '(tasker-ctl template list --format name 2>/dev/null)'\n"
        text +=
            "complete -c tasker-ctl -n '__fish_seen_subcommand_from generate' -l plugin -r -a '(tasker-ctl plugin list --format name 2>/dev/null)'\n"
        return text
    }

    private static func line(_ names: [String], _ takesValue: Bool, _ help: String, _ clause: String) -> String {
        let switches = names.map { $0.hasPrefix("--") ? "-l \($0.dropFirst(2))" : "-s \($0.dropFirst())" }
        return
            "complete -c tasker-ctl\(clause) \(switches.joined(separator: " "))\(takesValue ? " -r" : "") -d '\(escaped(help))'\n"
    }

    private static func escaped(_ text: String) -> String { text.replacing("'", with: "\\'") }
}
