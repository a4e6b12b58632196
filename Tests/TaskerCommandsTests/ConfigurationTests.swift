import Foundation
import TaskerProtocol
import Testing

@testable import TaskerCommands

@Suite struct ConfigurationTests {
    private func value(_ key: String, _ run: CommandLineRun) throws -> (value: String?, source: String?) {
        let body = try JSONText.parse(run.output)
        let entry = body["settings"]?.arrayValue?.first { $0["key"]?.stringValue == key }
        return (entry?["value"]?.stringValue, entry?["source"]?.stringValue)
    }

    /// Five sources, each taken away in turn.
    @Test func theFirstSourceThatSaysSomethingWins() async throws {
        var place = Workplace()
        place.environment = ["TASKER_SERVER": "http://environment", "XDG_CONFIG_HOME": place.path + "/home"]
        try place.write("tasker.toml", "server = \"http://project\"\n")
        try place.write("home/tasker/config.toml", "\nserver = \"http://user\"\n")
        let show = ["config", "show", "-o", "json"]

        #expect(
            try value("server", await place.run(show + ["--server", "http://flag"])) == ("http://flag", "flag --server")
        )
        #expect(try value("server", await place.run(show)) == ("http://environment", "environment TASKER_SERVER"))
        place.environment["TASKER_SERVER"] = nil
        #expect(try value("server", await place.run(show)) == ("http://project", "tasker.toml:1"))
        try FileManager.default.removeItem(atPath: place.path + "/tasker.toml")
        let user = try value("server", await place.run(show))
        #expect(user.value == "http://user")
        #expect(user.source?.hasSuffix("home/tasker/config.toml:2") == true)
        place.environment["XDG_CONFIG_HOME"] = nil
        #expect(try value("server", await place.run(show)) == ("http://127.0.0.1:8080", "default"))
    }

    @Test func profilesWinOverTheTopOfTheirFile() async throws {
        let place = Workplace()
        try place.write(
            "tasker.toml",
            "server = \"http://a\"\n[profile.live]\nserver = \"http://b\"\n[cli]\nplugin-paths = [\"p\", \"q\"]\n")
        #expect(try value("server", await place.run("config", "show", "-o", "json")).value == "http://a")
        #expect(try value("server", await place.run("-p", "live", "config", "show", "-o", "json")).value == "http://b")
        #expect(try value("cli.plugin-paths", await place.run("config", "show", "-o", "json")).value == "p:q")
    }

    @Test func yamlWorksToo() async throws {
        let place = Workplace()
        try place.write("tasker.yaml", "cli:\n  default-language: rust\nserver: http://y\nservr: x\n")
        let run = await place.run("config", "show", "-o", "json")
        #expect(try value("cli.default-language", run) == ("rust", "tasker.yaml:2"))
        #expect(run.errors.contains("warning: tasker.yaml:4:1: unknown key 'servr'; did you mean 'server'?"))
    }

    @Test func theFileOfTheNearestAncestorIsUsed() async throws {
        let place = Workplace()
        try place.write(".config/tasker.toml", "[cli]\ndefault-language = \"python\"\n")
        try place.write("a/b/keep", "")
        let output = CapturedText()
        let host = Host(
            environment: [:], workingDirectory: place.path + "/a/b", userName: "t", output: output,
            errors: CapturedText(), readInput: { [] }, now: { 0 })
        let status = await Program(host: host).run(["template", "generate", "step_handler", "--param", "name=Foo"])
        #expect(status == .ok)
        #expect(place.files().contains("a/b/foo_handler.py"))
    }

    @Test func secretsAppearNowhere() async throws {
        var place = Workplace()
        place.environment = ["TASKER_AUTH_TOKEN": "s3cret", "TASKER_AMQP_URL": "amqp://u:s3cret@h/"]
        try place.write("tasker.toml", "api_key = \"s3cret\"\n")
        for command in [
            ["config", "show"], ["config", "explain", "token"], ["config", "explain", "api_key"],
            ["config", "explain", "amqp_url"],
        ] {
            for format in ["table", "json", "yaml"] {
                let run = await place.run(command + ["-vv", "-o", format, "--token", "s3cret"])
                #expect(run.status == .ok)
                #expect(!(run.output + run.errors).contains("s3cret"), "\(command) \(format)")
            }
        }
    }

    @Test func credentialsThatOthersCanReadAreReported() async throws {
        let place = Workplace()
        try place.write("tasker.toml", "token = \"x\"\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: place.path + "/tasker.toml")
        #expect(await place.run("config", "show").errors.contains("chmod 600 tasker.toml"))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: place.path + "/tasker.toml")
        #expect(await place.run("config", "show").errors.isEmpty)
    }

    @Test(arguments: [
        ("x", "tasker.toml:1:2: '=' is missing after the key"),
        ("server = http", "tasker.toml:1:10: 'http' is no value; strings stand in quotes"),
        ("a = 1\na = 2", "tasker.toml:2:1: 'a' is there already"),
        ("a = \"x", "tasker.toml:1:7: the closing quote of a string is missing"),
        ("[a", "tasker.toml:1:3: ']' is missing after the table's name"),
    ])
    func brokenFilesSayWhere(text: String, message: String) async throws {
        let place = Workplace()
        try place.write("tasker.toml", text)
        let run = await place.run("config", "show")
        #expect(run.status == .failure)
        #expect(run.errors == "error: \(message)\n")
    }

    @Test func validateReportsEveryProblem() async throws {
        let place = Workplace()
        try place.write("tasker.toml", "output = \"tabel\"\nserver = \"ftp://x\"\ntimeout = 5\nunknown = 1\n")
        let run = await place.run("config", "validate", "tasker.toml", "-o", "json", "--output", "json")
        #expect(run.status == .usage || run.status == .failure)
        let other = Workplace()
        try other.write("other.toml", "output = \"tabel\"\nserver = \"ftp://x\"\ntimeout = 5\nunknown = 1\n")
        let checked = await other.run("config", "validate", "other.toml")
        #expect(checked.status == .failure)
        for text in [
            "other.toml:1: 'tabel'", "other.toml:2: 'ftp://x'", "other.toml:3: '5'", "other.toml:4:1: unknown key",
        ] {
            #expect(checked.output.contains(text), "\(checked.output)")
        }
    }

    @Test func whatIsGeneratedIsValidAndComplete() async throws {
        let place = Workplace()
        #expect(await place.run("config", "generate").status == .ok)
        #expect(await place.run("config", "generate").status == .failure)
        let text = try place.read("tasker.toml")
        let open = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.hasPrefix("# ") && line.contains(" = ") ? String(line.dropFirst(2)) : String(line)
        }
        try place.write("all.toml", open.joined(separator: "\n").replacing("# [profile", with: "[profile"))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: place.path + "/all.toml")
        let checked = await place.run("config", "validate", "all.toml")
        #expect(checked.status == .ok, "\(checked.output)")
        for key in SettingKey.allCases {
            #expect(text.contains(key.rawValue.split(separator: ".").last.map(String.init) ?? ""))
        }
    }

    @Test func tomlIsReadAsItsAuthorsMeantIt() throws {
        let value = try TOMLReader.read(
            """
            # comment
            a.b = 1_000   # dotted
            "quoted key" = 'raw\\n'
            hex = 0xFF
            text = \"\"\"
            one \\
               two\"\"\"
            list = [ 1, 2, # inside
              3, ]
            inline = { x = "\\u00e9", y.z = true }
            [[items]]
            n = 1
            [[items]]
            n = -2.5e1
            [items.sub]
            day = 2026-01-02
            """)
        #expect(
            JSONText.indented(value.plain)
                == JSONText.indented([
                    "a": ["b": 1000], "quoted key": "raw\\n", "hex": 255, "text": "one two", "list": [1, 2, 3],
                    "inline": ["x": "é", "y": ["z": true]],
                    "items": [["n": 1], ["n": -25.0, "sub": ["day": "2026-01-02"]]],
                ]))
    }
}
