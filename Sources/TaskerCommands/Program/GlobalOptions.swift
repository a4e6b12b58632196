/// Flags that stand before or after any command (command line contract, 2.1).
public struct GlobalOptions: Sendable, Hashable {
    public enum ColorChoice: String, Sendable, CaseIterable {
        case auto, always, never
    }

    public var configurationFile: String?
    public var profile: String?
    public var server: String?
    public var token: String?
    public var tokenFile: String?
    public var apiKey: String?
    public var format: OutputFormat?
    public var timeout: Duration?
    public var isQuiet = false
    public var verbosity = 0
    public var color = ColorChoice.auto
    public var showsProgress = true

    public init() {}

    /// One line of the help page about these flags.
    struct Flag: Sendable {
        var short: String?
        var longs: [String]
        var value: String?
        var help: String
        /// Takes the value (empty for switches).
        var apply: @Sendable (inout GlobalOptions, String) throws(CommandError) -> Void

        /// With their dashes.
        var names: [String] { longs.map { "--" + $0 } + (short.map { ["-" + $0] } ?? []) }
    }

    static let flags: [Flag] = [
        Flag(short: "c", longs: ["config"], value: "FILE", help: "configuration file instead of the project file") {
            (options, value) throws(CommandError) in options.configurationFile = value
        },
        Flag(short: "p", longs: ["profile"], value: "NAME", help: "profile of the configuration") {
            (options, value) throws(CommandError) in options.profile = value
        },
        Flag(short: nil, longs: ["server"], value: "URL", help: "address of the orchestrator") {
            (options, value) throws(CommandError) in options.server = value
        },
        Flag(short: nil, longs: ["token"], value: "T", help: "bearer token ('-' reads standard input)") {
            (options, value) throws(CommandError) in options.token = value
        },
        Flag(short: nil, longs: ["token-file"], value: "F", help: "file that holds the bearer token") {
            (options, value) throws(CommandError) in options.tokenFile = value
        },
        Flag(short: nil, longs: ["api-key"], value: "K", help: "API key ('-' reads standard input)") {
            (options, value) throws(CommandError) in options.apiKey = value
        },
        Flag(
            short: "o", longs: ["output", "format"], value: "FORMAT", help: "table (default), json, jsonl, yaml, name"
        ) { (options, value) throws(CommandError) in options.format = try OutputFormat(argument: value) },
        Flag(
            short: nil, longs: ["timeout"], value: "DURATION",
            help: "limit for the whole command: 500ms, 30s, 5m, 2h"
        ) { (options, value) throws(CommandError) in options.timeout = try DurationText.parse(value, for: "--timeout")
        },
        Flag(short: "q", longs: ["quiet"], value: nil, help: "errors only on standard error") {
            (options, _) throws(CommandError) in options.isQuiet = true
        },
        Flag(short: "v", longs: ["verbose"], value: nil, help: "say more; repeat for still more") {
            (options, _) throws(CommandError) in options.verbosity += 1
        },
        Flag(short: nil, longs: ["color"], value: "WHEN", help: "auto (default), always, never") {
            (options, value) throws(CommandError) in
            guard let choice = ColorChoice(rawValue: value) else {
                throw .usage("'\(value)' is no value of --color", hint: "write auto, always or never")
            }
            options.color = choice
        },
        Flag(short: nil, longs: ["no-color"], value: nil, help: "the same as --color never") {
            (options, _) throws(CommandError) in options.color = .never
        },
        Flag(short: nil, longs: ["no-progress"], value: nil, help: "no progress line") {
            (options, _) throws(CommandError) in options.showsProgress = false
        },
    ]

    /// The section that ends every help page.
    static var helpText: String {
        var text = "GLOBAL OPTIONS (before or after the command; a command's own short flag wins after it):\n"
        func line(_ names: String, _ help: String) {
            text += "  " + names + String(repeating: " ", count: max(1, 32 - names.count)) + help + "\n"
        }
        for flag in flags {
            let names = (flag.short.map { ["-" + $0] } ?? []) + flag.longs.map { "--" + $0 }
            line(names.joined(separator: ", ") + (flag.value.map { " " + $0 } ?? ""), flag.help)
        }
        line("-h, --help", "this page")
        line("-V, --version", "the version")
        return text
    }
}
