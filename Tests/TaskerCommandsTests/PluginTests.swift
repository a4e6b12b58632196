import Foundation
import TaskerProtocol
import Testing

@testable import TaskerCommands

@Suite struct PluginTests {
    private func plugin(in place: borrowing Workplace, at path: String, name: String = "my-plugin") throws {
        try place.write(
            path + "/tasker-plugin.toml",
            """
            [plugin]
            name = "\(name)"
            description = "Mine"
            version = "2.0.0"
            language = "python"
            framework = "django"

            [[templates]]
            name = "note"
            path = "note"
            description = "A note"
            """)
        try place.write(
            path + "/note/template.toml",
            """
            name = "note"
            description = "A note"

            [[parameters]]
            name = "name"
            description = "Whose"
            required = true

            [[outputs]]
            template = "note.txt"
            filename = "{{ name | snake_case }}.txt"
            subdir = "notes"
            """)
        try place.write(path + "/note/note.txt", "For {{ name | pascal_case }}\n")
    }

    @Test(arguments: ["plugins", "plugins/mine", "repositories"])
    func pluginsAreFoundOnThePath(search: String) async throws {
        var place = Workplace()
        try plugin(in: place, at: search == "repositories" ? "repositories/x/tasker-cli-plugin" : "plugins/mine")
        place.environment = ["TASKER_PLUGIN_PATH": search]
        let list = await place.run("plugin", "list", "-o", "name")
        #expect(list.output.split(separator: "\n").last == "my-plugin", "\(list.output)\(list.errors)")
        let run = await place.run("template", "generate", "note", "--plugin", "my-plugin", "--param", "name=big cat")
        #expect(run.status == .ok, "\(run.errors)")
        #expect(try place.read("notes/big_cat.txt") == "For BigCat\n")
    }

    @Test func aFoundPluginWinsOverABuiltInOne() async throws {
        var place = Workplace()
        try plugin(in: place, at: "mine", name: "tasker-contrib-python")
        place.environment = ["TASKER_PLUGIN_PATH": "mine"]
        let info = await place.run(
            "template", "generate", "step_handler", "--plugin", "tasker-contrib-python", "--param", "name=A")
        #expect(info.status == .notFound)
        let list = try JSONText.parse(await place.run("plugin", "list", "-o", "json").output)
        let entries = (list["plugins"]?.arrayValue ?? []).filter { $0["name"] == "tasker-contrib-python" }
        #expect(entries.map { $0["used"] } == [false, true])
    }

    @Test func everyProblemIsReported() async throws {
        let place = Workplace()
        try plugin(in: place, at: "mine")
        #expect(await place.run("plugin", "validate", "mine").status == .ok)
        try place.write("mine/note/note.txt", "x\n{{ nam }} {{ name|shout }}\n")
        try place.write(
            "mine/tasker-plugin.toml",
            "[plugin]\nname = \"m\"\nlanguge = \"x\"\n[[templates]]\nname = \"note\"\npath = \"note\"\n[[templates]]\nname = \"gone\"\npath = \"gone\"\n[[templates]]\nname = \"out\"\npath = \"../out\"\n"
        )
        let run = await place.run("plugin", "validate", "mine")
        #expect(run.status == .failure)
        for text in [
            "mine/tasker-plugin.toml:3:1: unknown key 'languge'; did you mean 'language'?",
            "'description' is missing", "'version' is missing", "mine/note/note.txt:2:4: unknown variable 'nam'",
            "mine/gone/template.toml:1:1: the file is missing", "the path '../out' leads out of the plugin",
        ] {
            #expect(run.output.contains(text), "\(text)\n\(run.output)")
        }
    }

    @Test func filesCannotLeaveTheOutputDirectory() async throws {
        var place = Workplace()
        try plugin(in: place, at: "mine")
        place.environment = ["TASKER_PLUGIN_PATH": "mine"]
        for filename in ["../x", "/etc/x", "a/../../x", "a//b", ""] {
            let text = try place.read("mine/note/template.toml")
            try place.write("mine/note/template.toml", text.replacing("{{ name | snake_case }}.txt", with: filename))
            let run = await place.run(
                "template", "generate", "note", "--plugin", "my-plugin", "--param", "name=x", "-o", "out")
            #expect(run.status != .ok, "\(filename)")
            try place.write("mine/note/template.toml", text)
        }
        #expect(!place.files().contains { $0.hasPrefix("out/") || $0 == "x" })
    }

    @Test func builtInPluginsAreFlawless() {
        for name in SeedPageTests.plugins {
            var reader = PluginReader(prefix: name + "/") { EmbeddedScaffold.files[name + "/" + $0] }
            _ = reader.plugin(origin: .builtIn)
            #expect(reader.problems.isEmpty, "\(reader.problems)")
        }
        #expect(PluginCatalog.builtIn.map(\.name) == SeedPageTests.plugins)
    }

    @Test func theEmbeddedFilesAreUpToDate() async throws {
        let result = try await Toolchain.run(
            "python3", [Toolchain.root + "/scripts/embed-scaffold", "--check"], in: "/")
        #expect(result.status == 0, "\(result.output)")
    }

    @Test(arguments: [
        ("python", ["hello_handler.py", "tests/test_hello_handler.py"]),
        ("ruby", ["hello_handler.rb", "spec/hello_handler_spec.rb"]),
        (
            "typescript",
            ["__tests__/hello-handler.test.ts", "hello-handler.ts", "package.json", "tsconfig.json"]
        ),
        (
            "rust",
            ["Cargo.toml", "hello.rs", "lib.rs", "main.rs", "tasker_stdio.rs", "tests/hello_test.rs"]
        ),
        (
            "swift",
            [
                "Package.swift", "Sources/Handlers/HelloHandler.swift", "Sources/worker/Worker.swift",
                "Tests/HandlersTests/HelloHandlerTests.swift",
            ]
        ),
    ])
    func initMakesAProjectThatIsValid(language: String, own: [String]) async throws {
        let place = Workplace()
        let run = await place.run("init", "shop", "--language", language)
        #expect(run.status == .ok, "\(run.errors)")
        let common = ["config/tasks/hello.yaml", "docker-compose.yml", "tasker.toml"]
        #expect(place.files() == (common + own).map { "shop/" + $0 }.sorted())
        #expect(await place.run("template", "validate", "shop/config/tasks", "--strict").status == .ok)
        #expect(await place.run("config", "validate", "shop/tasker.toml").status == .ok)
        #expect(await place.run("init", "shop").status == .failure)
        #expect(run.errors.contains("tasker-ctl task create default/hello --wait"))
        switch language {
        case "python" where Toolchain.hasPython: try await expectSuccess(Toolchain.pytest(place.path + "/shop"))
        case "ruby" where Toolchain.hasRuby: try await expectSuccess(Toolchain.rspec(place.path + "/shop"))
        case "typescript" where Toolchain.hasTypeScript:
            try await expectSuccess(Toolchain.nodeTest(place.path + "/shop"))
        case "rust" where Toolchain.hasCargo: try await expectSuccess(Toolchain.cargo(place.path + "/shop"))
        default: break
        }
        let bare = await place.run("init", "bare", "--language", language, "--no-contrib")
        #expect(bare.status == .ok)
        #expect(place.files().filter { $0.hasPrefix("bare/") } == common.map { "bare/" + $0 })
    }

    private func expectSuccess(_ result: Toolchain.Result) { #expect(result.status == 0, "\(result.output)") }
}
