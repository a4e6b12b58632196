import ArgumentParser
import Foundation
import TaskerProtocol
import Testing

@testable import TaskerCommands

/// Global flags, formats, errors, exit statuses, colour, closed pipes.
@Suite struct ProgramTests {
    // MARK: - Help

    static let pages = Program.tree.walk()

    @Test(arguments: pages.map { $0.path.dropFirst().joined(separator: " ") })
    func everyHelpPageIsShortAndHasAnExample(path: String) async {
        let place = Workplace()
        let words = path.split(separator: " ").map(String.init)
        let run = await place.run(words + ["--help"])
        #expect(run.status == .ok)
        #expect(run.errors.isEmpty)
        let lines = run.output.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.allSatisfy { $0.count <= 100 }, "\(lines.filter { $0.count > 100 })")
        #expect(run.output.contains("Example:\n  "), "\(path) shows no example")
        #expect(run.output.contains("tasker-ctl " + words.joined(separator: " ")))
        let command = Self.pages.first { $0.path.dropFirst() == words[...] }?.command
        #expect((command?.abstract.count ?? 100) <= 80)
        #expect(await place.run(["help"] + words).output == run.output)
    }

    /// The commands that the examples of help pages show exist, with their flags.
    @Test func everyExampleParses() throws {
        for (path, command) in Self.pages {
            let text = command.type.configuration.discussion.replacing("\\\n", with: " ")
            for line in text.split(separator: "\n") {
                guard let start = line.range(of: "tasker-ctl ") else { continue }
                // In a sentence it stands in quotes; an example is a line of a shell.
                let isQuoted = line[..<start.lowerBound].hasSuffix("'")
                let rest = line[start.upperBound...].prefix { !isQuoted || $0 != "'" }
                let read = try CommandLineReader.read(Self.shellWords(rest), root: Program.tree)
                if read.command.subcommands.isEmpty {
                    #expect(throws: Never.self, "\(path): \(line)") { try TaskerCtl.parseAsRoot(read.arguments) }
                }
            }
        }
    }

    /// Words up to a pipe or a redirection; quotes hold words together.
    private static func shellWords(_ line: Substring) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        for character in line {
            if character == quote {
                quote = nil
            } else if quote == nil, character == "'" || character == "\"" {
                quote = character
                word = word ?? ""
            } else if quote == nil, character == " " {
                if let word { words.append(word) }
                word = nil
            } else if quote == nil, character == "|" || character == ">" {
                break
            } else {
                word = (word ?? "") + String(character)
            }
        }
        return words + (word.map { [$0] } ?? [])
    }

    @Test func versionIsPrinted() async {
        let place = Workplace()
        for arguments in [["-V"], ["template", "list", "--version"]] {
            #expect(await place.run(arguments).output == "tasker-ctl \(TaskerCtl.version)\n")
        }
    }

    // MARK: - Errors

    @Test(arguments: [
        (["templat", "list"], "'templat' is no command of tasker-ctl", "did you mean 'tasker-ctl template'?"),
        (
            ["template", "lst"], "'lst' is no command of tasker-ctl template",
            "did you mean 'tasker-ctl template list'?"
        ),
        (["frobnicate"], "'frobnicate' is no command of tasker-ctl", "there are: task"),
        (["template", "list", "--langage", "x"], "no flag '--langage'", "did you mean '--language'?"),
        (["template", "list", "-z"], "no flag '-z'", "see 'tasker-ctl template list --help'"),
        (["-o", "jsn", "plugin", "list"], "'jsn' is no output format", "did you mean 'json'?"),
        (["--timeout", "30", "plugin", "list"], "'30' is no duration", "30s"),
        (["--color", "blue", "plugin", "list"], "'blue' is no value of --color", "auto, always or never"),
        (["--server"], "--server wants a value", "--server URL"),
        (["--profile", "x", "plugin", "list"], "no configuration file has a profile 'x'", "[profile.x]"),
        (
            ["template", "validate"], "Missing expected argument '<paths> ...'",
            "see 'tasker-ctl template validate --help'"
        ),
        (["completion", "csh"], "'csh' is no shell", "bash, zsh, fish"),
    ])
    func usageErrorsSayWhatIsMeant(arguments: [String], message: String, hint: String) async {
        let place = Workplace()
        let run = await place.run(arguments)
        #expect(run.status == .usage)
        #expect(run.errors.hasPrefix("error: "))
        #expect(run.errors.contains(message), "\(run.errors)")
        #expect(run.errors.contains("hint: ") && run.errors.contains(hint), "\(run.errors)")
        #expect(run.output.isEmpty)
    }

    @Test func errorsAreJSONWhereTheOutputIs() async throws {
        let place = Workplace()
        let run = await place.run("template", "info", "nope", "-o", "json")
        #expect(run.status == .notFound)
        let body = try JSONText.parse(run.errors)
        #expect(body["error"]?["code"] == "not_found")
        #expect(body["error"]?["hint"] != nil)
    }

    @Test func aShortFlagOfTheCommandWinsAfterIt() throws {
        let line = try CommandLineReader.read(
            ["-o", "json", "template", "generate", "x", "-o", "out", "-l", "python", "-vv"], root: Program.tree)
        #expect(line.global.format == .json)
        #expect(line.global.verbosity == 2)
        #expect(line.arguments == ["template", "generate", "x", "-o", "out", "-l", "python"])
    }

    // MARK: - Streams

    @Test(arguments: [
        ["template", "list"], ["plugin", "list"], ["config", "show"], ["config", "explain", "server"],
    ])
    func everyFormatOfReadingCommandsParses(command: [String]) async throws {
        let place = Workplace()
        let json = await place.run(command + ["-o", "json"])
        #expect(json.status == .ok)
        _ = try JSONText.parse(json.output)
        let lines = await place.run(command + ["-o", "jsonl"])
        for line in lines.output.split(separator: "\n") { _ = try JSONText.parse(String(line)) }
        let yaml = await place.run(command + ["-o", "yaml"])
        #expect(yaml.output.hasSuffix("\n"))
        let names = await place.run(command + ["-o", "name"])
        #expect(!names.output.isEmpty && !names.output.contains(" "))
    }

    @Test func colourNeedsATerminalAndPermission() async {
        var place = Workplace()
        #expect(await place.run(["plugin", "list"], terminal: true).output.contains("\u{1B}["))
        #expect(await !place.run(["plugin", "list"]).output.contains("\u{1B}"))
        #expect(await place.run(["plugin", "list", "--color", "always"]).output.contains("\u{1B}["))
        #expect(await !place.run(["plugin", "list", "--no-color"], terminal: true).output.contains("\u{1B}"))
        place.environment = ["NO_COLOR": "1"]
        #expect(await !place.run(["plugin", "list"], terminal: true).output.contains("\u{1B}"))
        place.environment = ["TERM": "dumb"]
        #expect(await !place.run(["frob"], terminal: true).errors.contains("\u{1B}"))
        place.environment = ["NO_COLOR": ""]
        #expect(await place.run(["frob"], terminal: true).errors.contains("\u{1B}["))
    }

    @Test func aTableFitsItsTerminal() async {
        let place = Workplace()
        let run = await place.run(["plugin", "list", "--no-color"], terminal: true)
        #expect(run.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }

    @Test func aClosedPipeEndsSilently() async {
        struct Closed: TextSink {
            func write(_ text: String) throws { throw ClosedPipe() }
        }
        let errors = CapturedText()
        let host = Host(
            environment: [:], workingDirectory: "/", userName: "t", output: Closed(), errors: errors,
            readInput: { [] }, now: { 0 })
        #expect(await Program(host: host).run(["template", "list"]) == .ok)
        #expect(errors.text.isEmpty)
    }

    @Test func controlCharactersNeverReachATable() {
        #expect(TextTable.clean("a\u{1B}[31mb\u{7}\nc\u{202E}d") == "a[31mb cd")
    }
}
