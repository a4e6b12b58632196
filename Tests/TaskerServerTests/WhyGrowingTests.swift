import HTTPTypes
import TaskerProtocol
import Testing

/// Why of steps that do not exist, or wait for their turn in a batch.
@Suite("Why of decisions and batches", .timeLimit(.minutes(5)))
struct WhyGrowingTests {
    private static let template = """
        name: routing
        namespace: shop
        version: "1.0.0"
        step_templates:
          - name: look
            handler: { callable: Look }
          - name: route
            type: decision
            handler: { callable: Route }
            depends_on_step_name: [look]
          - name: small
            handler: { callable: Small }
            depends_on_step_name: [route]
          - name: large
            handler: { callable: Large }
            depends_on_step_name: [route]
        """

    private static func complete(_ result: JSONValue) -> JSONValue {
        [
            "action_type": "complete_manually", "reason": "by hand", "completed_by": "anna",
            "completion_data": ["result": result],
        ]
    }

    @Test func stepsBehindADecision() async throws {
        try await TestServer().run { server in
            let registered = try await server.register(Self.template)
            try #require(registered.status == .created, "\(registered.text)")
            let task = try await server.post("/v1/tasks", ["name": "routing", "namespace": "shop", "context": [:]])
            let path = "/v1/tasks/\(task.taskID)"
            let before = try await server.why(path, "small", "not_created_yet", advises: true)
            #expect(before["state"] == "not_created")
            #expect(before["summary"]?.stringValue?.contains("decision 'route'") == true)
            #expect(try await server.patch("\(path)/workflow_steps/look", Self.complete(1)).status == .ok)
            let outcome: JSONValue = ["decision_point_outcome": ["type": "create_steps", "step_names": ["small"]]]
            #expect(try await server.patch("\(path)/workflow_steps/route", Self.complete(outcome)).status == .ok)
            let other = try await server.why(path, "large", "not_selected")
            #expect(other["summary"]?.stringValue?.contains("decision 'route' (chose small)") == true)
            #expect(other["step_uuid"] == .null)
            #expect(try await server.get("\(path)/steps/small/why")["verdict"] == "no_route")
            let graph = try await server.get("\(path)/graph?format=json")
            let nodes = graph["nodes"]?.arrayValue ?? []
            #expect(nodes.first { $0["name"] == "large" }?["created"] == false)
            #expect(nodes.first { $0["name"] == "small" }?["created"] == true)
        }
    }

    @Test(arguments: ["continue_on_failure", "fail_fast"])
    func batchWorkersThatAreHeld(_ strategy: String) async throws {
        let template = """
            name: import
            namespace: shop
            version: "1.0.0"
            step_templates:
              - name: analyze
                type: batchable
                handler: { callable: Analyze }
                batch_config: { parallelism: 1, failure_strategy: \(strategy) }
              - name: rows
                type: batch_worker
                handler: { callable: Rows }
                depends_on_step_name: [analyze]
                retry: { retryable: false }
            """
        let outcome: JSONValue = [
            "batch_processing_outcome": [
                "type": "create_batches", "worker_template_name": "rows",
                "cursor_configs": .array((1...3).map { ["batch_id": .string("b\($0)"), "start_cursor": .number($0)] }),
            ]
        ]
        try await TestServer().run { server in
            #expect(try await server.register(template).status == .created)
            let task = try await server.post("/v1/tasks", ["name": "import", "namespace": "shop", "context": [:]])
            let path = "/v1/tasks/\(task.taskID)"
            #expect(try await server.get("\(path)/steps/rows/why")["verdict"] == "not_created_yet")
            #expect(try await server.put("/v1/routes/shop/Rows", ["queues": [["queue": "desk"]]]).status == .ok)
            #expect(try await server.patch("\(path)/workflow_steps/analyze", Self.complete(outcome)).status == .ok)
            let held = try await server.why(path, "rows_b2", "held_parallelism", advises: true)
            #expect(held["summary"]?.stringValue?.contains("1 of at most 1") == true)
            try await eventually("the first is in its queue") {
                try await server.get("\(path)/steps/rows/why")["verdict"] == "queued_no_consumer"
            }
            let all = try await server.why(path, "rows", "queued_no_consumer", advises: true)
            #expect(all["summary"]?.stringValue?.hasPrefix("3 batch workers were made from 'rows'") == true)
            guard strategy == "fail_fast" else { return }
            try await ScriptedWorker(
                callables: ["Rows"], queue: "desk", behaviour: ScriptedWorker.failForGood
            ).run(on: server) {
                let failed = try await server.why(path, "rows_b3", "held_fail_fast", advises: true)
                #expect(failed["summary"]?.stringValue?.contains("'rows_b1' failed") == true)
            }
        }
    }
}
