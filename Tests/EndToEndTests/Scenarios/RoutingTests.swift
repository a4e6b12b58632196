import Foundation
import TaskerProtocol
import Testing

extension EndToEnd {
    /// Work comes before any worker of a language does; the API says who is missing, and everything goes on by itself.
    @Test func aThousandStepsWaitForAFleetThatIsNotThereYet() async throws {
        try await TaskerSystem.run { system in
            try await system.register(
                "mixed",
                [StepSpec(name: "first", handler: "test.record")]
                    + (1...50).map { StepSpec(name: "wide_\($0)", handler: "python.record", after: ["first"]) })
            let context: JSONValue = ["record_path": .string(system.recordPath)]
            // Before the first task: Swift. After it: Python.
            try await system.startWorker(.swift)
            let tasks = try await system.create(20, "mixed", context)
            try await eventually("a thousand steps wait for a route") {
                let steps = try await concurrently(tasks) { try await system.steps($0) }
                return steps.joined().count { $0["held"] == "no_route" } == 1000
            }
            let held = try await system.step(tasks[0], "wide_1")
            #expect(held.text("held_reason").contains("python.record"), "\(held.canonicalText)")
            #expect(held.integer("attempts") == 0)
            let missing = try #require(try await system.route("python.record"))
            #expect(missing.text("source") == "none")
            #expect(missing["notes"]?.canonicalText.contains("no worker has announced handler python.record") == true)
            let known = try #require(try await system.route("test.record"))
            #expect(known.text("source") == "announced")
            #expect(known["queues"]?[0]?.text("queue") == "e2e.swift")

            try await system.startWorker(.python)
            try await system.waitUntilComplete(20)
            try await system.verify(tasks)
            #expect(try await system.route("python.record")?["queues"]?[0]?["languages"] == ["python"])
        }
    }

    /// The queue stays the fleet's while nobody consumes it, and says so.
    @Test(arguments: Language.allCases)
    func stepsWaitInTheQueueOfAFleetThatHasLeft(_ language: Language) async throws {
        try await TaskerSystem.run { system in
            try await system.register("single", [StepSpec(name: "only", handler: language.handler("record"))])
            let worker = try await system.startWorker(language)
            #expect(try await worker.stop() == .status(0))
            let tasks = try await system.create(100, "single", ["record_path": .string(system.recordPath)])
            try await eventually("a hundred messages wait without a consumer") {
                guard let queue = try await system.queue("e2e.\(language.rawValue)") else { return false }
                return queue.integer("ready") == 100 && queue.integer("consumers") == 0
            }
            let queue = try #require(try await system.queue("e2e.\(language.rawValue)"))
            let notes = queue["notes"]?.canonicalText ?? ""
            #expect(notes.contains("no consumer") && notes.contains(language.handler("record")), "\(notes)")
            #expect(queue.integer("live_workers") == 0)
            try await system.startWorker(language)
            try await system.waitUntilComplete(100)
            try await system.verify(tasks, once: [])
            #expect(system.starts.count == 100)
        }
    }
}

extension TaskerSystem {
    func route(_ callable: String) async throws -> JSONValue? {
        let routes = try await http.get("/v1/routes?namespace=\(Self.namespace)")["routes"]?.arrayValue ?? []
        return routes.first { $0.text("callable") == callable }
    }

    func queue(_ name: String) async throws -> JSONValue? {
        let queues = try await http.get("/v1/queues")["queues"]?.arrayValue ?? []
        return queues.first { $0.text("queue") == name }
    }
}
