import Foundation
import TaskerMessaging
import TaskerProtocol
import Testing

extension EndToEnd {
    private static let bomb = """
        name: bomb
        namespace: e2e
        version: "1.0.0"
        metadata:
          a: &a [x, x, x, x, x, x, x, x, x, x]
          b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
          c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]
          d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]
          e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]
          f: [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]
        steps: []
        """
    private static let cycle = """
        name: cycle
        namespace: e2e
        version: "1.0.0"
        steps:
          - { name: a, handler: { callable: test.noop }, dependencies: [b] }
          - { name: b, handler: { callable: test.noop }, dependencies: [a] }
        """
    private static let duplicates = """
        name: duplicates
        namespace: e2e
        version: "1.0.0"
        steps:
          - name: a
            name: b
            handler: { callable: test.noop }
        """

    @Test func badRequestsAreRefusedAndNothingStops() async throws {
        try await TaskerSystem.run { system in
            let http = try system.http
            for (text, code) in [
                (Self.bomb, "YAML_ALIAS_BOMB"), (Self.cycle, "CYCLE_DETECTED"), (Self.duplicates, "DUPLICATE_KEY"),
            ] {
                let answer = try await http.send(
                    "POST", "/v1/templates", body: Data(text.utf8), contentType: "application/yaml")
                #expect(answer.status == 422, "\(code): \(answer.text.prefix(500))")
                let codes = answer.body["findings"]?.arrayValue?.map { $0.text("code") } ?? []
                #expect(codes.contains(code), "\(answer.text.prefix(500))")
                #expect(answer.headers["content-type"]?.hasPrefix("application/problem+json") == true)
            }
            let large = Data("{\"context\": {\"filler\": \"\(String(repeating: "x", count: 2 * 1024 * 1024))\"}}".utf8)
            for path in ["/v1/tasks", "/v1/templates"] {
                #expect(try await http.send("POST", path, body: large).status == 413)
            }
            let deep = "{\"context\":" + String(repeating: "[", count: 100) + String(repeating: "]", count: 100) + "}"
            let refused = try await http.send("POST", "/v1/tasks", body: Data(deep.utf8))
            #expect(refused.status == 400, "\(refused.text)")
            #expect(!refused.body.text("detail").isEmpty)

            try await system.expectThatWorkIsDone()
        }
    }

    @Test func badMessagesAreDeadLettersWithAReasonAndNothingStops() async throws {
        try await TaskerSystem.run { system in
            for language in Language.allCases { try await system.startWorker(language) }
            try await system.withWire { wire in
                let dead = try await wire.collect(.named(system.names.dead))
                func expect(_ reason: String, for text: String, on queue: String) async throws {
                    try await wire.publish(text, to: queue)
                    let copy = try await dead.wait(for: "a dead letter of \(queue)") {
                        $0.body == Array(text.utf8) || $0.header("x-tasker-reason") == "unknown_task"
                    }
                    #expect(copy.header("x-tasker-reason") == reason)
                    #expect(copy.header("x-tasker-origin") == queue)
                    #expect(!copy.header("x-tasker-detail").isEmpty)
                }
                try await expect("invalid_message", for: "this is no JSON 1", on: system.names.results(0))
                try await expect("invalid_message", for: "this is no JSON 2", on: system.names.requests)
                try await expect("invalid_message", for: "this is no JSON 3", on: system.names.workers)
                for language in Language.allCases {
                    let queue = system.names.steps("e2e.\(language.rawValue)")
                    try await expect("invalid_message", for: "this is no JSON for \(language)", on: queue)
                }
                let stray = StepResultMessage(
                    dispatchID: DispatchID(UUID().uuidString.lowercased()),
                    taskID: TaskID(UUID().uuidString.lowercased()),
                    stepID: StepID(UUID().uuidString.lowercased()), status: .completed)
                try await expect(
                    "unknown_task", for: String(decoding: stray.encoded(), as: UTF8.self), on: system.names.results(0))
            }
            try await system.expectThatWorkIsDone(workersRun: true)
        }
    }

    /// Somebody else has made the fleet's queue, with other arguments.
    @Test func aQueueWithOtherArgumentsIsNamedAndTheRestGoesOn() async throws {
        try await TaskerSystem.run { system in
            let names = system.names
            try await system.withWire { wire in
                for queue in ["e2e.taken", "e2e.taken2"] {
                    try await wire.declare([
                        .queue(name: names.steps(queue), arguments: ["x-queue-type": .string("classic")])
                    ])
                }
                for language in Language.allCases {
                    let worker = try await system.launchWorker(
                        language, queue: "e2e.taken", name: "refused-\(language.rawValue)")
                    #expect(try await worker.waitForEnd() == .status(2))
                    #expect(worker.output.contains(names.steps("e2e.taken")), "\(worker.output)")
                    #expect(
                        worker.output.contains("x-queue-type") || worker.output.contains("inequivalent"),
                        "\(worker.output)")
                }
            }
            try await system.register("stuck", [StepSpec(name: "only", handler: "whatever", queue: "e2e.taken2")])
            let stuck = try await system.create("stuck")
            try await eventually("the queue's fault is shown") {
                let notes = try await system.queue("e2e.taken2")?["notes"]?.canonicalText ?? ""
                return notes.contains("taken2") && notes.contains("argument")
            }
            #expect(try system.orchestrator.output.contains(names.steps("e2e.taken2")))
            try await system.expectThatWorkIsDone()
            #expect(try await system.status(stuck) != "complete")
        }
    }

    @Test func aCallableOfThreeHundredCharactersRuns() async throws {
        try await TaskerSystem.run { system in
            let base = "Größe::Modul.Ünïcode::日本語."
            let callable = base + String(repeating: "x", count: 300 - base.count)
            #expect(callable.count == 300)
            try await system.register("long", [StepSpec(name: "only", handler: callable)])
            let task = try await system.create("long")
            try await eventually("the API names the handler that is missing") {
                try await system.route(callable)?.text("source") == "none"
            }
            try await system.startWorker(.python)
            try await system.waitUntil(task, is: "complete")
            #expect(try await system.step(task, "only")["results"]?["result"] == ["characters": 300])
            try await system.verify([task], records: false)
        }
    }
}

extension TaskerSystem {
    /// After everything that went wrong an ordinary task runs.
    func expectThatWorkIsDone(workersRun: Bool = false) async throws {
        if !workersRun {
            for language in Language.allCases { try await startWorker(language, name: "after-\(language.rawValue)") }
        }
        try await register(
            "ordinary",
            [
                StepSpec(name: "one", handler: "test.record"),
                StepSpec(name: "two", handler: "python.record", after: ["one"]),
            ])
        let task = try await create("ordinary", ["record_path": .string(recordPath)])
        try await waitUntil(task, is: "complete")
        try await verify([task])
    }
}
