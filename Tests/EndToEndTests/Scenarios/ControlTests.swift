import Foundation
import TaskerProtocol
import TaskerTemplates
import Testing

/// `tasker-ctl` as a process, against real servers.
extension EndToEnd {
    @Suite(.serialized)
    struct Control {
        /// A complete task, and one that is blocked and has a dead letter.
        private static func withTasks(
            _ body: (TaskerSystem, _ complete: String, _ blocked: String) async throws -> Void
        ) async throws {
            try await TaskerSystem.run { system in
                try await system.register(
                    "pair",
                    [
                        StepSpec(name: "first", handler: "test.echo"),
                        StepSpec(name: "second", handler: "test.noop", after: ["first"]),
                    ])
                try await system.register(
                    "broken", [StepSpec(name: "only", handler: "test.fail", settings: ["retryable": false])])
                try await system.register(
                    "slow",
                    [
                        StepSpec(
                            name: "only", handler: "test.sleep", settings: ["milliseconds": 600_000],
                            timeoutSeconds: 900)
                    ])
                try await system.startWorker(.swift)
                let complete = try await system.create(
                    "pair", ["name": "x: y # \"ü\"", "big": 9_007_199_254_740_993, "half": 0.5])
                let blocked = try await system.create("broken")
                try await system.waitUntil(complete, is: "complete")
                try await system.waitUntil(blocked, is: "blocked_by_failures")
                try await eventually("the dead letter is there") {
                    try await system.http.get("/v1/dlq").arrayValue?.count == 1
                }
                try await body(system, complete, blocked)
            }
        }

        // MARK: - Output

        private struct Reading {
            var arguments: [String]
            var path: String
            /// The member that holds the items of a list; empty: the body is the list; nil: one object.
            var list: String?
        }

        private static func readings(_ complete: String, _ blocked: String, _ worker: String, _ entry: String)
            -> [Reading]
        {
            [
                Reading(arguments: ["task", "get", complete], path: "/v1/tasks/\(complete)"),
                Reading(arguments: ["task", "get", blocked], path: "/v1/tasks/\(blocked)"),
                Reading(
                    arguments: ["task", "list", "-n", "e2e"], path: "/v1/tasks?namespace=e2e&per_page=20", list: "tasks"
                ),
                Reading(
                    arguments: ["task", "list", "-s", "complete", "-l", "5"],
                    path: "/v1/tasks?status=complete&per_page=5",
                    list: "tasks"),
                Reading(arguments: ["task", "list", "--all"], path: "/v1/tasks?per_page=100", list: "tasks"),
                Reading(
                    arguments: ["task", "steps", complete], path: "/v1/tasks/\(complete)/workflow_steps", list: ""),
                Reading(
                    arguments: ["task", "step", complete, "first"], path: "/v1/tasks/\(complete)/workflow_steps/first"),
                Reading(
                    arguments: ["task", "step-audit", complete, "first"],
                    path: "/v1/tasks/\(complete)/workflow_steps/first/audit", list: ""),
                Reading(
                    arguments: ["task", "visualize", complete, "-f", "json"],
                    path: "/v1/tasks/\(complete)/graph?format=json"),
                Reading(arguments: ["why", complete], path: "/v1/tasks/\(complete)/why"),
                Reading(arguments: ["why", blocked + "/only"], path: "/v1/tasks/\(blocked)/steps/only/why"),
                Reading(arguments: ["queue", "list"], path: "/v1/queues", list: "queues"),
                Reading(arguments: ["worker", "list"], path: "/v1/workers", list: "workers"),
                Reading(arguments: ["worker", "status", worker], path: "/v1/workers/\(worker)"),
                Reading(arguments: ["route", "list"], path: "/v1/routes", list: "routes"),
                Reading(arguments: ["dlq", "list"], path: "/v1/dlq?limit=50", list: ""),
                Reading(arguments: ["dlq", "get", entry], path: "/v1/dlq/entry/\(entry)"),
                Reading(arguments: ["dlq", "get", blocked], path: "/v1/dlq/task/\(blocked)"),
                Reading(arguments: ["dlq", "stats"], path: "/v1/dlq/stats", list: ""),
                Reading(arguments: ["system", "health"], path: "/health/detailed"),
                Reading(arguments: ["system", "info"], path: "/health/detailed"),
                Reading(
                    arguments: ["template", "list", "--server-templates"], path: "/v1/templates", list: "templates"),
                Reading(arguments: ["template", "info", "e2e/pair"], path: "/v1/templates/e2e/pair/latest"),
                Reading(arguments: ["template", "info", "e2e/pair@1.0.0"], path: "/v1/templates/e2e/pair/1.0.0"),
            ]
        }

        /// What differs from one answer to the next.
        private static let clocks: Set<String> = [
            "timestamp", "checked_at", "uptime_seconds", "duration_ms", "last_seen_at", "oldest_age_seconds",
            "publish_rate", "deliver_rate",
        ]

        private static func still(_ value: JSONValue) -> JSONValue {
            switch value {
            case .array(let items): .array(items.map { still($0) })
            case .object(let members):
                .object(Dictionary(uniqueKeysWithValues: members.map { ($0, clocks.contains($0) ? .null : still($1)) }))
            default: value
            }
        }

        /// Values without places; the parser of templates reads YAML, and was not made for this output.
        private static func plain(_ value: DocumentTools.Value) -> JSONValue {
            switch value.content {
            case .scalar(let value): value
            case .list(let items): .array(items.map { plain($0) })
            case .table(let members): .object(Dictionary(members.map { ($0.key, plain($0.value)) }) { $1 })
            }
        }

        @Test(
            "-o json is the body of the API for every reading command, jsonl and yaml hold the same, nothing tells a secret"
        )
        func formats() async throws {
            try await Self.withTasks { system, complete, blocked in
                let workers = try await system.http.get("/v1/workers")["workers"]?.arrayValue
                let worker = try #require(workers?.first?.text("worker_id"))
                let entry = try #require(try await system.http.get("/v1/dlq")[0]?.text("dlq_entry_uuid"))
                for reading in Self.readings(complete, blocked, worker, entry) {
                    let name = reading.arguments.joined(separator: " ")
                    func run(_ format: String) async throws -> ControlRun {
                        let isPicture = reading.arguments.contains("visualize")
                        let words = reading.arguments + (isPicture ? [] : ["-o", format]) + ["-vv"]
                        let run = try await system.control(words, environment: TaskerSystem.secrets)
                        #expect(run.exit == .status(0), "\(name): \(run.errors)")
                        for secret in TaskerSystem.secrets.values {
                            #expect(!(run.output + run.errors).contains(secret), "\(name)")
                        }
                        #expect(!(run.output + run.errors).contains("secret-"), "\(name)")
                        return run
                    }
                    // Queues and workers change at times of their own.
                    try await eventually("'\(name) -o json' is GET \(reading.path)") {
                        let body = Self.still(try await system.http.get(reading.path))
                        let printed = Self.still(try await run("json").json())
                        if printed == body { return true }
                        throw Failure("printed \(printed.canonicalText)\nserver  \(body.canonicalText)")
                    }
                    if reading.arguments.contains("visualize") { continue }
                    try await eventually("'\(name) -o yaml' and jsonl hold the same") {
                        let body = Self.still(try await system.http.get(reading.path))
                        let (yaml, findings) = DocumentTools.yaml(
                            Array(try await run("yaml").output.utf8), file: "output")
                        guard let yaml, findings.isEmpty else { throw Failure("no YAML: \(findings)") }
                        guard Self.still(Self.plain(yaml)) == body else {
                            throw Failure("\(Self.plain(yaml).canonicalText)\nserver \(body.canonicalText)")
                        }
                        let lines = try await run("jsonl").lines.map { try JSONValue(parsing: $0, limits: .message) }
                        let items =
                            reading.list.map { ($0.isEmpty ? body : body[$0] ?? .null).arrayValue ?? [] } ?? [body]
                        return lines.map { Self.still($0) } == items
                    }
                    let table = try await run("table")
                    #expect(!table.output.isEmpty && !(table.output + table.errors).contains("\u{1B}"), "\(name)")
                    let names = try await run("name").lines
                    #expect(!names.isEmpty && names.allSatisfy { !$0.contains(" ") }, "\(name): \(names)")
                }
                try await Self.loops(system, complete, blocked)
            }
        }

        private static func loops(_ system: TaskerSystem, _ complete: String, _ blocked: String) async throws {
            let all = try await system.shell(
                "set -euo pipefail; tasker-ctl task list -n e2e -o name | xargs -n 1 tasker-ctl task get -o name")
            #expect(all.exit == .status(0) && Set(all.lines) == [complete, blocked], "\(all)")
            let steps = try await system.shell(
                "set -euo pipefail; for step in $(tasker-ctl task steps \(complete) -o name); do tasker-ctl task step \(complete) $step -o name; done"
            )
            #expect(steps.lines == ["first", "second"], "\(steps)")
            let letters = try await system.shell(
                "tasker-ctl dlq list -s pending -o name | xargs -n 1 tasker-ctl dlq get -o jsonl")
            #expect(try letters.json().text("task_uuid") == blocked)
            let templates = try await system.shell(
                "tasker-ctl template list --server-templates -o name | xargs -n 1 tasker-ctl template info -o name")
            #expect(Set(templates.lines) == ["e2e/pair@1.0.0", "e2e/broken@1.0.0", "e2e/slow@1.0.0"], "\(templates)")
        }

        // MARK: - Exit statuses

        @Test("each exit status of the contract, in a script")
        func statuses() async throws {
            try await Self.withTasks { system, complete, blocked in
                func expect(
                    _ status: Int32, _ arguments: String..., errors: String = "",
                    sourceLocation: SourceLocation = #_sourceLocation
                ) async throws {
                    let run = try await system.control(arguments)
                    #expect(
                        run.exit == .status(status) && (errors.isEmpty || run.errors.contains(errors)),
                        "\(arguments): \(run)",
                        sourceLocation: sourceLocation)
                }
                try await expect(0, "task", "get", complete)
                try await expect(0, "system", "health")
                try await expect(0, "task", "create", "e2e/pair", "--wait")
                try await expect(0, "task", "watch", complete)
                let file = system.directory.appendingPathComponent("bad.yaml")
                try "name: x\nsteps: 1\n".write(to: file, atomically: true, encoding: .utf8)
                try await expect(1, "template", "validate", file.path)
                try await expect(1, "task", "retry", complete, errors: "error: ")
                try await expect(2, "task", "create", "e2e/broken", "--wait", errors: "")
                try await expect(2, "task", "watch", blocked)
                let unknown = "01900000-0000-7000-8000-000000000000"
                for command in [
                    ["task", "get", unknown], ["task", "watch", unknown], ["task", "step", complete, "third"],
                    ["worker", "status", "nobody"],
                    ["template", "info", "e2e/nothing"], ["task", "create", "e2e/nothing"], ["dlq", "get", unknown],
                    ["why", complete + "/third"],
                ] {
                    let run = try await system.control(command)
                    #expect(run.exit == .status(3) && run.errors.hasPrefix("error: "), "\(command): \(run)")
                }
                try await expect(5, "task", "create", "e2e/slow", "--wait", "--timeout", "1s", errors: "still goes on")
                try await expect(64, "task", "list", "--nmespace", "x", errors: "did you mean '--namespace'?")
                try await Self.interrupted(system)
                try await Self.closedPipe(system, complete)
                try await Self.withoutServer(system, complete)
            }
        }

        private static func interrupted(_ system: TaskerSystem) async throws {
            let task = try await system.create("slow")
            let watch = try system.startControl("watch", "task", "watch", task)
            try await eventually("it watches") { watch.output.contains("in_progress") }
            watch.send(SIGINT)
            #expect(try await watch.waitForEnd() == .status(130))
            #expect(watch.output.contains("error: interrupted; task \(task) goes on\n"), "\(watch.output)")
            #expect(watch.output.contains("hint: follow it with 'tasker-ctl task watch \(task)'\n"))
            let status = try await system.status(task)
            #expect(status != "cancelled" && status != "complete")
            // Bulk actions: first what would happen, then a question that nobody answers, then the deed.
            let dry = try await system.control("task", "cancel", task, "--dry-run")
            #expect(dry.exit == .status(0) && dry.output.hasSuffix("would be cancelled\n"), "\(dry)")
            #expect(try await system.control("task", "cancel", task).exit == .status(64))
            #expect(try await system.status(task) == status)
            let done = try await system.control("task", "cancel", task, "--yes", "--wait", "-o", "json")
            #expect(done.exit == .status(0))
            #expect(try done.json().text("status") == "cancelled")
        }

        /// A reader that has gone ends the program without a word.
        private static func closedPipe(_ system: TaskerSystem, _ complete: String) async throws {
            let script = """
                exec 3> >(true)
                wait $!
                for command in "task get \(complete)" "task list -o jsonl" "task watch \(complete)" "template list"; do
                    tasker-ctl $command >&3
                    echo "$?"
                done
                """
            let run = try await system.shell(script)
            #expect(run.lines == ["0", "0", "0", "0"] && run.errors.isEmpty, "\(run)")
        }

        private static func withoutServer(_ system: TaskerSystem, _ complete: String) async throws {
            let address = try system.http.base
            let slow = try await system.create("slow")
            // Who watches while the server is away goes on when it is back.
            let watch = try system.startControl("second-watch", "task", "watch", slow, "-v")
            try await eventually("it watches") { watch.output.contains("in_progress") }
            let orchestrator = try system.orchestrator
            try await orchestrator.stop()
            let gone = try await system.control("task", "get", complete)
            #expect(gone.exit == .status(6) && gone.errors.contains("hint: is the orchestrator running?"), "\(gone)")
            let create = try await system.control("task", "create", "e2e/pair", "--wait", "--timeout", "5s")
            #expect(create.exit == .status(6), "\(create)")
            #expect(try await system.control("system", "health").exit == .status(6))
            let late = try await system.control("task", "watch", slow, "--timeout", "2s")
            #expect(late.exit == .status(6), "\(late)")
            try await eventually("it has noticed") { watch.output.contains("the server is away") }
            try await system.startOrchestrator(["TASKER_WEB_BIND_ADDRESS": String(address.dropFirst("http://".count))])
            _ = try await system.control("task", "cancel", slow, "--yes")
            #expect(try await watch.waitForEnd() == .status(2))
            #expect(watch.output.contains("-> cancelled"), "\(watch.output)")
        }
    }
}
