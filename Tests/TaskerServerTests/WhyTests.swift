import HTTPTypes
import TaskerMessaging
import TaskerOrchestrator
import TaskerProtocol
import Testing

/// Every way a step can wait, with its sentence.
@Suite("Why is it not moving?", .timeLimit(.minutes(5)))
struct WhyTests {
    /// The explanation of a step, once it has a verdict.
    private func why(
        _ server: TestServer, _ path: String, _ step: String, _ verdict: String
    ) async throws -> Answer {
        var answer = try await server.get("\(path)/steps/\(step)/why")
        try await eventually("\(step) is \(verdict): \(answer.text)") {
            answer = try await server.get("\(path)/steps/\(step)/why")
            return answer["verdict"] == .string(verdict)
        }
        #expect(answer.status == .ok)
        let summary = answer["summary"]?.stringValue ?? ""
        #expect(summary.hasSuffix("."), "\(summary)")
        #expect(!summary.contains("\n") && !summary.contains("  "), "\(summary)")
        return answer
    }

    private func summary(_ answer: Answer) -> String { answer["summary"]?.stringValue ?? "" }

    private func codes(_ answer: Answer) -> [String] {
        answer["reasons"]?.arrayValue?.compactMap { $0["code"]?.stringValue } ?? []
    }

    @Test func nobodyHasTheHandler() async throws {
        try await TestServer().runWithOrders { server in
            try await ScriptedWorker(callables: ["ChekOrder"]).run(on: server) {
                try await eventually("the worker is known") {
                    try await server.get("/v1/workers")["total_count"] == 1
                }
                let path = "/v1/tasks/\(try await server.order().taskID)"
                let check = try await why(server, path, "check", "no_route")
                #expect(summary(check).contains("CheckOrder"))
                #expect(summary(check).contains("ChekOrder"))
                #expect(check["step_name"] == "check")
                #expect(check["step_uuid"]?.stringValue != nil)
                #expect(check["state"] == "pending")
                #expect(check["suggestions"]?[1]?["request"] == "PUT /v1/routes/shop/CheckOrder")
                let pay = try await why(server, path, "pay", "waiting_for_dependencies")
                #expect(summary(pay).contains("'check' (pending)"))
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
            let check = try await why(server, path, "check", "queued_no_consumer")
            #expect(summary(check).contains("tasker.steps.desk"))
            #expect(summary(check).contains("CheckOrder"))
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
            let check = try await why(server, path, "check", "queued_no_consumer")
            #expect(summary(check).contains("worker-till"))
            #expect(codes(check).contains("worker_gone"))
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
            let check = try await why(server, path, "check", "publish_pending")
            #expect(summary(check).contains("outbox"))
            #expect(codes(check) == ["broker_unreachable"])
        }
    }

    @Test func itRunsAndIsSilent() async throws {
        try await TestServer(settings: { $0.limits.heartbeatIntervalMilliseconds = 1 }).runWithOrders { server in
            try await ScriptedWorker(callables: orderHandlers, behaviour: ScriptedWorker.startOnly).run(on: server) {
                let path = "/v1/tasks/\(try await server.order().taskID)"
                let check = try await why(server, path, "check", "running_no_heartbeat")
                #expect(summary(check).contains("worker-till on host here"))
                #expect(codes(check).prefix(2) == ["running", "heartbeat"])
                #expect(check["next"]?["at"]?.stringValue != nil)
            }
        }
    }

    @Test func itRuns() async throws {
        try await TestServer().runWithOrders { server in
            try await ScriptedWorker(callables: orderHandlers, behaviour: ScriptedWorker.startOnly).run(on: server) {
                let path = "/v1/tasks/\(try await server.order().taskID)"
                let check = try await why(server, path, "check", "running")
                #expect(check["state"] == "in_progress")
                #expect(codes(check).contains("timeout"))
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
                let check = try await why(server, path, "check", "waiting_for_retry")
                #expect(summary(check).contains("1 of 3 attempts: RateLimited: slow down"))
                #expect(check["next"]?["at"]?.stringValue != nil)
                #expect(codes(check) == ["RateLimited", "backoff"])
                #expect(
                    check["suggestions"]?[0]?["command"]?.stringValue?.hasPrefix("tasker-ctl task reset-step") == true)
            }
        }
    }

    @Test func itHasFailedAndBlocksOthers() async throws {
        try await TestServer().runWithBlockedOrder { server, path, _ in
            let check = try await why(server, path, "check", "failed_permanent")
            #expect(summary(check).contains("CardRefused: the card is stolen"))
            #expect(codes(check) == ["CardRefused", "dead_letter"])
            let pay = try await why(server, path, "pay", "blocked_by_failure")
            #expect(summary(pay).contains("'check' failed"))
            let task = try await server.get("\(path)/why")
            #expect(task["verdict"] == "failed_permanent")
            #expect(task["suggestions"]?.arrayValue?.count == 2)
        }
    }

    @Test func itIsOver() async throws {
        try await TestServer().runWithOrders { server in
            try await ScriptedWorker(callables: orderHandlers).run(on: server) {
                let path = "/v1/tasks/\(try await server.finishedOrder().taskID)"
                _ = try await why(server, path, "check", "done")
                #expect(try await server.get("\(path)/why")["verdict"] == "done")
            }
            let other = "/v1/tasks/\(try await server.order(2).taskID)"
            #expect(try await server.delete(other).status == .ok)
            _ = try await why(server, other, "pay", "cancelled")
            #expect(try await server.get("\(other)/why")["verdict"] == "cancelled")
        }
    }

    @Test func itWasResolved() async throws {
        try await TestServer().runWithOrders { server in
            let path = "/v1/tasks/\(try await server.order().taskID)"
            let body: JSONValue = ["action_type": "resolve_manually", "reason": "x", "resolved_by": "anna"]
            #expect(try await server.patch("\(path)/workflow_steps/check", body).status == .ok)
            _ = try await why(server, path, "check", "resolved")
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
