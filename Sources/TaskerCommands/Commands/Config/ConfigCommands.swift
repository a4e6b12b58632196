import ArgumentParser
import TaskerProtocol
import TaskerTemplates

struct ConfigCommands: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Show, check and write the configuration.",
        discussion: """
            Example:
              tasker-ctl config show
            """,
        subcommands: [
            ConfigShowCommand.self, ConfigValidateCommand.self, ConfigGenerateCommand.self,
            ConfigExplainCommand.self,
        ])
}

struct ConfigShowCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show every effective setting and where it comes from.",
        discussion: """
            Example:
              tasker-ctl config show -o json
            """)

    func run(in context: CommandContext) async throws {
        var table = TextTable("key", "value", "source")
        var items: [JSONValue] = []
        for key in SettingKey.allCases {
            let value = context.settings.shown(key)
            let source = context.settings.entries[key]?.source.description ?? "-"
            table.add(key.rawValue, value ?? "-", source)
            items.append([
                "key": .string(key.rawValue), "value": value.map { .string($0) } ?? .null, "source": .string(source),
            ])
        }
        try context.printer.list(
            body: ["settings": .array(items)], items: items, names: SettingKey.allCases.map(\.rawValue), table: table)
    }
}

struct ConfigExplainCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Tell what a setting means and what sets it.",
        discussion: """
            Example:
              tasker-ctl config explain server
            """)

    @Argument(help: "Name of the setting.")
    var key: String

    func run(in context: CommandContext) async throws {
        let names = SettingKey.allCases.map(\.rawValue)
        guard let setting = SettingKey(rawValue: key) else {
            let near = DocumentTools.nearest(to: key, among: names)
            throw CommandError.notFound(
                "there is no setting '\(key)'",
                hint: near.map { "did you mean '\($0)'?" } ?? "there are: " + names.joined(separator: ", "))
        }
        let found = context.settings.candidates[setting] ?? []
        var text = "\(setting.rawValue): \(setting.summary)\n"
        text += "environment: \(setting.variables.isEmpty ? "-" : setting.variables.joined(separator: ", "))\n"
        text += "default:     \(setting.defaultValue ?? "-")\n"
        for (index, entry) in found.enumerated() {
            let value = Settings.masked(entry.value, setting)
            text += (index == 0 ? "used:        " : "not used:    ") + "\(value) (\(entry.source))\n"
        }
        let body: JSONValue = [
            "key": .string(setting.rawValue), "summary": .string(setting.summary),
            "environment": .array(setting.variables.map { .string($0) }),
            "default": setting.defaultValue.map { .string($0) } ?? .null,
            "values": .array(
                found.enumerated().map { index, entry in
                    [
                        "value": .string(Settings.masked(entry.value, setting)),
                        "source": .string(entry.source.description), "used": .bool(index == 0),
                    ]
                }),
        ]
        try context.printer.object(body, name: setting.rawValue, text: text)
    }
}

struct ConfigValidateCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check a configuration file, or those in use.",
        discussion: """
            Example:
              tasker-ctl config validate tasker.toml
            """)

    @Argument(help: "File to check; without it the files in use.")
    var file: String?

    func run(in context: CommandContext) async throws {
        let files = file.map { [$0] } ?? context.settings.files
        if files.isEmpty { try context.printer.note("no configuration file is in use") }
        var problems: [String] = []
        for file in files {
            let read = try ConfigurationFile.read(file, host: context.host)
            problems += read.problems
            for values in [read.values] + Array(read.profiles.values) { problems += Self.check(values) }
        }
        let body: JSONValue = [
            "valid": .bool(problems.isEmpty), "files": .array(files.map { .string($0) }),
            "problems": .array(problems.map { .string($0) }),
        ]
        let text = problems.isEmpty ? files.map { "\($0): valid\n" }.joined() : problems.map { $0 + "\n" }.joined()
        try context.printer.object(body, name: files.joined(separator: "\n"), text: text)
        if !problems.isEmpty { throw SilentExit(.failure) }
    }

    private static func check(_ values: [SettingKey: Settings.Entry]) -> [String] {
        var problems: [String] = []
        for (key, entry) in values.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            do throws(CommandError) {
                switch key {
                case .output: _ = try OutputFormat(argument: entry.value)
                case .timeout: _ = try DurationText.parse(entry.value, for: key.rawValue)
                case .server where !entry.value.hasPrefix("http://") && !entry.value.hasPrefix("https://"):
                    throw .failed("'\(entry.value)' is no http or https address")
                case .amqpURL where !entry.value.hasPrefix("amqp://") && !entry.value.hasPrefix("amqps://"):
                    throw .failed("'\(Settings.masked(entry.value, key))' is no amqp or amqps address")
                case .defaultLanguage where LanguageRules.canonical(entry.value) == nil:
                    throw .failed("'\(entry.value)' is no language")
                default: break
                }
            } catch {
                problems.append("\(entry.source): \(error.message)")
            }
        }
        return problems
    }
}

struct ConfigGenerateCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Write a commented configuration file.",
        discussion: """
            Example:
              tasker-ctl config generate -o tasker.toml
            """)

    @Option(name: [.customShort("o"), .long], help: "File to write; '-' is standard output.")
    var output = "tasker.toml"

    @Flag(help: "Write over a file that is there.")
    var force = false

    func run(in context: CommandContext) async throws {
        if output == "-" { return try context.printer.write(Self.text) }
        let path = context.host.resolve(output)
        let cut = path.lastIndex(of: "/") ?? path.startIndex
        var files = FileSet()
        files.add(String(path[path.index(after: cut)...]), Self.text)
        try files.write(to: String(path[..<cut]), shown: ".", force: force)
        try context.printer.line("wrote \(output)")
    }

    /// Every key, commented out, with its default.
    static let text: String = {
        var text = "# Configuration of tasker-ctl. Flags and environment variables win over this file.\n"
        var section = ""
        for key in SettingKey.allCases {
            let parts = key.rawValue.split(separator: ".").map(String.init)
            // In TOML a key 'profile' and tables [profile.NAME] exclude each other.
            if parts.count == 2 || key == .profile { continue }
            text += "\n# \(key.summary)\n"
            text += "# \(parts[0]) = \(literal(key))\n"
        }
        section = "\n[cli]\n"
        for key in SettingKey.allCases {
            let parts = key.rawValue.split(separator: ".").map(String.init)
            guard parts.count == 2 else { continue }
            section += "\n# \(key.summary)\n# \(parts[1]) = \(literal(key))\n"
        }
        return text + section
            + "\n# Keys of a profile win over the ones above: --profile production, or TASKER_CLIENT_PROFILE\n# [profile.production]\n# server = \"https://tasker.example.com\"\n"
    }()

    private static func literal(_ key: SettingKey) -> String {
        key == .pluginPaths ? "[\"plugins\"]" : "\"\(key.defaultValue ?? (key == .defaultLanguage ? "python" : ""))\""
    }
}
