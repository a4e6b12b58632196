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

    /// The end-to-end tests run what it prints.
    @Test func initMakesWhatALanguageNeedsToRun() async throws {
        let place = Workplace()
        let files = [
            "typescript": ["package.json", "tsconfig.json"], "swift": ["Package.swift", "Sources/worker/main.swift"],
            "rust": ["Cargo.toml", "main.rs"], "ruby": ["hello_handler.rb"],
        ]
        for (language, wanted) in files {
            let run = await place.run("init", language, "--language", language, "--sdk", "../sdk")
            #expect(run.status == .ok, "\(run.errors)")
            for file in wanted { #expect(place.files().contains("\(language)/\(file)"), "\(file)") }
        }
        #expect(try place.read("swift/Package.swift").contains(#".package(name: "tasker", path: "../sdk")"#))
        #expect(try place.read("typescript/package.json").contains(#""@tasker-systems/tasker": "file:../sdk""#))
        for language in ["typescript", "swift"] where language == "swift" || Toolchain.hasTypeScript {
            let result =
                try await language == "swift"
                ? Toolchain.swiftTest(place.path + "/swift") : Toolchain.nodeTest(place.path + "/typescript")
            #expect(result.status == 0, "\(result.output)")
        }
        let lint = try await Toolchain.swiftFormat(place.path + "/swift")
        #expect(lint.status == 0, "\(lint.output)")
    }

    @Test func initWithoutAHandlerNamesNoWorkerOfIts() async throws {
        let place = Workplace()
        let run = await place.run("init", "shop", "--language", "python", "--no-contrib")
        #expect(run.status == .ok, "\(run.errors)")
        #expect(
            place.files() == ["shop/config/tasks/hello.yaml", "shop/docker-compose.yml", "shop/tasker.toml"])
        #expect(!run.errors.contains("hello_handler"), "\(run.errors)")
        #expect(run.errors.contains("# a worker with a handler 'HelloHandler'"), "\(run.errors)")
    }

    @Test func initMakesAProjectThatIsValid() async throws {
        let place = Workplace()
        let run = await place.run("init", "shop", "--language", "python")
        #expect(run.status == .ok, "\(run.errors)")
        #expect(
            place.files() == [
                "shop/config/tasks/hello.yaml", "shop/docker-compose.yml", "shop/hello_handler.py", "shop/tasker.toml",
                "shop/tests/test_hello_handler.py",
            ])
        #expect(await place.run("template", "validate", "shop/config/tasks", "--strict").status == .ok)
        #expect(await place.run("config", "validate", "shop/tasker.toml").status == .ok)
        #expect(await place.run("init", "shop").status == .failure)
        if Toolchain.python != nil {
            let result = try await Toolchain.pytest(place.path + "/shop")
            #expect(result.status == 0, "\(result.output)")
        }
    }
}
