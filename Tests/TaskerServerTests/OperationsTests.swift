import HTTPTypes
import TaskerProtocol
import TaskerServer
import Testing

@Suite("Metrics, health, analytics, configuration", .timeLimit(.minutes(5)))
struct OperationsTests {
    /// All families of the contract.
    private static let families = """
        tasker_tasks_requests_total tasker_tasks_completions_total tasker_tasks_failures_total tasker_tasks_active
        tasker_task_state_transitions_total tasker_task_completion_duration_seconds tasker_steps_enqueued_total
        tasker_steps_results_processed_total tasker_steps_successes_total tasker_steps_failures_total
        tasker_step_attempts_total tasker_steps_in_flight tasker_step_execution_duration_seconds
        tasker_step_queue_duration_seconds tasker_step_retry_delay_seconds
        tasker_step_result_processing_duration_seconds tasker_decision_points_outcomes_processed_total
        tasker_decision_points_validation_errors_total tasker_dlq_entries_created_total
        tasker_dlq_pending_investigations tasker_staleness_tasks_detected_total tasker_queue_depth
        tasker_queue_consumers tasker_outbox_depth tasker_outbox_oldest_age_seconds
        tasker_publish_confirm_duration_seconds tasker_store_transaction_duration_seconds tasker_broker_connected
        tasker_build_info tasker_messages_sent_total tasker_messages_unroutable_total tasker_api_requests_total
        tasker_api_request_duration_seconds tasker_api_requests_rejected_total tasker_auth_failures_total tasker_workers
        tasker_internal_defects_total
        """.split { $0 == " " || $0 == "\n" }.map(String.init)

    @Test func countsWhatHappens() async throws {
        try await TestServer().runWithBlockedOrder { server, _, mended in
            mended.add("check")
            mended.add("pay")
            #expect(try await server.finishedOrder()["status"] == "complete")
            let answer = try await server.get("/metrics")
            #expect(answer.header("Content-Type")?.hasPrefix("text/plain; version=0.0.4") == true)
            let lines = answer.text.split(separator: "\n").map(String.init)
            for family in Self.families {
                #expect(lines.contains { $0.hasPrefix("# HELP \(family) ") }, "\(family)")
                #expect(lines.contains { $0.hasPrefix("# TYPE \(family) ") }, "\(family)")
            }
            for line in [
                "tasker_tasks_requests_total 2", "tasker_tasks_completions_total 1", "tasker_tasks_active 1",
                "tasker_steps_successes_total 2", "tasker_step_attempts_total 3",
                "tasker_steps_failures_total{error_type=\"CardRefused\"} 1",
                "tasker_steps_results_processed_total{disposition=\"accepted\"} 3",
                "tasker_dlq_entries_created_total{reason=\"permanent_failure\"} 1",
                "tasker_dlq_pending_investigations 1",
                "tasker_step_execution_duration_seconds_count 3", "tasker_broker_connected 1",
                "tasker_task_completion_duration_seconds_count 1", "tasker_queue_consumers{queue=\"till\"} 1",
                "tasker_workers{status=\"active\"} 1", "tasker_internal_defects_total 0",
                "tasker_api_requests_total{route=\"/v1/tasks\",method=\"POST\",status=\"201\"} 2",
                "tasker_task_state_transitions_total{from=\"pending\",to=\"initializing\"} 2",
            ] {
                #expect(lines.contains(line), "\(line)")
            }
            // Every sample belongs to a family, and none names a task.
            #expect(!answer.text.contains("-7"))
            for line in lines where !line.hasPrefix("#") {
                #expect(line.split(separator: " ").last.flatMap { Double($0) } != nil, "\(line)")
            }
        }
    }

    @Test func readinessListsEverything() async throws {
        try await TestServer().run { server in
            try await eventually("the broker is there") {
                try await server.get("/health/ready")["status"] == "ready"
            }
            let ready = try await server.get("/health/ready?verbose")
            #expect(ready.status == .ok)
            for name in [
                "web_database", "orchestration_database", "circuit_breaker", "orchestration_system",
                "command_processor", "broker",
            ] {
                #expect(ready["checks"]?[name]?["status"] == "healthy", "\(name)")
                #expect(ready["checks"]?[name]?["duration_ms"]?.integerValue != nil, "\(name)")
            }
            let detailed = try await server.get("/health/detailed")
            for name in [
                "pool_utilization", "queue_depth", "channel_saturation", "outbox", "timers", "internal_defects",
            ] {
                #expect(detailed["checks"]?[name]?["status"] == "healthy", "\(name)")
            }
            #expect(detailed["info"]?["operational_state"] == "running")
        }
    }

    @Test func showsSettingsOnlyWhenAsked() async throws {
        #expect(try await TestServer().get("/config").status == .notFound)
        let open = try await TestServer(server: { $0.exposesConfiguration = true }).get("/config")
        #expect(open.status == .ok)
        #expect(open["messaging"]?["url"] == "***")
        #expect(open["engine"]?["backpressure"]?["outbox"] == 20_000)
    }

    @Test func analyzes() async throws {
        try await TestServer().runWithBlockedOrder { server, _, mended in
            mended.add("check")
            mended.add("pay")
            for number in 2...6 { _ = try await server.post("/v1/tasks?wait_seconds=30", orderRequest(number)) }
            let figures = try await server.get("/v1/analytics/performance?hours=1")
            #expect(figures["total_tasks"] == 6)
            #expect(figures["completed_tasks"] == 5)
            #expect(figures["failed_tasks"] == 1)
            #expect(figures["active_tasks"] == 1)
            #expect(figures["average_step_duration_seconds"]?.doubleValue.map { $0 > 0.006 && $0 < 0.007 } == true)
            #expect(figures["step_run_seconds"]?["p95"]?.doubleValue == 0.007)
            #expect(figures["step_queue_seconds"]?["p50"]?.doubleValue != nil)
            let slow = try await server.get("/v1/analytics/bottlenecks?min_executions=2")
            let names = slow["slow_steps"]?.arrayValue?.compactMap { $0["step_name"]?.stringValue } ?? []
            #expect(Set(names) == ["check", "pay"])
            #expect(slow["slow_tasks"]?[0]?["execution_count"] == 6)
            #expect(slow["resource_utilization"]?["system_health"]?["complete"] == 5)
            #expect(try await server.get("/v1/analytics/bottlenecks?min_executions=7")["slow_steps"] == [])
            for path in ["performance?hours=0", "performance?hours=721", "bottlenecks?limit=0", "bottlenecks?hours=1"] {
                #expect(try await server.get("/v1/analytics/\(path)").status == .badRequest, "\(path)")
            }
        }
    }

    @Test func showsOneWorker() async throws {
        try await TestServer().runWithOrders { server in
            try await ScriptedWorker(callables: orderHandlers).run(on: server) {
                _ = try await server.finishedOrder()
                let worker = try await server.get("/v1/workers/worker-till")
                #expect(worker["status"] == "active")
                #expect(worker["running"] == [])
                #expect(try await server.get("/v1/workers/nobody").status == .notFound)
                let queues = try await server.get("/v1/queues")["queues"]?.arrayValue ?? []
                #expect(
                    Set(queues.compactMap { $0["kind"]?.stringValue }) == [
                        "steps", "results", "control", "dead_letter",
                    ])
            }
        }
    }
}
