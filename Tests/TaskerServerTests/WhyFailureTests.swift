import HTTPTypes
import Synchronization
import TaskerEngine
import TaskerOrchestrator
import TaskerProtocol
import Testing

/// Why of steps that have failed, or that lose their workers.
@Suite("Why of failures", .timeLimit(.minutes(5)))
struct WhyFailureTests {
    private func template(_ retry: String) -> String {
        orderTemplate.replacing(
            "handler: { callable: CheckOrder }", with: "handler: { callable: CheckOrder }\n    retry: { \(retry) }")
    }

    @Test func itFailedInEveryAttempt() async throws {
        try await TestServer().run { server in
            let registered = try await server.register(template("max_attempts: 2, backoff: none"))
            try #require(registered.status == .created, "\(registered.text)")
            try await ScriptedWorker(callables: orderHandlers, behaviour: ScriptedWorker.failForNow).run(on: server) {
                let path = "/v1/tasks/\(try await server.order().taskID)"
                let check = try await server.why(path, "check", "failed_retries_exhausted", advises: true)
                #expect(check.summary.contains("all 2 attempts of 2"))
                #expect(check.summary.hasSuffix("RateLimited: slow down."))
                #expect(check.reasonCodes == ["RateLimited", "dead_letter"])
                let pay = try await server.why(path, "pay", "blocked_by_failure", advises: true)
                #expect(pay["reasons"]?[0]?["message"]?.stringValue?.contains("2 attempts") == true)
            }
        }
    }

    @Test func itKillsItsWorkers() async throws {
        try await TestServer(settings: { $0.engine.redeliveryGrace = .milliseconds(1) }).run { server in
            let registered = try await server.register(template("max_attempts: 9, backoff: none"))
            try #require(registered.status == .created, "\(registered.text)")
            let worker = ScriptedWorker(callables: orderHandlers) { step in
                ScriptedWorker.abandon(step, ErrorType.redelivered)
            }
            try await worker.run(on: server) {
                let path = "/v1/tasks/\(try await server.order().taskID)"
                let check = try await server.why(path, "check", "failed_poison", advises: true)
                #expect(check.summary.contains("lost 3 workers"))
                #expect(check.reasonCodes == ["worker_lost", "dead_letter"])
                let entry = try await server.get("/v1/dlq/task/\(path.split(separator: "/").last ?? "")")
                #expect(entry["dlq_reason"] == "Poison")
            }
        }
    }

    /// Two of a queue have each lost a worker, and one more loss would be their last: they go one at a time.
    @Test func itGoesAlone() async throws {
        let careful = TestServer(settings: {
            $0.engine.redeliveryGrace = .milliseconds(1)
            $0.engine.maxWorkerLosses = 2
        })
        try await careful.run { server in
            let registered = try await server.register(template("max_attempts: 9, backoff: none"))
            try #require(registered.status == .created, "\(registered.text)")
            let seen = Mutex<[StepID: Int]>([:])
            let worker = ScriptedWorker(callables: orderHandlers) { step in
                let times = seen.withLock { seen in
                    seen[step.step.id, default: 0] += 1
                    return seen[step.step.id] ?? 0
                }
                return times == 1 ? ScriptedWorker.abandon(step, ErrorType.redelivered) : nil
            }
            try await worker.run(on: server) {
                let first = "/v1/tasks/\(try await server.order(1).taskID)"
                _ = try await server.why(first, "check", "running")
                let second = "/v1/tasks/\(try await server.order(2).taskID)"
                let check = try await server.why(second, "check", "held_quarantine", advises: true)
                #expect(check.summary.contains("has lost 1 worker "))
                #expect(check.reasonCodes == ["quarantine"])
                #expect(check["next"]?["what"]?.stringValue?.contains("the other step") == true)
                #expect(try await server.get("\(second)/workflow_steps/check")["held"] == "quarantine")
            }
        }
    }

    @Test func itsOutcomeCannotBeUsed() async throws {
        let template = """
            name: order
            namespace: shop
            version: "1.0.0"
            step_templates:
              - name: check
                handler: { callable: CheckOrder }
              - name: route
                type: decision
                handler: { callable: RouteOrder }
                depends_on_step_name: [check]
              - name: pay
                handler: { callable: PayOrder }
                depends_on_step_name: [route]
            """
        try await TestServer().run { server in
            let registered = try await server.register(template)
            try #require(registered.status == .created, "\(registered.text)")
            try await ScriptedWorker(callables: orderHandlers + ["RouteOrder"]).run(on: server) {
                let path = "/v1/tasks/\(try await server.order().taskID)"
                let route = try await server.why(path, "route", "failed_outcome", advises: true)
                #expect(route.summary.contains("gave an outcome that cannot be used"))
                #expect(route.summary.contains("decision_"))
                let pay = try await server.why(path, "pay", "not_created_yet", advises: true)
                #expect(pay.summary.contains("decision 'route' (error) is undecided"))
                let reasons = pay["reasons"]?.arrayValue ?? []
                #expect(reasons.last?["code"] == "failed_outcome")
                #expect(reasons.last?["message"]?.stringValue?.contains("an outcome that cannot be used") == true)
            }
        }
    }

    /// What workers say may have many lines, and a full stop.
    @Test func aLongMessageStaysOneSentence() async throws {
        let worker = ScriptedWorker(callables: orderHandlers) { step in
            StepResultMessage(
                dispatchID: step.dispatchID, taskID: step.task.id, stepID: step.step.id, status: .failed,
                error: StepFailure(
                    message: "first\n   second\tthird" + String(repeating: " more", count: 100) + "...",
                    errorType: "Odd\nType", isRetryable: false))
        }
        try await TestServer().runWithOrders { server in
            try await worker.run(on: server) {
                let path = "/v1/tasks/\(try await server.order().taskID)"
                let check = try await server.why(path, "check", "failed_permanent", advises: true)
                #expect(check.summary.contains("Odd Type: first second third more"))
                #expect(check.summary.count < 400)
            }
        }
    }
}
