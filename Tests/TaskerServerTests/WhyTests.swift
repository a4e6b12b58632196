import HTTPTypes
import TaskerMessaging
import TaskerOrchestrator
import TaskerProtocol
import Testing

/// Every way a step can wait, with its sentence.
@Suite("Why is it not moving?", .timeLimit(.minutes(5)))
struct WhyTests {
    @Test func nobodyHasTheHandler() async throws {
        try await TestServer().runWithOrders { server in
            try await ScriptedWorker(callables: ["ChekOrder"]).run(on: server) {
                try await eventually("the worker is known") {
                    try await server.get("/v1/workers")["total_count"] == 1
                }
                let path = "/v1/tasks/\(try await server.order().taskID)"
                let check = try await server.why(path, "check", "no_route", advises: true)
                #expect(check.summary.contains("CheckOrder"))
                #expect(check.summary.contains("ChekOrder"))
                #expect(check["step_name"] == "check")
                #expect(check["step_uuid"]?.stringValue != nil)
                #expect(check["state"] == "pending")
                #expect(check["suggestions"]?[1]?["request"] == "PUT /v1/routes/shop/CheckOrder")
                let pay = try await server.why(path, "pay", "waiting_for_dependencies", advises: true)
                #expect(pay.summary.contains("'check' (pending)"))
                #expect(pay["reasons"]?[0]?["ref"] == "check")
                let task = try await server.get("\(path)/why")
                #expect(task["verdict"] == "no_route")
                #expect(task["step_name"] == nil)
                #expect(task["reasons"]?.arrayValue?.map { $0["ref"] } == ["check"])
            }
        }
    }

    @Test func nobodyConsumes() async throws {
        try await TestServer().runWithOrders { server in
            #expect(try await server.put("/v1/routes/shop/CheckOrder", ["queues": [["queue": "desk"]]]).status == .ok)
            let path = "/v1/tasks/\(try await server.order().taskID)"
            let check = try await server.why(path, "check", "queued_no_consumer", advises: true)
            #expect(check.summary.contains("tasker.steps.desk"))
            #expect(check.summary.contains("CheckOrder"))
            #expect(check["next"]?["what"]?.stringValue?.contains("begins to consume") == true)
        }
    }

    @Test func theLastWorkerHasLeft() async throws {
        try await TestServer().runWithOrders { server in
            let worker = ScriptedWorker(callables: orderHandlers)
            try await worker.run(on: server) {
                #expect(try await server.finishedOrder()["status"] == "complete")
                try worker.leave(server)
                try await eventually("it is known to have left") {
                    try await server.get("/v1/workers?status=left")["total_count"] == 1
                }
            }
            let path = "/v1/tasks/\(try await server.order(2).taskID)"
            let check = try await server.why(path, "check", "queued_no_consumer", advises: true)
            #expect(check.summary.contains("worker-till"))
            #expect(check.reasonCodes.contains("worker_gone"))
        }
    }

    @Test func theBrokerIsAway() async throws {
        try await TestServer().runWithOrders { server in
            #expect(try await server.put("/v1/routes/shop/CheckOrder", ["queues": [["queue": "desk"]]]).status == .ok)
            server.broker.stop()
            try await eventually("the broker is away") {
                try await server.get("/health/ready")["status"] == "degraded"
            }
            let path = "/v1/tasks/\(try await server.order().taskID)"
            let check = try await server.why(path, "check", "publish_pending", advises: true)
            #expect(check.summary.contains("outbox"))
            #expect(check.reasonCodes == ["broker_unreachable"])
        }
    }

    @Test func itRunsAndIsSilent() async throws {
        try await TestServer(settings: { $0.limits.heartbeatIntervalMilliseconds = 1 }).runWithOrders { server in
            try await ScriptedWorker(callables: orderHandlers, behaviour: ScriptedWorker.startOnly).run(on: server) {
                let path = "/v1/tasks/\(try await server.order().taskID)"
                let check = try await server.why(path, "check", "running_no_heartbeat", advises: true)
                #expect(check.summary.contains("worker-till on host here"))
                #expect(check.reasonCodes.prefix(2) == ["running", "heartbeat"])
                #expect(check["next"]?["at"]?.stringValue != nil)
            }
        }
    }

    @Test func itRuns() async throws {
        try await TestServer().runWithOrders { server in
            try await ScriptedWorker(callables: orderHandlers, behaviour: ScriptedWorker.startOnly).run(on: server) {
                let path = "/v1/tasks/\(try await server.order().taskID)"
                let check = try await server.why(path, "check", "running")
                #expect(check["state"] == "in_progress")
                #expect(check.reasonCodes.contains("timeout"))
                #expect(try await server.get("\(path)/why")["verdict"] == "running")
            }
        }
    }

    @Test func itWaitsForARetry() async throws {
        let template = orderTemplate.replacing(
            "handler: { callable: CheckOrder }",
            with: "handler: { callable: CheckOrder }\n    retry: { max_attempts: 3, backoff_base_ms: 600000 }")
        try await TestServer().run { server in
            let registered = try await server.register(template)
            try #require(registered.status == .created, "\(registered.text)")
            try await ScriptedWorker(callables: orderHandlers, behaviour: ScriptedWorker.failForNow).run(on: server) {
                let path = "/v1/tasks/\(try await server.order().taskID)"
                let check = try await server.why(path, "check", "waiting_for_retry", advises: true)
                #expect(check.summary.contains("1 of 3 attempts: RateLimited: slow down"))
                #expect(check["next"]?["at"]?.stringValue != nil)
                #expect(check.reasonCodes == ["RateLimited", "backoff"])
                #expect(
                    check["suggestions"]?[0]?["command"]?.stringValue?.hasPrefix("tasker-ctl task reset-step") == true)
            }
        }
    }

    @Test func itHasFailedAndBlocksOthers() async throws {
        try await TestServer().runWithBlockedOrder { server, path, _ in
            let check = try await server.why(path, "check", "failed_permanent", advises: true)
            #expect(check.summary.contains("CardRefused: the card is stolen"))
            #expect(check.reasonCodes == ["CardRefused", "dead_letter"])
            let pay = try await server.why(path, "pay", "blocked_by_failure", advises: true)
            #expect(pay.summary.contains("'check' failed"))
            let task = try await server.get("\(path)/why")
            #expect(task["verdict"] == "failed_permanent")
            #expect(task["suggestions"]?.arrayValue?.count == 2)
        }
    }

    @Test func itIsOver() async throws {
        try await TestServer().runWithOrders { server in
            try await ScriptedWorker(callables: orderHandlers).run(on: server) {
                let path = "/v1/tasks/\(try await server.finishedOrder().taskID)"
                _ = try await server.why(path, "check", "done")
                #expect(try await server.get("\(path)/why")["verdict"] == "done")
            }
            let other = "/v1/tasks/\(try await server.order(2).taskID)"
            #expect(try await server.delete(other).status == .ok)
            _ = try await server.why(other, "pay", "cancelled")
            #expect(try await server.get("\(other)/why")["verdict"] == "cancelled")
        }
    }

    @Test func itWasResolved() async throws {
        try await TestServer().runWithOrders { server in
            let path = "/v1/tasks/\(try await server.order().taskID)"
            let body: JSONValue = ["action_type": "resolve_manually", "reason": "x", "resolved_by": "anna"]
            #expect(try await server.patch("\(path)/workflow_steps/check", body).status == .ok)
            _ = try await server.why(path, "check", "resolved")
            #expect(try await server.post("\(path)/resolve").status == .ok)
            #expect(try await server.get("\(path)/why")["verdict"] == "resolved")
        }
    }

    @Test func unknownStepsAndTasksAreNotFound() async throws {
        try await TestServer().runWithOrders { server in
            let path = "/v1/tasks/\(try await server.order().taskID)"
            let answer = try await server.get("\(path)/steps/ship/why")
            #expect(answer.status == .notFound)
            #expect(answer.hint.contains("check, pay"))
            #expect(try await server.get("/v1/tasks/\(unknownID)/why").status == .notFound)
            #expect(try await server.get("/v1/tasks/x/why").code == "INVALID_UUID")
            #expect(try await server.get("\(path)/why?colour=red").status == .badRequest)
        }
    }
}
