import HTTPTypes
import TaskerProtocol
import Testing

@Suite("Steps, audit and history", .timeLimit(.minutes(5)))
struct StepTests {
    /// Runs `body` with an order that a worker has finished.
    private func withFinishedOrder(_ body: (TestServer, _ path: String) async throws -> Void) async throws {
        try await TestServer().runWithOrders { server in
            try await ScriptedWorker(callables: orderHandlers).run(on: server) {
                let task = try await server.finishedOrder()
                try #require(task["status"] == "complete")
                try await body(server, "/v1/tasks/\(task.taskID)")
            }
        }
    }

    @Test func listsStepsParentsFirst() async throws {
        try await withFinishedOrder { server, path in
            let steps = try await server.get("\(path)/workflow_steps").json.arrayValue ?? []
            #expect(steps.map { $0["name"] } == ["check", "pay"])
            #expect(steps.map { $0["current_state"] } == ["complete", "complete"])
            #expect(steps.map { $0["parents"] } == [[], ["check"]])
            #expect(steps.map { $0["children"] } == [["pay"], []])
            #expect(steps.map { $0["handler"] } == ["CheckOrder", "PayOrder"])
        }
    }

    @Test func showsAStepByNameAndByID() async throws {
        try await withFinishedOrder { server, path in
            let step = try await server.get("\(path)/workflow_steps/pay")
            #expect(step.status == .ok)
            #expect(step["results"]?["result"] == ["did": "pay"])
            #expect(step["attempts"] == 1)
            #expect(step["max_attempts"] == 1)
            #expect(step["total_parents"] == 1)
            #expect(step["completed_parents"] == 1)
            #expect(step["dependencies_satisfied"] == true)
            #expect(step["ready_for_execution"] == false)
            #expect(step["worker_id"] == "worker-till")
            #expect(step["worker_language"] == "swift")
            #expect(step["execution_time_ms"] == 7)
            #expect(step["error"] == .null)
            let id = step["step_uuid"]?.stringValue ?? ""
            #expect(try await server.get("\(path)/workflow_steps/\(id)").text == step.text)
        }
    }

    @Test func namesTheStepsThereAre() async throws {
        try await withFinishedOrder { server, path in
            for rest in ["", "/audit"] {
                let answer = try await server.get("\(path)/workflow_steps/ship\(rest)")
                #expect(answer.status == .notFound)
                #expect(answer.detail.contains("'ship'"))
                #expect(answer.hint.contains("check, pay"))
            }
        }
    }

    @Test func auditsEveryResult() async throws {
        try await withFinishedOrder { server, path in
            let rows = try await server.get("\(path)/workflow_steps/check/audit").json.arrayValue ?? []
            #expect(rows.count == 1)
            let row = rows.first
            #expect(row?["disposition"] == "accepted")
            #expect(row?["success"] == true)
            #expect(row?["step_name"] == "check")
            #expect(row?["attempt"] == 1)
            #expect(row?["to_state"] == "enqueued_for_orchestration")
            #expect(row?["worker_uuid"] == "worker-till")
            #expect(row?["execution_time_ms"] == 7)
        }
    }

    @Test func tellsTheHistoryInOrder() async throws {
        try await withFinishedOrder { server, path in
            let answer = try await server.get("\(path)/history?per_page=100")
            #expect(answer["next_cursor"] == .null)
            let transitions = answer["transitions"]?.arrayValue ?? []
            let task = transitions.filter { $0["subject"] == "task" }
            #expect(task.first?["from_state"] == "pending")
            #expect(task.last?["to_state"] == "complete")
            for (before, after) in zip(task, task.dropFirst()) { #expect(before["to_state"] == after["from_state"]) }
            for name in ["check", "pay"] {
                let step = transitions.filter { $0["step_name"] == .string(name) }
                #expect(step.first?["from_state"] == "pending")
                #expect(step.last?["to_state"] == "complete")
                for (before, after) in zip(step, step.dropFirst()) {
                    #expect(before["to_state"] == after["from_state"])
                }
            }
            let sequence = transitions.compactMap { $0["sequence"]?.integerValue }
            #expect(sequence.count == transitions.count)
            // Transitions of one commit share a number.
            #expect(zip(sequence, sequence.dropFirst()).allSatisfy { $0 <= $1 })
        }
    }

    @Test func pagesTheHistory() async throws {
        try await withFinishedOrder { server, path in
            let whole = try await server.get("\(path)/history?per_page=100")["transitions"]?.arrayValue ?? []
            var page = try await server.get("\(path)/history?per_page=3")
            var pieces = page["transitions"]?.arrayValue ?? []
            let first = try #require(page["next_cursor"]?.stringValue)
            while let cursor = page["next_cursor"]?.stringValue {
                page = try await server.get("\(path)/history?per_page=3&cursor=\(cursor)")
                pieces += page["transitions"]?.arrayValue ?? []
            }
            #expect(pieces == whole)
            for query in ["per_page=0", "per_page=101"] {
                #expect(try await server.get("\(path)/history?\(query)").status == .badRequest, "\(query)")
            }
            // Signed, and of this task alone.
            let other = "/v1/tasks/\(try await server.order(2).taskID)"
            for (path, cursor) in [(path, "x"), (path, "3"), (path, "\(first)A"), (other, first)] {
                let refused = try await server.get("\(path)/history?cursor=\(cursor)")
                #expect(refused.status == .badRequest, "\(cursor)")
                #expect(refused.code == "INVALID_CURSOR", "\(cursor)")
            }
        }
    }
}
