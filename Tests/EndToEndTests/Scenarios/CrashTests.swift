import Foundation
import TaskerProtocol
import Testing

extension EndToEnd {
    /// Four steps in a row, alternating between the languages.
    private var linear: [StepSpec] {
        [
            StepSpec(name: "one", handler: "test.record"),
            StepSpec(name: "two", handler: "python.record", after: ["one"]),
            StepSpec(name: "three", handler: "test.record", after: ["two"]),
            StepSpec(name: "four", handler: "python.record", after: ["three"]),
        ]
    }

    @Test func theOrchestratorIsKilledInTheMiddleOfFiveHundredTasks() async throws {
        try await TaskerSystem.run { system in
            try await system.register("linear", linear)
            try await system.register(
                "careful",
                linear.map { step in
                    var step = step
                    step.retryable = false
                    return step
                })
            for language in Language.allCases { try await system.startWorker(language) }
            let context: JSONValue = ["record_path": .string(system.recordPath)]
            async let ordinary = system.create(500, "linear", context)
            async let careful = system.create(50, "careful", context)
            try await eventually("a third of the steps has been started") { system.starts.count > 700 }
            try await system.orchestrator.crash()
            let before = system.starts.count
            #expect(before < 2100, "it was killed too late to show anything")
            try await system.startOrchestrator()
            let tasks = try await ordinary
            let once = try await careful

            try await eventually("every task rests", within: .seconds(180)) {
                try await system.count("complete", "blocked_by_failures") == 550
            }
            let rows = try await system.verify(tasks)
            for task in tasks { #expect(rows.count { $0.text("task_uuid") == task } >= 4) }
            for status in try await concurrently(tasks, { try await system.status($0) }) {
                #expect(status == "complete")
            }
            // What may not repeat and was in doubt ends in `error` for an operator; nothing of it was started twice.
            try await system.verify(once, once: ["one", "two", "three", "four"])
            for step in try await concurrently(once, { try await system.steps($0) }).joined() {
                let state = step.text("current_state")
                #expect(["complete", "error", "pending"].contains(state), "\(step.brief)")
                if state == "error" { #expect(step["error"]?.text("error_type") == "dispatch_lost", "\(step.brief)") }
            }
        }
    }

    @Test func workersAreKilledWhileTheyRunSteps() async throws {
        try await TaskerSystem.run { system in
            try await system.register(
                "ordinary",
                [
                    StepSpec(name: "swift", handler: "test.record", settings: ["milliseconds": 400]),
                    StepSpec(name: "python", handler: "python.record", settings: ["milliseconds": 400]),
                    StepSpec(name: "join", handler: "test.record", after: ["swift", "python"]),
                ])
            // So long that only the death of its worker can end it.
            try await system.register(
                "careful",
                [
                    StepSpec(
                        name: "swift", handler: "test.record", settings: ["milliseconds": 600_000], retryable: false),
                    StepSpec(
                        name: "python", handler: "python.record", settings: ["milliseconds": 600_000], retryable: false),
                ])
            let context: JSONValue = ["record_path": .string(system.recordPath)]
            let workers = try await concurrently(Language.allCases) { try await system.startWorker($0) }
            let careful = try await system.create(4, "careful", context)
            try await eventually("the careful steps run") { system.starts.count == 8 }
            let tasks = try await system.create(40, "ordinary", context)
            try await eventually("both workers are busy with ordinary steps") {
                workers.allSatisfy { worker in system.starts.count { $0.pid == Int(worker.pid) } > 12 }
            }
            for worker in workers { try await worker.crash() }
            for language in Language.allCases {
                try await system.startWorker(language, name: "second-\(language.rawValue)")
            }
            try await system.waitUntilComplete(tasks.count)
            let rows = try await system.verify(tasks)
            #expect(rows.contains { $0.text("disposition") == "abandoned" && $0.text("error_type") == "redelivered" })
            #expect(rows.contains { $0.text("disposition") == "automatic" && $0.text("error_type") == "worker_lost" })

            for task in careful { try await system.waitUntil(task, is: "blocked_by_failures") }
            let closings = try await system.verify(careful, once: ["swift", "python"])
            let lost = closings.filter { $0.text("disposition") == "automatic" }.map { $0.text("error_type") }
            #expect(lost == Array(repeating: "worker_lost", count: 8))
            for step in try await concurrently(careful, { try await system.steps($0) }).joined() {
                #expect(step.text("current_state") == "error", "\(step.brief)")
                #expect(step["error"]?.text("error_type") == "worker_lost", "\(step.brief)")
                #expect(system.starts.count { $0.step == step.text("step_uuid") } == 1)
            }
            for task in careful {
                #expect(try await system.http.get("/v1/dlq/task/\(task)").text("dlq_reason") == "PermanentFailure")
            }
        }
    }

    @Test(arguments: Language.allCases)
    func aStepThatKillsItsWorkerEndsAndItsNeighboursFinish(_ language: Language) async throws {
        try await TaskerSystem.run { system in
            let handler = language.handler("record")
            try await system.register(
                "killer", [StepSpec(name: "kill", handler: handler, settings: ["kill": true], attempts: 10)])
            try await system.register(
                "neighbour", [StepSpec(name: "work", handler: handler, settings: ["milliseconds": 100], attempts: 5)])
            let context: JSONValue = ["record_path": .string(system.recordPath)]
            try await system.withSupervised(language) {
                let neighbours = try await system.create(30, "neighbour", context)
                let killer = try await system.create("killer", context)
                let more = try await system.create(10, "neighbour", context)
                try await system.waitUntil(killer, is: "blocked_by_failures")
                try await system.waitUntilComplete(40)

                let step = try await system.step(killer, "kill")
                #expect(step.text("current_state") == "error")
                #expect(step["error"]?.text("error_type") == "worker_lost")
                #expect(step.integer("worker_losses") == 3)
                #expect(system.starts.count { $0.step == step.text("step_uuid") } == 3)
                #expect(try await system.http.get("/v1/dlq/task/\(killer)").text("dlq_reason") == "Poison")
                try await system.verify(neighbours + more + [killer])
                let closings = try await system.audit(killer, "kill").filter { $0.text("error_type") == "worker_lost" }
                #expect(closings.map { $0.integer("attempt") } == [1, 2, 3])
            }
        }
    }
}
