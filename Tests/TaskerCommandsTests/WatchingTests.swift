import Foundation
import Synchronization
import TaskerProtocol
import Testing

@testable import TaskerCommands

/// `task watch` and `--wait`: events, polling, what is drawn.
@Suite struct WatchingTests {
    private static let id = OnlineTests.id

    private static func event(
        _ number: Int, _ type: String, step: String? = "charge", _ from: String, _ to: String,
        at: String = "2023-11-14T22:10:30.000Z"
    ) -> String {
        let name = step.map { #","step_uuid":"s1","step_name":"\#($0)","attempt":1"# } ?? ""
        let data =
            #"{"seq":\#(number),"type":"\#(type)","at":"\#(at)","task_uuid":"\#(id)"\#(name),"from_state":"\#(from)","to_state":"\#(to)"}"#
        return "id: \(number)\nevent: \(type)\ndata: \(data)\n\n"
    }

    // MARK: - The stream

    @Test(arguments: [1, 2, 3, 7, 1000])
    func aStreamIsReadHoweverItsBytesAreCut(size: Int) throws {
        let text =
            "retry: 2000\n\n: still here\n\nid: 7\nevent: a\r\ndata: {\"x\":\r\ndata: \"\u{E4}\"}\r\n\r\nid: 8\rdata\r\rdata: last\n\nunfinished"
        let bytes = Array(text.utf8)
        var parser = EventStreamParser()
        var pieces: [EventStreamParser.Piece] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            pieces += try parser.take(bytes[start..<min(start + size, bytes.count)])
        }
        #expect(
            pieces == [
                .sign, .sign, .message(EventMessage(id: "7", name: "a", data: "{\"x\":\n\"\u{E4}\"}")),
                .message(EventMessage(id: "8", name: "message", data: "")),
                .message(EventMessage(id: "8", name: "message", data: "last")),
            ])
    }

    @Test func aLineWithoutEndIsRefused() {
        var parser = EventStreamParser()
        #expect(throws: CommandError.self) {
            _ = try parser.take([UInt8](repeating: 0x61, count: EventStreamParser.lineLimit + 1))
        }
    }

    /// A connection that breaks goes on after the last event it gave.
    private static func restarting(_ body: (FakeServer) async throws -> Void) async throws {
        let connections = Mutex(0)
        try await OnlineTests.serving(
            { request in
                if request.method == "POST" { return .json(201, OnlineTests.task("pending")) }
                guard request.path == "/v1/events" else {
                    let isDone = connections.withLock { $0 } > 1
                    if !request.path.hasSuffix("/summary") { return .json(200, OnlineTests.task("complete")) }
                    return .json(
                        200,
                        isDone
                            ? OnlineTests.summary("complete", "complete", at: "2023-11-14T22:10:31.000Z")
                            : OnlineTests.summary("steps_in_process"))
                }
                let number = connections.withLock { count in
                    count += 1
                    return count
                }
                if number == 1 {
                    // The first one is older than what the summary shows.
                    let old = event(4, "step.started", "enqueued", "in_progress", at: "2023-11-14T22:10:19.000Z")
                    let new = event(5, "step.retry_scheduled", "in_progress", "waiting_for_retry")
                    return .events([old, new], staysOpen: false)
                }
                let last = [
                    event(6, "step.started", "enqueued", "in_progress"),
                    event(7, "step.completed", "in_progress", "complete"),
                    event(
                        8, "task.completed", step: nil, "evaluating_results", "complete", at: "2023-11-14T22:10:31.000Z"
                    ),
                    "event: end\ndata: {}\n\n",
                ]
                return .events(last, staysOpen: true)
            }, body)
    }

    @Test func watchPrintsALineForEachEventAndGoesOnAfterABreak() async throws {
        try await Self.restarting { server in
            let run = await OnlineTests.place().run(
                "task", "watch", Self.id, "--timeout", "300s", "--server", server.url)
            #expect(run.status == .ok, "\(run.errors)")
            let streams = server.requests.filter { $0.path == "/v1/events" }
            #expect(streams.first?.target == "/v1/events?task_uuid=\(Self.id)")
            #expect(streams.first?.headers["accept"] == "text/event-stream")
            #expect(streams.first?.headers["last-event-id"] == nil)
            #expect(streams.dropFirst().first?.headers["last-event-id"] == "5")
            let lines = run.output.split(separator: "\n")
            #expect(lines.prefix(3) == ["check  complete", "charge  in_progress", "task  steps_in_process"])
            #expect(
                lines.contains("task  evaluating_results -> complete")
                    || lines.last == "task  steps_in_process -> complete")
            #expect(
                !lines.contains("charge  enqueued -> in_progress")
                    || lines.contains("charge  in_progress -> waiting_for_retry"))
            #expect(Set(lines).count == lines.count, "\(lines)")
        }
    }

    @Test(arguments: ["json", "jsonl"])
    func watchGivesALineOfJSONForEachEvent(format: String) async throws {
        try await Self.restarting { server in
            let run = await OnlineTests.place().run(
                "task", "watch", Self.id, "-o", format, "--timeout", "300s", "--server", server.url)
            #expect(run.status == .ok, "\(run.errors)")
            let objects = try run.output.split(separator: "\n").map { try JSONText.parse(String($0)) }
            #expect(objects.allSatisfy { $0["type"]?.stringValue != nil })
            #expect(objects.last?["to_state"] == "complete")
        }
    }

    @Test func waitingFollowsTheEvents() async throws {
        try await Self.restarting { server in
            let run = await OnlineTests.place().run(
                "task", "create", "shop/order", "--wait", "--timeout", "300s", "-o", "name", "--server", server.url)
            #expect(run.status == .ok && run.output == Self.id + "\n", "\(run.errors)")
            #expect(server.requests.contains { $0.path == "/v1/events" && $0.headers["last-event-id"] == "5" })
        }
    }

    @Test func withoutEventsItAsksAgainAndAgain() async throws {
        let count = Mutex(0)
        try await OnlineTests.serving({ request in
            if request.path == "/v1/events" {
                return .problem(403, code: "FORBIDDEN", detail: "tasks:list is missing.")
            }
            let number = count.withLock { count in
                count += 1
                return count
            }
            return .json(
                200,
                number < 2
                    ? OnlineTests.summary("steps_in_process") : OnlineTests.summary("blocked_by_failures", "error"))
        }) { server in
            let run = await OnlineTests.place().run("task", "watch", Self.id, "--server", server.url)
            #expect(run.status == .taskFailed, "\(run.errors)")
            #expect(
                run.output == """
                    check  complete
                    charge  in_progress
                    task  steps_in_process
                    charge  in_progress -> error
                    task  steps_in_process -> blocked_by_failures

                    """)
            #expect(server.requests.count { $0.path == "/v1/events" } == 1)
        }
    }

    @Test func aServerThatIsAwayAtTheEndOfTheTimeIsUnreachable() throws {
        let place = OnlineTests.place()
        var global = GlobalOptions()
        global.timeout = .milliseconds(1)
        let host = Host(
            environment: place.environment, workingDirectory: place.path, userName: "tester", output: CapturedText(),
            errors: CapturedText(), readInput: { [] }, now: { 0 })
        let context = CommandContext(
            host: host, global: global, settings: try SettingsResolver.resolve(global, host: host),
            printer: Printer(host: host, global: global), commandPath: [])
        let follower = TaskFollower(id: Self.id, client: try APIClient(context), context: context)
        let deadline = try #require(follower.client.deadline)
        while ContinuousClock.now < deadline {}
        var patience = Patience(follower)
        func status(_ body: () throws -> Void) -> TaskerCommands.ExitStatus? {
            do { try body() } catch { return (error as? CommandError)?.status }
            return nil
        }
        #expect(status { try patience.check() } == .timeout)
        let away = CommandError(.unreachable, code: "unreachable", "nobody listens there", hint: "start it")
        #expect(
            throws: CommandError(
                .unreachable, code: "unreachable", "nobody listens there",
                hint: "start it\nwhen it is back: 'tasker-ctl task watch \(Self.id)'")
        ) { try patience.bear(away) }
        // What the end of the time has cut off says nothing new about the server.
        let cut = CommandError(.timeout, code: "timeout", "no answer in time")
        #expect(status { try patience.bear(cut) } == .unreachable)
        patience.restore()
        #expect(status { try patience.bear(cut) } == .timeout)
        #expect(status { try patience.bear(.notFound("no such task")) } == .notFound)
    }

    // MARK: - What changed

    @Test func eachChangeIsToldOnce() throws {
        var changes = TaskChanges()
        func take(_ text: String) throws -> String? { changes.take(event: try JSONText.parse(text))?.text }
        let first = try JSONText.parse(OnlineTests.summary("steps_in_process"))
        #expect(changes.take(summary: first).count == 3)
        #expect(changes.take(summary: first).isEmpty)
        let at = "2023-11-14T22:10:21.000Z"
        // What the summary holds already, from before it and of the same moment.
        #expect(
            try take(
                #"{"type":"step.started","at":"2023-11-14T22:10:20.999Z","step_name":"charge","from_state":"enqueued","to_state":"in_progress"}"#
            ) == nil)
        #expect(
            try take(
                #"{"type":"step.started","at":"\#(at)","step_name":"charge","from_state":"enqueued","to_state":"in_progress"}"#
            ) == nil)
        let later = "2023-11-14T22:10:22.000Z"
        #expect(
            try take(
                #"{"type":"step.failed","at":"\#(later)","step_name":"charge","from_state":"in_progress","to_state":"error","attempt":3,"detail":"card\u001b[2J_declined"}"#
            )
                == "charge  in_progress -> error  attempt 3  card[2J_declined")
        #expect(
            try take(
                #"{"type":"step.checkpointed","at":"\#(later)","step_name":"batch","from_state":"in_progress","to_state":"in_progress"}"#
            )
                == "batch  step.checkpointed")
        #expect(
            try take(
                #"{"type":"task.failed","at":"\#(later)","from_state":"steps_in_process","to_state":"error","detail":"GaveUp"}"#
            )
                == "task  steps_in_process -> error")
        let last = try JSONText.parse(OnlineTests.summary("error", "error", at: later))
        #expect(changes.take(summary: last).isEmpty)
    }

    // MARK: - What is drawn

    @Test func aTerminalGetsATreeDrawnOverInPlace() async throws {
        let count = Mutex(0)
        try await OnlineTests.serving({ request in
            if request.path == "/v1/events" { return .problem(404, code: "NOT_FOUND", detail: "No.") }
            let number = count.withLock { count in
                count += 1
                return count
            }
            return .json(200, OnlineTests.summary(number < 2 ? "steps_in_process" : "complete"))
        }) { server in
            let run = await OnlineTests.place().run(
                ["task", "watch", Self.id, "--no-color", "--server", server.url], terminal: true,
                size: { TerminalSize(columns: 60, rows: 20) })
            #expect(run.status == .ok, "\(run.errors)")
            let frames = run.output.components(separatedBy: "\u{1B}[J").dropLast()
            #expect(frames.count > 1)
            #expect(frames.dropFirst().allSatisfy { $0.hasPrefix("\r\u{1B}[6A") })
            let plain = (frames.last ?? "").replacing("\u{1B}[K", with: "").replacing("\r\u{1B}[6A", with: "")
            let lines = plain.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            #expect(lines[0].hasPrefix("shop/order@1.0.0  \(Self.id)".prefix(59)))
            #expect(lines[1].hasPrefix("complete  [##########..........]  1/2 steps  00:00"))
            #expect(
                lines[3...5] == [
                    "STEP      STATE        ATTEMPTS  TIME   ERROR", "check     complete     1/3       120ms  -",
                    "  charge  in_progress  1/3       4s     -",
                ])
            // Nothing stays hidden, coloured or scrolled.
            let codes = run.output.replacing("\u{1B}[J", with: "").replacing("\u{1B}[K", with: "")
                .replacing("\u{1B}[6A", with: "")
            #expect(!codes.contains("\u{1B}"))
        }
    }

    @Test(arguments: [["NO_COLOR": "1"], ["TERM": "dumb"]])
    func withoutEscapesThereAreLines(environment: [String: String]) async throws {
        try await OnlineTests.serving({ request in
            request.path == "/v1/events"
                ? .problem(404, code: "NOT_FOUND", detail: "No.") : .json(200, OnlineTests.summary("error"))
        }) { server in
            var place = OnlineTests.place()
            place.environment.merge(environment) { $1 }
            let run = await place.run(["task", "watch", Self.id, "--server", server.url], terminal: true)
            #expect(run.status == .taskFailed)
            #expect(run.output.hasPrefix("check  complete\n"))
            #expect(!(run.output + run.errors).contains("\u{1B}"))
        }
    }

    @Test func aSmallTerminalShowsWhatMatters() throws {
        let steps = (0..<40).map { index -> JSONValue in
            let state = index == 20 ? "in_progress" : index < 20 ? "complete" : index == 35 ? "error" : "pending"
            return [
                "name": .string("step_\(index)"), "current_state": .string(state), "attempts": 1, "max_attempts": 3,
            ]
        }
        let summary: JSONValue = ["task": ["status": "steps_in_process", "total_steps": 40], "steps": .array(steps)]
        let page = TaskPage(summary, now: 0, style: Style(isOn: false))
        let lines = page.lines(elapsed: 3, columns: 40, rows: 10)
        #expect(lines.count == 10)
        #expect(lines.allSatisfy { $0.width <= 40 && $0.text.count == $0.width })
        let text = lines.map(\.text).joined(separator: "\n")
        #expect(text.contains("step_20 ") && text.contains("step_35 ") && text.contains("... and 35 more steps"))
        #expect(page.lines(elapsed: 3, columns: 40, rows: nil).count == 44)
    }

    @Test func depthsComeInAnyOrderAndEndSomewhere() throws {
        let summary: JSONValue = [
            "template": [
                "steps": [
                    ["name": "c", "dependencies": ["b", "a"]], ["name": "b", "dependencies": ["a"]],
                    ["name": "a", "dependencies": []], ["name": "x", "dependencies": ["y"]],
                    ["name": "y", "dependencies": ["x"]],
                ]
            ]
        ]
        let depths = StepDepths(summary)
        #expect(["a", "b", "c", "c_001", "other"].map { depths.depth(of: $0) } == [0, 1, 2, 2, 0])
        #expect(depths.depth(of: "x") <= StepDepths.limit)
    }

    @Test func theProgressLineNamesWhatRuns() throws {
        let summary = try JSONText.parse(OnlineTests.summary("steps_in_process"))
        #expect(ProgressLine.text(summary, now: 1_700_000_000) == "order 1/2 steps  running: charge (4s)")
    }
}
