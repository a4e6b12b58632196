import HTTPTypes
import TaskerProtocol
import Testing

@Suite("Operators' actions on steps and tasks", .timeLimit(.minutes(5)))
struct StepActionTests {
    private static let reset: JSONValue = [
        "action_type": "reset_for_retry", "reason": "card unlocked", "reset_by": "anna",
    ]

    @Test func aResetStepRunsAgainAndTheTaskGoesOn() async throws {
        try await TestServer().runWithBlockedOrder { server, path, mended in
            for name in ["check", "pay"] { mended.add(name) }
            let step = try await server.patch("\(path)/workflow_steps/check", Self.reset)
            #expect(step.status == .ok, "\(step.text)")
            #expect(step["name"] == "check")
            try await server.wait(for: path, status: "complete")
            let after = try await server.get("\(path)/workflow_steps/check")
            #expect(after["attempts"] == 1)
            #expect(after["total_attempts"] == 2)
            let audit = try await server.get("\(path)/workflow_steps/check/audit").json.arrayValue ?? []
            #expect(audit.map { $0["disposition"] } == ["accepted", "manual", "accepted"])
            #expect(audit[1]["actor"] == "anna")
            #expect(audit[1]["reason"] == "card unlocked")
            #expect(audit.map { $0["success"] } == [false, false, true])
            #expect(audit.map { $0["result"] } == [.null, .null, ["did": "check"]])
            #expect(Set(audit.compactMap { $0["audit_uuid"]?.stringValue }).count == 3)
        }
    }

    @Test func aStepResolvedOrCompletedByHandLetsItsDependentsRun() async throws {
        try await TestServer().runWithBlockedOrder { server, path, mended in
            mended.add("pay")
            // A failed step is reset first; then it may be ended by hand in any state.
            let answer = try await server.patch(
                "\(path)/workflow_steps/check",
                [
                    "action_type": "complete_manually", "reason": "seen by eye", "completed_by": "bert",
                    "completion_data": ["result": ["ok": true], "metadata": ["ticket": 7]],
                ])
            #expect(answer.status == .ok, "\(answer.text)")
            #expect(answer["current_state"] == "complete")
            #expect(answer["results"]?["result"] == ["ok": true])
            #expect(answer["results"]?["metadata"]?["custom"]?["completed_by"] == "bert")
            try await server.wait(for: path, status: "complete")
            let audit = try await server.get("\(path)/workflow_steps/check/audit").json.arrayValue ?? []
            #expect(audit.last?["result"] == ["ok": true])
            let entry = try await server.get("/v1/dlq/task/\(path.split(separator: "/").last ?? "")")
            #expect(entry["resolution_status"] == "ManuallyResolved")
        }
    }

    @Test func resolvesAStepThatWaits() async throws {
        try await TestServer().runWithOrders { server in
            let task = try await server.order()
            let path = "/v1/tasks/\(task.taskID)/workflow_steps"
            let body: JSONValue = ["action_type": "resolve_manually", "reason": "not needed", "resolved_by": "anna"]
            let check = try await server.patch("\(path)/check", body)
            #expect(check["current_state"] == "resolved_manually", "\(check.text)")
            #expect(check["results"]?["result"] == .null)
            let again = try await server.patch("\(path)/check", body)
            #expect(again.status == .conflict)
            #expect(again.code == "CONFLICT")
            #expect(again.detail.contains("resolved_manually"))
            #expect(try await server.patch("\(path)/pay", body)["current_state"] == "resolved_manually")
            #expect(try await server.get("/v1/tasks/\(task.taskID)")["status"] == "complete")
        }
    }

    @Test func actsOnlyOnWhatTheCallerHasSeen() async throws {
        try await TestServer().runWithBlockedOrder { server, path, mended in
            mended.add("check")
            mended.add("pay")
            let step = "\(path)/workflow_steps/check"
            let tag = try #require(try await server.get(step).header("ETag"))
            let refused = try await server.patch(step, Self.reset, headers: [.ifMatch: "\"else\", W/\(tag)"])
            #expect(refused.status == .preconditionFailed)
            #expect(refused.code == "PRECONDITION_FAILED")
            #expect(try await server.get(step).header("ETag") == tag)
            let done = try await server.patch(step, Self.reset, headers: [.ifMatch: "\"else\", \(tag)"])
            #expect(done.status == .ok)
            #expect(done.header("ETag") != nil)
            #expect(done.header("ETag") != tag)
            try await server.wait(for: path, status: "complete")
            #expect(try await server.patch(step, Self.reset, headers: [.ifMatch: tag]).status == .preconditionFailed)
            #expect(try await server.patch(step, Self.reset, headers: [.ifMatch: "*"]).status == .conflict)
        }
    }

    @Test func refusesMalformedActions() async throws {
        try await TestServer().runWithOrders { server in
            let path = "/v1/tasks/\(try await server.order().taskID)/workflow_steps"
            let bad: [JSONValue] = [
                [:], ["action_type": "explode", "reason": "x"], ["action_type": 7],
                ["action_type": "reset_for_retry", "reset_by": "anna"],
                ["action_type": "reset_for_retry", "reason": "x"],
                ["action_type": "reset_for_retry", "reason": "x", "reset_by": "anna", "clear_checkpoint": "yes"],
                ["action_type": "complete_manually", "reason": "x", "completed_by": "a"],
                ["action_type": "complete_manually", "reason": "x", "completed_by": "a", "completion_data": [:]],
                [
                    "action_type": "complete_manually", "reason": "x", "completed_by": "a",
                    "completion_data": ["result": 1, "metadata": 2],
                ],
                ["action_type": "resolve_manually", "reason": "", "resolved_by": "anna"], [1],
            ]
            for body in bad {
                #expect(
                    try await server.patch("\(path)/check", body).status == .badRequest, "\(body.canonicalText)")
            }
            #expect(try await server.send(.patch, "\(path)/check").status == .badRequest)
            #expect(try await server.patch("\(path)/ship", Self.reset).status == .notFound)
            #expect(
                try await server.patch("/v1/tasks/\(unknownID)/workflow_steps/check", Self.reset).status == .notFound)
            #expect(try await server.patch("\(path)/check", Self.reset).status == .conflict)
            let warned = try await server.patch(
                "\(path)/check",
                ["action_type": "resolve_manually", "reason": "x", "resolved_by": "a", "colour": "red", "a/b": 1])
            #expect(warned.header("X-Tasker-Warnings") == "/a~1b, /colour")
        }
    }

    // MARK: - Tasks

    @Test func retriesATask() async throws {
        try await TestServer().runWithBlockedOrder { server, path, mended in
            mended.add("check")
            mended.add("pay")
            #expect(try await server.post("\(path)/retry", ["steps": ["pay"]]).status == .conflict)
            #expect(try await server.post("\(path)/retry", ["steps": ["ship"]]).status == .notFound)
            #expect(try await server.post("\(path)/retry", ["steps": []]).status == .badRequest)
            #expect(try await server.post("\(path)/retry", ["steps": "check"]).status == .badRequest)
            let answer = try await server.post(
                "\(path)/retry", ["steps": ["check"], "by": "anna", "reason": "mended"])
            #expect(answer.status == .ok, "\(answer.text)")
            try await server.wait(for: path, status: "complete")
            #expect(try await server.post("\(path)/retry").status == .conflict)
        }
    }

    @Test func givesUpATaskAndRetriesIt() async throws {
        try await TestServer().runWithBlockedOrder { server, path, mended in
            let answer = try await server.post("\(path)/give-up", ["reason": "no hope", "by": "anna"])
            #expect(answer["status"] == "error")
            #expect(answer["execution_status"] == "blocked_by_failures")
            #expect(try await server.post("\(path)/give-up").status == .conflict)
            mended.add("check")
            mended.add("pay")
            #expect(try await server.post("\(path)/retry").status == .ok)
            try await server.wait(for: path, status: "complete")
        }
    }

    @Test func resolvesATask() async throws {
        try await TestServer().runWithOrders { server in
            let path = "/v1/tasks/\(try await server.order().taskID)"
            let answer = try await server.post("\(path)/resolve")
            #expect(answer["status"] == "resolved_manually")
            #expect(answer["execution_status"] == "all_complete")
            #expect(answer["cancelled_steps"] == 2)
            #expect(try await server.post("\(path)/resolve").status == .conflict)
            #expect(try await server.post("/v1/tasks/\(unknownID)/resolve").status == .notFound)
            #expect(try await server.post("/v1/tasks/x/resolve").code == "INVALID_UUID")
        }
    }

    @Test func summarizesATask() async throws {
        try await TestServer().runWithBlockedOrder { server, path, _ in
            let summary = try await server.get("\(path)/summary")
            #expect(summary.status == .ok)
            #expect(summary["task"]?["status"] == "blocked_by_failures")
            #expect(summary["task"]?["failed_steps"] == 1)
            #expect(summary["task"]?["context"] == nil)
            let template = summary["template"]?["steps"]?.arrayValue ?? []
            #expect(template.map { $0["name"] } == ["check", "pay"])
            #expect(template.map { $0["retryable"] } == [true, false])
            #expect(template.map { $0["dependencies"] } == [[], ["check"]])
            let steps = summary["steps"]?.arrayValue ?? []
            #expect(steps.map { $0["current_state"] } == ["error", "pending"])
            #expect(steps[0]["error"]?["error_type"] == "CardRefused")
            #expect(steps[0]["error"]?["retryable"] == false)
            #expect(steps[1]["error"] == .null)
            #expect(summary["dlq"]?["in_dlq"] == true)
            #expect(summary["dlq"]?["dlq_reason"] == "PermanentFailure")
            #expect(summary["links"]?["task"] == .string(path))
            #expect(summary["links"]?["dlq"]?.stringValue?.hasPrefix("/v1/dlq/task/") == true)
            #expect(try await server.get("/v1/tasks/\(unknownID)/summary").status == .notFound)
        }
    }
}

let unknownID = "0190f7a2-0000-7000-8000-000000000000"
