import TaskerTemplates

/// One way to go on with a command line.
struct Candidate: Sendable, Hashable {
    var text: String
    var help = ""
}

/// What may stand at a place of a command line.
enum ValueKind: Sendable, Hashable {
    case words([String])
    case files
    case commands
    case plugins
    case generatorTemplates
    case registeredTemplates
    case namespaces
    case tasks
    /// Of the task named so.
    case steps(task: String)
    case workers
    case queues
    case handlers
    case entries
    case settings
    case nothing
}

/// Reads a command line up to the cursor and tells what kind of word is due.
struct Completer {
    /// The word under the cursor, as far as it is written.
    private(set) var current: String
    /// In front of each candidate: the flag of `--flag=value`.
    private(set) var prefix = ""
    private(set) var kind = ValueKind.nothing
    private(set) var flags: [Candidate] = []
    private(set) var commands: [Candidate] = []
    /// What the line says about server, profile and credentials.
    private(set) var global = GlobalOptions()

    /// - Parameter words: without the program's name; the last one is the one to complete.
    init(_ words: [String], tree: CommandTree) {
        current = words.last ?? ""
        var command = tree
        var path: [String] = []
        var positionals: [String] = []
        var waiting: (flag: CommandTree.Flag?, global: GlobalOptions.Flag?)?
        for word in words.dropLast() {
            if let flag = waiting {
                if let global = flag.global { try? global.apply(&self.global, word) }
                waiting = nil
            } else if word == "--" {
                // A program of the user's own follows.
                kind = .files
                return
            } else if word.hasPrefix("-"), word.count > 1 {
                waiting = take(flag: word, of: command)
            } else if let next = command.subcommand(word) {
                command = next
                path.append(word)
            } else {
                positionals.append(word)
            }
        }
        if let waiting {
            kind = Self.kind(of: waiting.flag?.names ?? waiting.global?.names ?? [], path: path)
        } else if current.hasPrefix("--"), let equals = current.firstIndex(of: "=") {
            let name = String(current[..<equals])
            prefix = name + "="
            current = String(current[current.index(after: equals)...])
            kind = Self.kind(
                of: command.flag(name)?.names ?? Self.global(name)?.names ?? [], path: path)
        } else if current.hasPrefix("-") {
            flags = Self.flags(of: command, isRoot: path.isEmpty)
        } else if !command.subcommands.isEmpty {
            kind = .commands
            commands = command.subcommands.filter { !$0.abstract.isEmpty }.map {
                Candidate(text: $0.name, help: $0.abstract)
            }
        } else {
            kind = Self.positional(path, positionals)
        }
    }

    /// - Returns: the flag, when its value is the next word.
    private mutating func take(
        flag word: String, of command: CommandTree
    ) -> (flag: CommandTree.Flag?, global: GlobalOptions.Flag?)? {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let isAttached = word.hasPrefix("--") && parts.count > 1
        if command.subcommands.isEmpty, let own = command.flag(parts[0]) {
            return own.takesValue && !isAttached ? (own, nil) : nil
        }
        guard let global = Self.global(parts[0]) else { return nil }
        guard global.value != nil else { return nil }
        if isAttached {
            try? global.apply(&self.global, parts[1])
            return nil
        }
        return (nil, global)
    }

    private static func global(_ name: String) -> GlobalOptions.Flag? {
        GlobalOptions.flags.first { $0.names.contains(name) }
    }

    private static func flags(of command: CommandTree, isRoot: Bool) -> [Candidate] {
        let own = command.flags.filter { !$0.isHidden }.flatMap { flag in
            flag.names.map { Candidate(text: $0, help: flag.help) }
        }
        let taken = Set(own.map(\.text))
        let global = GlobalOptions.flags.flatMap { flag in
            flag.names.map { Candidate(text: $0, help: flag.help) }
        }
        let always = [
            Candidate(text: "--help", help: "this page"), Candidate(text: "--version", help: "the version"),
        ]
        return own + (global + always).filter { !taken.contains($0.text) }
    }

    // MARK: - What stands where

    private static func kind(of names: [String], path: [String]) -> ValueKind {
        let formats = OutputFormat.allCases.map(\.rawValue)
        // The global flag; where a command has an `--output` of its own, that is a path.
        if names.contains("--output"), names.contains("--format") { return .words(formats) }
        for name in names {
            switch name {
            case "--plugin": return .plugins
            case "--language": return .words(LanguageRules.languages)
            case "--graph-format": return .words(TemplateVisualizeCommand.GraphFormat.allCases.map(\.rawValue))
            case "--color": return .words(GlobalOptions.ColorChoice.allCases.map(\.rawValue))
            case "--format" where path == ["template", "validate"]:
                return .words(FindingsReport.Format.allCases.map(\.rawValue))
            case "--format": return .words(formats)
            case "--namespace": return .namespaces
            case "--queue": return .queues
            case "--status": return .words(statuses(path))
            case "--transport": return .words(["stdio", "amqp"])
            case "--queue-type": return .words(["quorum", "classic"])
            case "--config", "--token-file", "--template", "--annotations", "--output", "--output-dir", "--context":
                return .files
            default: continue
            }
        }
        return .nothing
    }

    private static func statuses(_ path: [String]) -> [String] {
        switch path.first {
        case "task":
            [
                "pending", "initializing", "enqueuing_steps", "steps_in_process", "evaluating_results",
                "waiting_for_dependencies", "waiting_for_retry", "blocked_by_failures", "complete", "error",
                "cancelled", "resolved_manually",
            ]
        case "dlq": ["pending", "manually_resolved", "permanently_failed", "cancelled"]
        case "worker": ["active", "draining", "lost"]
        default: []
        }
    }

    private static func positional(_ path: [String], _ before: [String]) -> ValueKind {
        switch path.joined(separator: " ") {
        case "task create": before.isEmpty ? .registeredTemplates : .nothing
        case "task cancel": .tasks
        case "task get", "task watch", "task steps", "task retry", "task give-up", "task resolve", "task visualize",
            "why":
            before.isEmpty ? .tasks : .nothing
        case "task step", "task step-audit", "task reset-step", "task resolve-step", "task complete-step":
            before.isEmpty ? .tasks : before.count == 1 ? .steps(task: before[0]) : .nothing
        case "template generate", "template info": before.isEmpty ? .generatorTemplates : .nothing
        case "template validate", "template register", "template diff", "template show", "template visualize",
            "plugin validate", "config validate", "init":
            .files
        case "worker status": before.isEmpty ? .workers : .nothing
        case "route set": before.isEmpty ? .handlers : .queues
        case "route clear": before.isEmpty ? .handlers : .nothing
        case "dlq get", "dlq update": before.isEmpty ? .entries : .nothing
        case "dlq discard", "dlq replay": .entries
        case "config explain": before.isEmpty ? .settings : .nothing
        case "completion": before.isEmpty ? .words(CompletionScript.Shell.allCases.map(\.rawValue)) : .nothing
        default: .nothing
        }
    }
}
