import TaskerProtocol
import Testing

/// Batches: an analyzer, workers in parallel, an aggregate.
extension EndToEnd {
    @Suite(.serialized)
    struct Batches {
        private static func csv(
            _ language: Language, size: Int = 200, worker: [String: JSONValue] = [:], batch: [String: JSONValue] = [:]
        ) -> [StepSpec] {
            let other: Language = language == .swift ? .python : .swift
            return [
                StepSpec(
                    name: "analyze_csv", handler: language.handler("analyze"), settings: ["batch_size": .number(size)],
                    type: "batchable"),
                StepSpec(
                    name: "process_csv", handler: other.handler("batch"), after: ["analyze_csv"],
                    settings: .object(worker), attempts: 3, type: "batch_worker",
                    more: ["batch_config": .object(batch.merging(["parallelism": 5]) { own, _ in own })]),
                StepSpec(
                    name: "aggregate", handler: language.handler("aggregate"), after: ["analyze_csv", "process_csv"],
                    settings: ["prefix": "process_csv_"], type: "deferred_convergence"),
            ]
        }

        private static func run(
            _ steps: [StepSpec], rows: Int, _ check: (TaskerSystem, String) async throws -> Void
        ) async throws {
            try await TaskerSystem.run { system in
                try await system.register("csv", steps)
                try await system.startWorker(.swift)
                try await system.startWorker(.python, module: "workflow_handlers")
                let task = try await system.create("csv", ["rows": .number(rows)])
                try await check(system, task)
            }
        }

        @Test("a thousand rows, five workers and an aggregate", arguments: Language.allCases)
        func thousandRows(_ language: Language) async throws {
            try await Self.run(Self.csv(language), rows: 1000) { system, task in
                try await system.waitUntil(task, is: "complete")
                #expect(try await system.result(task, "aggregate") == ["total": 499_500, "rows": 1000, "workers": 5])
                let workers = (1...5).map { "process_csv_00\($0)" }
                #expect(Set(try await system.states(task).keys) == Set(workers + ["analyze_csv", "aggregate"]))
                let third = try await system.step(task, "process_csv_003")
                #expect(third.text("template_step_name") == "process_csv")
                #expect(third["results"]?["result"] == ["sum": 99_900, "rows": 200])
            }
        }

        @Test("an empty CSV: no worker, and an aggregate of nothing", arguments: Language.allCases)
        func empty(_ language: Language) async throws {
            try await Self.run(Self.csv(language), rows: 0) { system, task in
                try await system.waitUntil(task, is: "complete")
                #expect(try await system.result(task, "aggregate") == ["total": 0, "rows": 0, "workers": 0])
                #expect(Set(try await system.states(task).keys) == ["analyze_csv", "aggregate"])
            }
        }

        @Test("an empty CSV whose analyzer names its worker: one placeholder that does nothing")
        func placeholder() async throws {
            var steps = Self.csv(.python)
            steps[0].settings = ["batch_size": 10, "worker_template_name": "process_csv"]
            try await Self.run(steps, rows: 0) { system, task in
                try await system.waitUntil(task, is: "complete")
                #expect(try await system.result(task, "process_csv_000") == ["no_op": true, "sum": 0, "rows": 0])
            }
        }

        @Test(
            "checkpoints with an injected failure: the retry goes on where the last one was",
            arguments: Language.allCases)
        func checkpoints(_ language: Language) async throws {
            let steps = Self.csv(language, size: 100, worker: ["stride": 10, "fail_at": 50])
            try await Self.run(steps, rows: 100) { system, task in
                try await system.waitUntil(task, is: "complete")
                #expect(try await system.result(task, "aggregate") == ["total": 4950, "rows": 100, "workers": 1])
                let audit = try await system.audit(task, "process_csv_001")
                let checkpoints = audit.filter { $0.text("disposition") == "checkpoint" }
                // Five on the first attempt, up to row 50; four on the second, from there.
                #expect(checkpoints.map { $0.integer("attempt") } == [1, 1, 1, 1, 1, 2, 2, 2, 2])
                let step = try await system.step(task, "process_csv_001")
                #expect(step.integer("attempts") == 2)
                #expect(step["checkpoint"]?["cursor"] == 90)
            }
        }

        @Test("isolate: the aggregate runs without the workers that failed, and knows their names")
        func isolate() async throws {
            let steps = Self.csv(
                .swift, worker: ["broken": ["002"]], batch: ["failure_strategy": "isolate"])
            try await Self.run(steps, rows: 1000) { system, task in
                try await system.waitUntil(task, is: "complete")
                let workers = try await system.result(task, "aggregate")
                #expect(workers.integer("workers") == 4 && workers.integer("rows") == 800)
                let shown = try await system.task(task)
                #expect(shown.integer("failed_steps") == 1 && shown.integer("tolerated_steps") == 1)
                #expect(try await system.states(task)["process_csv_002"] == "error")
                let entry = try await system.http.get("/v1/dlq/task/\(task)")
                #expect(entry.text("resolution_status") == "ManuallyResolved")
            }
        }

        @Test("fail_fast: the others wait until an operator has mended the worker that failed")
        func failFast() async throws {
            let steps = Self.csv(
                .swift, size: 100, worker: ["broken": ["001"]],
                batch: ["failure_strategy": "fail_fast", "parallelism": 1])
            try await Self.run(steps, rows: 500) { system, task in
                try await system.waitUntil(task, is: "blocked_by_failures")
                let states = try await system.states(task)
                #expect(states["process_csv_001"] == "error")
                #expect((2...5).allSatisfy { states["process_csv_00\($0)"] == "pending" }, "\(states)")
                #expect(try await system.step(task, "process_csv_002").text("held") == "fail_fast")
                let done = try await system.patch(
                    task, "process_csv_001",
                    [
                        "action_type": "complete_manually", "reason": "counted by hand", "completed_by": "alice",
                        "completion_data": ["result": ["sum": 4950, "rows": 100]],
                    ])
                #expect(done.status == 200, "\(done.text)")
                try await system.waitUntil(task, is: "complete")
                #expect(try await system.result(task, "aggregate") == ["total": 124_750, "rows": 500, "workers": 5])
            }
        }

        @Test("two thousand workers, whose results reach the aggregate by claim-check")
        func wide() async throws {
            var steps = Self.csv(.swift, size: 5, batch: ["parallelism": 50])
            steps[0].handler = "python.analyze"
            steps[1].handler = "test.batch"
            steps[2].handler = "test.aggregate"
            try await Self.run(steps, rows: 10_000) { system, task in
                try await system.waitUntil(task, is: "complete")
                #expect(
                    try await system.result(task, "aggregate") == [
                        "total": 49_995_000, "rows": 10_000, "workers": 2000,
                    ])
            }
        }
    }
}
