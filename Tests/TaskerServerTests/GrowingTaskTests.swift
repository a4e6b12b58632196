import HTTPTypes
import TaskerProtocol
import Testing

@Suite("Views of decisions and batches", .timeLimit(.minutes(5)))
struct GrowingTaskTests {
    private static let template = """
        name: import
        namespace: shop
        version: "1.0.0"
        step_templates:
          - name: analyze
            type: batchable
            handler: { callable: Analyze }
            batch_config: { parallelism: 1, failure_strategy: isolate }
          - name: rows
            type: batch_worker
            handler: { callable: Rows }
            depends_on_step_name: [analyze]
            retry: { retryable: false }
          - name: report
            type: deferred_convergence
            handler: { callable: Report }
            depends_on_step_name: [rows]
        """

    private static let outcome: JSONValue = [
        "batch_processing_outcome": [
            "type": "create_batches", "worker_template_name": "rows", "worker_count": 3, "total_items": 30,
            "cursor_configs": .array(
                (0..<3).map {
                    [
                        "batch_id": .string("00\($0)"), "start_cursor": .number($0 * 10),
                        "end_cursor": .number($0 * 10 + 10), "batch_size": 10,
                    ]
                }),
        ]
    ]

    private func worker(fails: @escaping @Sendable (String) -> Bool) -> ScriptedWorker {
        ScriptedWorker(callables: ["Analyze", "Rows", "Report"]) { step in
            if fails(step.step.name) { return ScriptedWorker.failForGood(step) }
            var answer = ScriptedWorker.complete(step)
            if step.step.name == "analyze" { answer.result = RawJSON(Self.outcome) }
            return answer
        }
    }

    @Test func countsToleratedFailures() async throws {
        try await TestServer().run { server in
            #expect(try await server.register(Self.template).status == .created)
            try await worker { $0 == "rows_001" }.run(on: server) {
                let task = try await server.post(
                    "/v1/tasks?wait_seconds=30", ["name": "import", "namespace": "shop", "context": [:]])
                #expect(task["status"] == "complete", "\(task.text)")
                #expect(task["total_steps"] == 5)
                #expect(task["failed_steps"] == 1)
                #expect(task["tolerated_steps"] == 1)
                #expect(task["completion_percentage"]?.doubleValue == 100)
                #expect(task["execution_status"] == "all_complete")
                let item = try await server.get("/v1/tasks")["tasks"]?[0]
                #expect(item?["tolerated_steps"] == 1)
                #expect(item?["completion_percentage"]?.doubleValue == 100)

                let path = "/v1/tasks/\(task.taskID)"
                let row = try await server.get("\(path)/workflow_steps/rows_002")
                #expect(row["template_step_name"] == "rows")
                #expect(row["step_type"] == "batch_worker")
                #expect(row["parents"] == ["analyze"])
                #expect(row["children"] == ["report"])
                let history = try await server.get("\(path)/history")["transitions"]?.arrayValue ?? []
                let born = history.filter { $0["event"] == "created" }
                #expect(
                    born.compactMap { $0["step_name"]?.stringValue }.sorted() == [
                        "report", "rows_000", "rows_001", "rows_002",
                    ])
                #expect(born.allSatisfy { $0["created_by"] == "analyze" && $0["from_state"] == .null })
                let audit = try await server.get("\(path)/workflow_steps/rows_001/audit").json.arrayValue ?? []
                #expect(audit.map { $0["success"] } == [false])
            }
        }
    }

    @Test func showsWorkersThatWaitForTheirTurn() async throws {
        try await TestServer().run { server in
            #expect(try await server.register(Self.template).status == .created)
            let task = try await server.post("/v1/tasks", ["name": "import", "namespace": "shop", "context": [:]])
            let path = "/v1/tasks/\(task.taskID)"
            try await eventually("the analyzer is held") {
                try await server.get("\(path)/workflow_steps/analyze")["held"] == "no_route"
            }
            let done = try await server.patch(
                "\(path)/workflow_steps/analyze",
                [
                    "action_type": "complete_manually", "reason": "by hand", "completed_by": "anna",
                    "completion_data": ["result": Self.outcome],
                ])
            #expect(done.status == .ok, "\(done.text)")
            #expect(try await server.put("/v1/routes/shop/Rows", ["queues": [["queue": "desk"]]]).status == .ok)
            try await eventually("one is on its way") {
                try await server.get("\(path)/workflow_steps/rows_000")["current_state"] == "enqueued"
            }
            let second = try await server.get("\(path)/workflow_steps/rows_001")
            #expect(second["held"] == "parallelism")
            #expect(second["ready_for_execution"] == true)
            #expect(try await server.get(path)["ready_steps"] == 2)
            #expect(try await server.get("/v1/tasks")["tasks"]?[0]?["ready_steps"] == 2)
            let wrong = try await server.patch(
                "\(path)/workflow_steps/report",
                ["action_type": "reset_for_retry", "reason": "x", "reset_by": "anna"])
            #expect(wrong.status == .conflict)
        }
    }

    @Test func refusesOutcomesThatMakeNoSense() async throws {
        try await TestServer().run { server in
            #expect(try await server.register(Self.template).status == .created)
            let task = try await server.post("/v1/tasks", ["name": "import", "namespace": "shop", "context": [:]])
            let answer = try await server.patch(
                "/v1/tasks/\(task.taskID)/workflow_steps/analyze",
                [
                    "action_type": "complete_manually", "reason": "by hand", "completed_by": "anna",
                    "completion_data": ["result": ["rows": 7]],
                ])
            #expect(answer.status == .unprocessableContent)
            #expect(answer.code == "VALIDATION_FAILED")
        }
    }
}
