import Foundation
import Synchronization
import TaskerCommands
import TaskerProtocol
import Testing

/// Commands that ask an orchestrator: what they send, what they print, how they end. The server is one of our own.
@Suite struct OnlineTests {
    static let id = "01982f6a-1111-7000-8000-000000000001"
    static let step =
        #"{"name":"charge","step_uuid":"s1","task_uuid":"\#(id)","current_state":"complete","attempts":1,"max_attempts":3,"parents":[]}"#

    static func task(_ status: String) -> String {
        #"{"task_uuid":"\#(id)","namespace":"shop","name":"order","version":"1.0.0","status":"\#(status)","created_at":"2023-11-14T22:10:20.000Z","total_steps":2,"completed_steps":1,"steps":[\#(step)]}"#
    }

    /// The task at a glance, as it is followed.
    static func summary(_ status: String, _ state: String = "in_progress", at: String = "2023-11-14T22:10:21.000Z")
        -> String
    {
        """
        {"task":{"task_uuid":"\(id)","namespace":"shop","name":"order","version":"1.0.0","status":"\(status)",\
        "updated_at":"\(at)","total_steps":2,"completed_steps":1},\
        "template":{"steps":[{"name":"check","dependencies":[]},{"name":"charge","dependencies":["check"]}]},\
        "steps":[{"name":"check","current_state":"complete","attempts":1,"max_attempts":3,"last_attempted_at":\
        "2023-11-14T22:10:20.000Z","completed_at":"2023-11-14T22:10:20.130Z","execution_time_ms":120,"error":null},{"name":"charge",\
        "current_state":"\(state)","attempts":1,"max_attempts":3,"last_attempted_at":"2023-11-14T22:13:16.000Z",\
        "completed_at":null,"error":null}]}
        """
    }

    /// One answer for everything.
    static func serving(
        _ answer: FakeServer.Answer, _ body: (FakeServer) async throws -> Void
    ) async throws {
        try await serving({ _ in answer }, body)
    }

    static func serving(
        _ handler: @escaping @Sendable (FakeServer.Request) -> FakeServer.Answer,
        _ body: (FakeServer) async throws -> Void
    ) async throws {
        let server = FakeServer(handler)
        defer { server.stop() }
        try await body(server)
    }

    static func place() -> Workplace {
        var place = Workplace()
        place.environment = ["XDG_STATE_HOME": place.path + "/state"]
        return place
    }

    // MARK: - What is sent

    struct Call: Sendable, CustomTestStringConvertible {
        var arguments: [String]
        var method: String
        var target: String
        var body: JSONValue?
        var testDescription: String { arguments.joined(separator: " ") }
    }

    static let calls = [
        Call(arguments: ["task", "get", id], method: "GET", target: "/v1/tasks/\(id)"),
        Call(
            arguments: ["task", "list", "-n", "shop", "-s", "error", "-l", "5"], method: "GET",
            target: "/v1/tasks?namespace=shop&status=error&per_page=5"),
        Call(arguments: ["task", "steps", id], method: "GET", target: "/v1/tasks/\(id)/workflow_steps"),
        Call(
            arguments: ["task", "step", id, "a b/c"], method: "GET", target: "/v1/tasks/\(id)/workflow_steps/a%20b%2Fc"),
        Call(
            arguments: ["task", "step-audit", id, "charge"], method: "GET",
            target: "/v1/tasks/\(id)/workflow_steps/charge/audit"),
        Call(
            arguments: ["task", "cancel", id, "--yes", "-r", "twice"], method: "DELETE", target: "/v1/tasks/\(id)",
            body: ["reason": "twice", "cancelled_by": "tester"]),
        Call(
            arguments: ["task", "retry", id, "--step", "charge", "-b", "me"], method: "POST",
            target: "/v1/tasks/\(id)/retry",
            body: ["reason": "via tasker-ctl", "by": "me", "steps": ["charge"]]),
        Call(
            arguments: ["task", "give-up", id, "--yes"], method: "POST", target: "/v1/tasks/\(id)/give-up",
            body: ["reason": "via tasker-ctl", "by": "tester"]),
        Call(
            arguments: ["task", "resolve", id], method: "POST", target: "/v1/tasks/\(id)/resolve",
            body: ["reason": "via tasker-ctl", "by": "tester"]),
        Call(
            arguments: ["task", "reset-step", id, "charge", "--clear-checkpoint"], method: "PATCH",
            target: "/v1/tasks/\(id)/workflow_steps/charge",
            body: [
                "action_type": "reset_for_retry", "reason": "via tasker-ctl", "reset_by": "tester",
                "clear_checkpoint": true,
            ]),
        Call(
            arguments: ["task", "resolve-step", id, "charge"], method: "PATCH",
            target: "/v1/tasks/\(id)/workflow_steps/charge",
            body: ["action_type": "resolve_manually", "reason": "via tasker-ctl", "resolved_by": "tester"]),
        Call(
            arguments: ["task", "complete-step", id, "charge", "--result", #"{"ok":9007199254740993}"#],
            method: "PATCH",
            target: "/v1/tasks/\(id)/workflow_steps/charge",
            body: [
                "action_type": "complete_manually", "completion_data": ["result": ["ok": 9_007_199_254_740_993]],
                "reason": "via tasker-ctl", "completed_by": "tester",
            ]),
        Call(arguments: ["why", id], method: "GET", target: "/v1/tasks/\(id)/why"),
        Call(arguments: ["why", id + "/charge"], method: "GET", target: "/v1/tasks/\(id)/steps/charge/why"),
        Call(arguments: ["queue", "list"], method: "GET", target: "/v1/queues"),
        Call(arguments: ["worker", "list", "-n", "shop"], method: "GET", target: "/v1/workers?namespace=shop"),
        Call(arguments: ["worker", "status", "py-1"], method: "GET", target: "/v1/workers/py-1"),
        Call(arguments: ["route", "list"], method: "GET", target: "/v1/routes"),
        Call(
            arguments: ["route", "set", "shop/charge", "shop.py=30", "shop.swift"], method: "PUT",
            target: "/v1/routes/shop/charge",
            body: ["queues": [["queue": "shop.py", "weight": 30], ["queue": "shop.swift", "weight": 100]]]),
        Call(arguments: ["route", "clear", "shop/charge"], method: "DELETE", target: "/v1/routes/shop/charge"),
        Call(
            arguments: ["dlq", "list", "-s", "pending"], method: "GET",
            target: "/v1/dlq?resolution_status=pending&limit=50"),
        Call(arguments: ["dlq", "get", id], method: "GET", target: "/v1/dlq/entry/\(id)"),
        Call(
            arguments: ["dlq", "update", id, "-n", "seen"], method: "PATCH", target: "/v1/dlq/entry/\(id)",
            body: ["resolved_by": "tester", "resolution_notes": "seen"]),
        Call(
            arguments: ["dlq", "discard", id, "--yes"], method: "PATCH", target: "/v1/dlq/entry/\(id)",
            body: [
                "resolution_status": "PermanentlyFailed", "resolution_notes": "via tasker-ctl", "resolved_by": "tester",
            ]),
        Call(
            arguments: ["dlq", "replay", id], method: "POST", target: "/v1/dlq/entry/\(id)/replay",
            body: ["reason": "via tasker-ctl", "by": "tester"]),
        Call(arguments: ["dlq", "stats"], method: "GET", target: "/v1/dlq/stats"),
        Call(arguments: ["system", "info"], method: "GET", target: "/health/detailed"),
        Call(
            arguments: ["template", "list", "--server-templates", "-n", "shop"], method: "GET",
            target: "/v1/templates?namespace=shop"),
        Call(
            arguments: ["template", "info", "shop/order@1.0.0"], method: "GET", target: "/v1/templates/shop/order/1.0.0"
        ),
    ]

    @Test(arguments: calls)
    func eachCommandCallsTheAPIAsItsContractSays(call: Call) async throws {
        let isList = call.arguments.contains("stats") || call.arguments.contains("steps")
        let answer =
            isList || call.arguments.contains("step-audit") || call.arguments[0...1] == ["dlq", "list"] ? "[]" : "{}"
        try await Self.serving(.json(200, answer)) { server in
            let run = await Self.place().run(call.arguments + ["--server", server.url])
            #expect(run.status == .ok, "\(run.errors)")
            let request = try #require(server.requests.first)
            #expect(server.requests.count == 1)
            #expect(request.method == call.method)
            #expect(request.target == call.target)
            #expect(call.body == nil || request.json == call.body, "\(request.body)")
        }
    }

    static let reading = calls.filter { $0.method == "GET" }

    @Test(arguments: reading)
    func jsonIsTheBodyOfTheAPI(call: Call) async throws {
        let isList = ["stats", "steps", "step-audit"].contains { call.arguments.contains($0) }
        let item = #"{"name":"x","new_member":[1,2.5,null,"ü"],"big":9007199254740993}"#
        let text = isList || call.arguments[0...1] == ["dlq", "list"] ? "[\(item)]" : item
        try await Self.serving(.json(200, text)) { server in
            let place = Self.place()
            let run = await place.run(call.arguments + ["--server", server.url, "-o", "json"])
            let printed = try JSONText.parse(run.output)
            let body = try JSONText.parse(text)
            #expect(printed == body)
            for format in ["table", "jsonl", "yaml", "name"] {
                #expect(await place.run(call.arguments + ["--server", server.url, "-o", format]).status == .ok)
            }
        }
    }

    @Test func createSendsAKeyAndRemembersTheTask() async throws {
        try await Self.serving({
            $0.method == "POST" ? .json(201, Self.task("pending")) : .json(200, Self.task("complete"))
        }) { server in
            let place = Self.place()
            let run = await place.run(
                "task", "create", "shop/order@1.0.0", "-i", #"{"a":{"b":1}}"#, "--set", "a.c=2", "--set", "note=x y",
                "-p", "5", "--tag", "t", "--server", server.url)
            #expect(run.status == .ok, "\(run.errors)")
            #expect(run.output == "created \(Self.id)  shop/order@1.0.0  pending\n")
            let sent = try #require(server.requests.first)
            #expect(sent.headers["idempotency-key"]?.isEmpty == false)
            #expect(
                sent.json == [
                    "namespace": "shop", "name": "order", "version": "1.0.0", "priority": 5, "tags": ["t"],
                    "context": ["a": ["b": 1, "c": 2], "note": "x y"], "initiator": "tester",
                    "source_system": "tasker-ctl",
                ])
            #expect(
                await place.run("task", "get", "@last", "-o", "name", "--server", server.url).output == Self.id + "\n")
            #expect(server.requests.last?.path == "/v1/tasks/\(Self.id)")
        }
    }

    @Test func aBeginningOfAnIDIsEnoughWhenItIsUnique() async throws {
        let other = "01982f6a-2222-7000-8000-000000000002"
        let list =
            #"{"tasks":[{"task_uuid":"\#(Self.id)"},{"task_uuid":"\#(other)"}],"pagination":{"next_cursor":null}}"#
        try await Self.serving({ $0.target.contains("?") ? .json(200, list) : .json(200, Self.task("complete")) }) {
            server in
            let place = Self.place()
            #expect(
                await place.run("task", "get", "01982F6a-11", "-o", "name", "--server", server.url).output == Self.id
                    + "\n")
            let two = await place.run("task", "get", "01982f6a", "--server", server.url)
            #expect(two.status == .usage && two.errors.contains(other))
            #expect(await place.run("task", "get", "01982f6a33", "--server", server.url).status == .notFound)
            #expect(await place.run("task", "get", "@last", "--server", server.url).status == .notFound)
        }
    }

    @Test func everyPageIsFollowed() async throws {
        try await Self.serving({ request in
            request.target.contains("cursor=c%2F1")
                ? .json(200, #"{"tasks":[{"task_uuid":"b"}],"pagination":{"next_cursor":null}}"#)
                : .json(200, #"{"tasks":[{"task_uuid":"a"}],"pagination":{"next_cursor":"c/1"}}"#)
        }) { server in
            let run = await Self.place().run("task", "list", "--all", "-o", "name", "--server", server.url)
            #expect(run.output == "a\nb\n")
        }
    }

    // MARK: - Exit statuses

    @Test(arguments: [
        (400, TaskerCommands.ExitStatus.failure), (401, .denied), (403, .denied), (404, .notFound), (408, .timeout),
        (409, .failure),
        (422, .failure), (429, .failure), (500, .failure), (503, .unreachable),
    ])
    func refusalsKeepTheirWordsAndHaveTheirStatus(code: Int, status: TaskerCommands.ExitStatus) async throws {
        try await Self.serving(.problem(code, code: "SOME_CODE", detail: "It went\u{1B}[31m wrong.")) { server in
            let place = Self.place()
            let run = await place.run("task", "get", Self.id, "--server", server.url)
            #expect(run.status == status)
            #expect(run.errors.contains("error: It went[31m wrong\n"), "\(run.errors)")
            #expect(run.errors.contains("try again in 7 s") == (code == 429))
            let json = await place.run("task", "get", Self.id, "--server", server.url, "-o", "json")
            let error = try JSONText.parse(json.errors)["error"]
            #expect(error?["code"] == "some_code" && error?["status"] == .number(code))
        }
    }

    @Test func nobodyThereIsUnreachable() async throws {
        let server = FakeServer { _ in .hangUp }
        server.stop()
        let run = await Self.place().run("task", "get", Self.id, "--server", server.url)
        #expect(run.status == .unreachable)
        #expect(run.errors.contains("hint: "))
    }

    @Test func brokenConnectionsAreTriedAgainForReadsOnly() async throws {
        let count = Mutex(0)
        try await Self.serving({ _ in
            let number = count.withLock { count in
                count += 1
                return count
            }
            return number < 3 ? .hangUp : .json(200, Self.task("complete"))
        }) { server in
            let place = Self.place()
            #expect(await place.run("task", "get", Self.id, "--server", server.url).status == .ok)
            count.withLock { $0 = 0 }
            #expect(await place.run("task", "retry", Self.id, "--server", server.url).status == .unreachable)
            #expect(count.withLock { $0 } == 1)
        }
    }

    @Test func silenceIsATimeout() async throws {
        try await Self.serving(.silence) { server in
            let run = await Self.place().run("task", "get", Self.id, "--timeout", "200ms", "--server", server.url)
            #expect(run.status == .timeout, "\(run.errors)")
        }
    }

    @Test func redirectsAreNotFollowed() async throws {
        try await Self.serving(.text(302, "", type: "text/plain")) { server in
            let run = await Self.place().run("task", "get", Self.id, "--token", "secret", "--server", server.url)
            #expect(run.status == .failure && run.errors.contains("elsewhere.example"), "\(run.errors)")
        }
    }

    @Test(arguments: [
        ("complete", TaskerCommands.ExitStatus.ok), ("resolved_manually", .ok), ("error", .taskFailed),
        ("cancelled", .taskFailed),
        ("blocked_by_failures", .taskFailed),
    ])
    func waitingEndsAsTheTaskDoes(status: String, exit: TaskerCommands.ExitStatus) async throws {
        let count = Mutex(0)
        try await Self.serving({ request in
            if request.method == "POST" { return .json(201, Self.task("pending")) }
            if request.path == "/v1/events" { return .problem(404, code: "NOT_FOUND", detail: "No events here.") }
            guard request.path.hasSuffix("/summary") else { return .json(200, Self.task(status)) }
            let number = count.withLock { count in
                count += 1
                return count
            }
            return .json(200, Self.summary(number < 2 ? "steps_in_process" : status))
        }) { server in
            let run = await Self.place().run(
                "task", "create", "shop/order", "--wait", "-o", "json", "--server", server.url)
            #expect(run.status == exit, "\(run.errors)")
            let printed = try JSONText.parse(run.output)
            #expect(printed["status"] == .string(status))
        }
    }

    @Test func waitingEndsWithTheTimeAndSaysHowToGoOn() async throws {
        try await Self.serving({
            $0.method == "POST" ? .json(201, Self.task("pending")) : .json(200, Self.summary("steps_in_process"))
        }) { server in
            let run = await Self.place().run(
                "task", "create", "shop/order", "--wait", "--timeout", "500ms", "--server", server.url)
            #expect(run.status == .timeout)
            #expect(run.errors.contains("task watch \(Self.id)"), "\(run.errors)")
        }
    }

    @Test func waitingSurvivesAServerThatIsAway() async throws {
        let count = Mutex(0)
        try await Self.serving({ request in
            if request.method == "POST" { return .json(201, Self.task("pending")) }
            if request.path == "/v1/events" { return .hangUp }
            guard request.path.hasSuffix("/summary") else { return .json(200, Self.task("complete")) }
            let number = count.withLock { count in
                count += 1
                return count
            }
            // One look is three tries.
            return number < 8 ? .hangUp : .json(200, Self.summary("complete"))
        }) { server in
            let run = await Self.place().run(
                "task", "create", "shop/order", "--wait", "--verbose", "--timeout", "300s", "--server", server.url)
            #expect(run.status == .ok, "\(run.errors)")
            #expect(run.errors.contains("the server is away"))
        }
    }

    @Test(arguments: [
        ("healthy", 200, TaskerCommands.ExitStatus.ok), ("ready", 200, .ok), ("degraded", 200, .failure),
        ("not_ready", 503, .failure),
    ])
    func healthHasItsStatus(status: String, code: Int, exit: TaskerCommands.ExitStatus) async throws {
        try await Self.serving(.json(code, #"{"status":"\#(status)","checks":{"broker":{"status":"healthy"}}}"#)) {
            server in
            #expect(await Self.place().run("system", "health", "--server", server.url).status == exit)
        }
    }

    // MARK: - Credentials, questions

    @Test func credentialsAreSentAndNeverShown() async throws {
        try await Self.serving(.problem(401, code: "UNAUTHORIZED", detail: "No.")) { server in
            var place = Self.place()
            place.environment["TASKER_API_KEY"] = "key-secret"
            try place.write("token", "file-secret\n")
            let run = await place.run("task", "get", Self.id, "--token-file", "token", "-vv", "--server", server.url)
            #expect(run.status == .denied)
            #expect(server.requests.last?.headers["authorization"] == "Bearer file-secret")
            #expect(server.requests.last?.headers["x-api-key"] == "key-secret")
            #expect(!(run.output + run.errors).contains("secret"))
            place.input = "piped-secret\n"
            _ = await place.run("task", "get", Self.id, "--token", "-", "--server", server.url)
            #expect(server.requests.last?.headers["authorization"] == "Bearer piped-secret")
        }
    }

    @Test(arguments: [
        ["task", "cancel", id], ["task", "give-up", id], ["dlq", "discard", id],
    ])
    func destructionAsksFirst(arguments: [String]) async throws {
        try await Self.serving(.json(200, "{}")) { server in
            let run = await Self.place().run(arguments + ["--server", server.url])
            #expect(run.status == .usage)
            #expect(run.errors.contains("--yes"))
            #expect(server.requests.isEmpty)
        }
    }

    // MARK: - Several at once

    private static let others = ["01982f6a-2222-7000-8000-000000000002", "01982f6a-3333-7000-8000-000000000003"]

    @Test(arguments: [
        (["task", "cancel"], "DELETE"), (["dlq", "discard"], "PATCH"), (["dlq", "replay"], "POST"),
    ])
    func oneThatFailsDoesNotKeepTheOthersBack(command: [String], method: String) async throws {
        try await Self.serving({ request in
            request.target.contains(Self.id)
                ? .problem(409, code: "CONFLICT", detail: "It has ended.")
                : .json(200, #"{"status":"cancelled","message":"done","dlq_reason":"Poison"}"#)
        }) { server in
            let place = Self.place()
            let ids = [Self.id] + Self.others
            let yes = command == ["dlq", "replay"] ? [] : ["--yes"]
            let run = await place.run(command + ids + yes + ["--server", server.url])
            #expect(run.status == .failure)
            #expect(run.errors.hasPrefix("error: \(Self.id): It has ended\n"), "\(run.errors)")
            let lines = run.output.split(separator: "\n")
            #expect(lines.count == 2 && lines[0].hasPrefix(Self.others[0]) && lines[1].hasPrefix(Self.others[1]))
            #expect(server.requests.count { $0.method == method } == 3)
            let json = await place.run(command + Self.others + yes + ["--server", server.url, "-o", "json"])
            #expect(json.status == .ok)
            #expect((try? JSONText.parse(json.output))?.arrayValue?.count == 2)
            let names = await place.run(command + Self.others + yes + ["--server", server.url, "-o", "name"])
            #expect(names.output == Self.others.map { $0 + "\n" }.joined())
        }
    }

    @Test(arguments: [["task", "cancel", id, id], ["dlq", "discard", id], ["dlq", "replay", id]])
    func aDryRunChangesNothing(arguments: [String]) async throws {
        try await Self.serving(.json(200, #"{"status":"pending","dlq_reason":"Poison"}"#)) { server in
            let run = await Self.place().run(arguments + ["--dry-run", "--server", server.url])
            #expect(run.status == .ok, "\(run.errors)")
            #expect(run.output.split(separator: "\n").count == 1 && run.output.hasPrefix(Self.id))
            #expect(server.requests.allSatisfy { $0.method == "GET" })
        }
    }

    @Test func replayOfAllNeedsAReasonAndAnAnswer() async throws {
        try await Self.serving({ request in
            request.method == "GET"
                ? .json(200, #"[{"dlq_entry_uuid":"\#(Self.id)"}]"#) : .json(200, #"{"message":"replayed"}"#)
        }) { server in
            let place = Self.place()
            let all = ["dlq", "replay", "--all", "-n", "shop", "--server", server.url]
            #expect(await place.run(all).status == .usage)
            #expect(await place.run(all + ["--reason", "back"]).status == .usage)
            #expect(await place.run(all + ["--reason", "back", "--dry-run"]).output == Self.id + "\n")
            #expect(server.requests.allSatisfy { $0.method == "GET" })
            #expect(server.requests.first?.target.contains("resolution_status=pending&namespace=shop") == true)
            let run = await place.run(all + ["--reason", "back", "--yes"])
            #expect(run.output == "\(Self.id)  replayed\n")
            #expect(server.requests.last?.json == ["reason": "back", "by": "tester"])
        }
    }

    // MARK: - Templates, pictures, why

    @Test func aDryRunChecksTheInputAndCreatesNothing() async throws {
        let template = #"{"version":"2.0.0","input_schema":{"type":"object","required":["order_id"]}}"#
        try await Self.serving(.json(200, template)) { server in
            let place = Self.place()
            let bad = await place.run("task", "create", "shop/order", "--dry-run", "--server", server.url)
            #expect(bad.status == .failure && bad.output.contains("order_id"))
            let good = await place.run(
                "task", "create", "shop/order", "--dry-run", "--set", "order_id=1", "--server", server.url)
            #expect(good.status == .ok && good.output == "shop/order@2.0.0: the input is valid\n")
            #expect(server.requests.allSatisfy { $0.method == "GET" })
        }
    }

    @Test func templatesAreRegisteredInTheirCanonicalForm() async throws {
        try await Self.serving(.json(201, #"{"namespace":"default","name":"hello","hash":"abc","findings":[]}"#)) {
            server in
            let place = Self.place()
            await place.run(
                "template", "generate", "task_template", "--plugin", "tasker-contrib-python", "--param", "name=Hello")
            let run = await place.run("template", "register", "hello.yaml", "--server", server.url)
            #expect(run.status == .ok, "\(run.errors)")
            #expect(run.output.contains("registered"))
            #expect(server.requests.first?.json?["name"] == "hello")
            try place.write("bad.yaml", "name: x\nnope: 1\n")
            #expect(await place.run("template", "register", "bad.yaml", "--server", server.url).status == .failure)
            #expect(server.requests.count == 1)
        }
    }

    @Test func picturesComeFromTheServer() async throws {
        try await Self.serving({ request in
            request.path.hasSuffix("graph")
                ? .text(200, "graph TD\n", type: "text/vnd.mermaid") : .json(200, "[\(Self.step)]")
        }) { server in
            let place = Self.place()
            #expect(
                await place.run("task", "visualize", Self.id, "-f", "mermaid", "--server", server.url).output
                    == "graph TD\n")
            #expect(server.requests.first?.target == "/v1/tasks/\(Self.id)/graph?format=mermaid")
            let page = await place.run("task", "visualize", Self.id, "-o", "page.md", "--server", server.url)
            #expect(page.output == "wrote page.md\n")
            let text = try place.read("page.md")
            #expect(text.contains("| charge | complete | 1/3 |"))
            #expect(
                await place.run("task", "visualize", Self.id, "-f", "ascii", "--server", server.url).output
                    == "charge [complete]\n")
        }
    }

    @Test func whyIsOneSentenceReasonsAndCommands() async throws {
        let body =
            #"{"state":"enqueued","verdict":"queued_no_consumer","summary":"No worker takes from queue shop.","since":"2023-11-14T22:10:20.000Z","reasons":[{"code":"c","message":"queue shop has 0 consumers"}],"next":{"what":"nothing by itself","at":null},"suggestions":[{"text":"start a worker","command":"tasker-ctl worker list","request":null}]}"#
        try await Self.serving(.json(200, body)) { server in
            let run = await Self.place().run("why", Self.id, "--server", server.url)
            #expect(
                run.output == """
                    No worker takes from queue shop.
                    enqueued, queued_no_consumer (3m ago)

                      - queue shop has 0 consumers

                    Next: nothing by itself

                    What you can do:
                      start a worker
                        tasker-ctl worker list

                    """)
        }
    }
}
