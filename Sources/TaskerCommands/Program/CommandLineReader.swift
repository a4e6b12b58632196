import TaskerTemplates

/// Splits a command line into the command's path, global flags and what is the command's own. ArgumentParser knows flags
/// only after the command that declares them; ours stand anywhere.
struct CommandLineReader {
    struct Result {
        var command: CommandTree
        var path: [String]
        var global = GlobalOptions()
        /// For ArgumentParser.
        var arguments: [String] = []
        var wantsHelp = false
        var wantsVersion = false
    }

    private let root: CommandTree
    private var words: ArraySlice<String>

    static func read(_ arguments: [String], root: CommandTree) throws(CommandError) -> Result {
        var reader = CommandLineReader(root: root, words: arguments[...])
        return try reader.read()
    }

    private init(root: CommandTree, words: ArraySlice<String>) {
        self.root = root
        self.words = words
    }

    private mutating func read() throws(CommandError) -> Result {
        var result = Result(command: root, path: [root.name])
        var isHelpCommand = false
        while let word = words.popFirst() {
            if word == "--" {
                result.arguments.append(word)
                result.arguments.append(contentsOf: words)
                break
            }
            if word.hasPrefix("-"), word.count > 1 {
                try flag(word, &result)
            } else if result.command.name == root.name, word == "help", !isHelpCommand {
                isHelpCommand = true
                result.wantsHelp = true
            } else if !result.command.subcommands.isEmpty {
                guard let next = result.command.subcommand(word) else { throw unknown(word, in: result) }
                result.command = next
                result.path.append(word)
                if isHelpCommand == false { result.arguments.append(word) }
            } else {
                result.arguments.append(word)
            }
        }
        return result
    }

    private mutating func flag(_ word: String, _ result: inout Result) throws(CommandError) {
        let (name, attached) = Self.split(word)
        let isGroup = !result.command.subcommands.isEmpty
        if !isGroup, let own = result.command.flag(name) {
            result.arguments.append(word)
            // The next word is its value whatever it looks like: `--param -x`, `-o -`.
            if own.takesValue, attached == nil, let value = words.popFirst() { result.arguments.append(value) }
            return
        }
        if name == "-h" || name == "--help" {
            result.wantsHelp = true
            return
        }
        if name == "-V" || name == "--version" {
            result.wantsVersion = true
            return
        }
        if let global = GlobalOptions.flags.first(where: { $0.names.contains(name) }) {
            try take(global, name, attached, &result.global)
            return
        }
        if try bundle(word, &result) { return }
        throw unknownFlag(name, in: result)
    }

    /// `-vv`, `-qv`: switches in one word.
    private mutating func bundle(_ word: String, _ result: inout Result) throws(CommandError) -> Bool {
        guard !word.hasPrefix("--"), word.count > 2 else { return false }
        let letters = word.dropFirst().map { String($0) }
        let switches = letters.compactMap { letter in
            GlobalOptions.flags.first { $0.short == letter && $0.value == nil }
        }
        if switches.count == letters.count {
            for flag in switches { try flag.apply(&result.global, "") }
            return true
        }
        let first = "-" + letters[0]
        let rest = String(word.dropFirst(2))
        if let own = result.command.flag(first), own.takesValue {
            result.arguments.append(first)
            result.arguments.append(rest)
            return true
        }
        if let global = GlobalOptions.flags.first(where: { $0.short == letters[0] && $0.value != nil }) {
            try global.apply(&result.global, rest)
            return true
        }
        return false
    }

    private mutating func take(
        _ flag: GlobalOptions.Flag, _ name: String, _ attached: String?, _ options: inout GlobalOptions
    ) throws(CommandError) {
        guard flag.value != nil else {
            if attached != nil { throw .usage("\(name) takes no value") }
            return try flag.apply(&options, "")
        }
        guard let value = attached ?? words.popFirst() else {
            throw .usage("\(name) wants a value", hint: "write \(name) \(flag.value ?? "VALUE")")
        }
        try flag.apply(&options, value)
    }

    /// `--name=value` in its two parts.
    private static func split(_ word: String) -> (name: String, value: String?) {
        guard word.hasPrefix("--"), let equals = word.firstIndex(of: "=") else { return (word, nil) }
        return (String(word[..<equals]), String(word[word.index(after: equals)...]))
    }

    private func unknown(_ word: String, in result: Result) -> CommandError {
        let names = result.command.subcommands.map(\.name)
        let path = result.path.joined(separator: " ")
        let near = DocumentTools.nearest(to: word, among: names)
        return .usage(
            "'\(word)' is no command of \(path)",
            hint: near.map { "did you mean '\(path) \($0)'?" } ?? "there are: " + names.joined(separator: ", "))
    }

    private func unknownFlag(_ name: String, in result: Result) -> CommandError {
        let known =
            result.command.flags.flatMap(\.names) + GlobalOptions.flags.flatMap(\.names) + ["--help", "--version"]
        let path = result.path.joined(separator: " ")
        // One letter is near every other one.
        let near = name.hasPrefix("--") ? DocumentTools.nearest(to: name, among: known) : nil
        return .usage(
            "\(path) has no flag '\(name)'",
            hint: near.map { "did you mean '\($0)'?" } ?? "see '\(path) --help'")
    }
}
