import Foundation
import TaskerProtocol
import Testing

@testable import TaskerCommands

/// What completes a command line, and the scripts in the shells they are for.
@Suite struct CompletionTests {
    private static let id = OnlineTests.id

    /// The candidates for the last word.
    private static func complete(
        _ words: [String], _ place: borrowing Workplace
    ) async -> [String] {
        let run = await place.run(["completion", "--words", "--"] + words)
        #expect(run.status == .ok && run.errors.isEmpty, "\(run.errors)")
        return run.output.split(separator: "\n").map { String($0.prefix { $0 != "\t" }) }
    }

    @Test(arguments: [
        (["te"], ["template"]), (["template", "vi"], ["visualize"]), (["template", "generate", "--dr"], ["--dry-run"]),
        (["plugin", "list", "-o", "js"], ["json", "jsonl"]), (["-o", "json", "plugin", "l"], ["list"]),
        (["--color=al"], ["--color=always"]),
        (["template", "generate", "step_handler_b"], ["step_handler_batchable"]),
        (
            ["template", "generate", "x", "--plugin", "tasker-contrib-r"],
            ["tasker-contrib-rails", "tasker-contrib-rust"]
        ),
        (["template", "generate", "x", "-l", "p"], ["python"]), (["task", "list", "-l", ""], []),
        (["task", "list", "-s", "comp"], ["complete"]), (["dlq", "list", "--status", "perm"], ["permanently_failed"]),
        (["template", "validate", "--format", "s"], ["sarif"]), (["config", "explain", "amq"], ["amqp_url"]),
        (["completion", ""], ["bash", "zsh", "fish"]), (["template", "show", ""], [":files"]),
        (["task", "visualize", "x", "-f", "a"], ["ascii"]),
        (["worker", "exec", "--handler", "x", "--", "./p", ""], [":files"]),
        (["completion", "--wo"], []), (["nonsense", "x"], []),
        (["task", "get", "--tok"], ["--token", "--token-file"]),
    ])
    func aWordIsCompletedWhereItStands(words: [String], expected: [String]) async {
        #expect(await Self.complete(words, Workplace()) == expected)
    }

    @Test func commandsOfTheRootAreAllThere() async {
        let found = await Self.complete([""], Workplace())
        #expect(found == Program.tree.subcommands.map(\.name))
    }

    private static func answers(_ request: FakeServer.Request) -> FakeServer.Answer {
        switch request.path {
        case "/v1/tasks": .json(200, #"{"tasks":[{"task_uuid":"\#(id)","name":"order","status":"complete"}]}"#)
        case "/v1/tasks/\(id)/summary": .json(200, OnlineTests.summary("complete"))
        case "/v1/templates":
            .json(
                200,
                #"{"namespaces":[{"name":"shop"}],"templates":[{"namespace":"shop","name":"order","version":"1"}]}"#)
        case "/v1/workers": .json(200, #"{"workers":[{"worker_id":"py-1","language":"python","status":"active"}]}"#)
        case "/v1/queues":
            .json(200, #"{"queues":[{"queue":"shop.py","kind":"steps"},{"queue":"r","kind":"results"}]}"#)
        case "/v1/routes": .json(200, #"{"routes":[{"namespace":"shop","callable":"Charge"}]}"#)
        case "/v1/dlq": .json(200, #"[{"dlq_entry_uuid":"\#(id)","dlq_reason":"Poison"}]"#)
        default: .problem(404, code: "NOT_FOUND", detail: "No.")
        }
    }

    @Test(arguments: [
        (["task", "get", ""], [id]), (["task", "cancel", "x", "0198"], [id]),
        (["task", "step", id, "ch"], ["check", "charge"]),
        (["task", "create", ""], ["shop/order"]), (["worker", "status", ""], ["py-1"]),
        (["route", "set", "shop/Charge", ""], ["shop.py"]), (["route", "clear", ""], ["shop/Charge"]),
        (["dlq", "replay", ""], [id]), (["worker", "list", "-n", ""], ["shop"]), (["why", "01982f6a"], [id]),
    ])
    func theServerIsAskedForWhatItHas(words: [String], expected: [String]) async throws {
        try await OnlineTests.serving(Self.answers) { server in
            var place = OnlineTests.place()
            place.environment["TASKER_SERVER"] = server.url
            #expect(await Self.complete(words, place) == expected)
            // Nor is it asked again at once where there is a place for answers.
            place.environment["XDG_CACHE_HOME"] = place.path + "/cache"
            let asked = server.requests.count
            for _ in 0..<3 { #expect(await Self.complete(words, place) == expected) }
            #expect(server.requests.count == asked + 1)
            // The line's own words decide which server is asked.
            place.environment["TASKER_SERVER"] = "http://127.0.0.1:1"
            #expect(await Self.complete(["--server", server.url] + words, place) == expected)
        }
    }

    @Test func aServerThatIsSilentOrAwayOrRefusesCostsNothing() async throws {
        let answers: [FakeServer.Answer] = [.silence, .hangUp, .problem(401, code: "UNAUTHORIZED", detail: "No.")]
        for answer in answers {
            try await OnlineTests.serving(answer) { server in
                var place = OnlineTests.place()
                place.environment["TASKER_SERVER"] = server.url
                #expect(await Self.complete(["task", "get", ""], place).isEmpty)
            }
        }
    }

    @Test func theLastTaskIsOffered() async throws {
        try await OnlineTests.serving({ request in
            request.method == "POST" ? .json(201, OnlineTests.task("pending")) : Self.answers(request)
        }) { server in
            var place = OnlineTests.place()
            place.environment["TASKER_SERVER"] = server.url
            await place.run("task", "create", "shop/order")
            #expect(await Self.complete(["task", "get", ""], place) == ["@last", Self.id])
            #expect(await Self.complete(["task", "step", "@last", "cha"], place) == ["charge"])
        }
    }

    // MARK: - Shells

    /// The program itself, beside the tests; absent when only they were built.
    private static let program: String? = {
        for hint in [Bundle.main.bundlePath, Bundle.main.executablePath ?? ""] + CommandLine.arguments {
            var folder = URL(fileURLWithPath: hint).resolvingSymlinksInPath()
            for _ in 0..<3 {
                let file = folder.appendingPathComponent("tasker-ctl").path
                if FileManager.default.isExecutableFile(atPath: file) { return file }
                folder.deleteLastPathComponent()
            }
        }
        return nil
    }()

    private static let shells = ["bash", "zsh", "fish"].filter { Toolchain.isWanted(Toolchain.has($0)) }

    /// Completes a command, a flag and a task in the shell, with the script loaded as its users do.
    @Test(arguments: shells)
    func scriptsLoadAndCompleteInTheirShells(shell: String) async throws {
        let program = try #require(Self.program, "tasker-ctl is not built")
        try await OnlineTests.serving(Self.answers) { server in
            let place = Workplace()
            try place.write("completion", await place.run("completion", shell).output)
            let script = try String(
                contentsOfFile: Toolchain.root + "/Tests/TaskerCommandsTests/Shells/complete.\(shell)", encoding: .utf8)
            try place.write("complete", script)
            let folder = URL(fileURLWithPath: program).deletingLastPathComponent().path
            let flags = shell == "bash" ? ["--norc"] : shell == "zsh" ? ["-f"] : ["--no-config"]
            let result = try await Toolchain.run(
                shell, flags + ["complete"], in: place.path,
                environment: [
                    "PATH": folder + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? ""),
                    "TASKER_SERVER": server.url, "HOME": place.path, "XDG_CONFIG_HOME": place.path,
                    "XDG_CACHE_HOME": place.path, "TERM": "dumb",
                ])
            #expect(
                result.output
                    == """
                    template
                    --dry-run
                    \(Self.id)
                    @file-less
                    --color=always

                    """.replacing("@file-less\n", with: ""), "\(shell)")
        }
    }
}
