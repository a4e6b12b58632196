import HTTPTypes
import TaskerProtocol
import Testing

@Suite("Dead letters", .timeLimit(.minutes(5)))
struct DeadLetterTests {
    private func entryID(_ server: TestServer, _ path: String) async throws -> String {
        let entry = try await server.get("/v1/dlq/task/\(path.split(separator: "/").last ?? "")")
        return entry["dlq_entry_uuid"]?.stringValue ?? ""
    }

    @Test func showsFiltersAndCountsEntries() async throws {
        try await TestServer().runWithBlockedOrder { server, path, _ in
            let id = try await entryID(server, path)
            let entry = try await server.get("/v1/dlq/entry/\(id)")
            #expect(entry.status == .ok)
            #expect(entry["task_snapshot"]?["task_name"] == "order")
            #expect(entry["task_snapshot"]?["task_details"]?["priority"] == 0)
            #expect(entry["metadata"]?["failures"]?[0]?["error_type"] == "CardRefused")
            for query in ["reason=PermanentFailure", "reason=permanent_failure&namespace=shop"] {
                #expect(try await server.get("/v1/dlq?\(query)").json == [entry.json], "\(query)")
            }
            for query in ["reason=Poison", "namespace=office"] {
                #expect(try await server.get("/v1/dlq?\(query)").json == [], "\(query)")
            }
            #expect(try await server.get("/v1/dlq?reason=bad+luck").detail.contains("MaxRetriesExceeded"))
            let stats = try await server.get("/v1/dlq/stats").json
            #expect(stats[0]?["dlq_reason"] == "PermanentFailure")
            #expect(stats[0]?["total_entries"] == 1)
            #expect(stats[0]?["pending"] == 1)
            #expect(stats[0]?["avg_resolution_time_minutes"] == .null)
            let queue = try await server.get("/v1/dlq/investigation-queue?limit=5").json
            #expect(queue[0]?["dlq_entry_uuid"]?.stringValue == id)
            #expect(queue[0]?["current_state"] == "blocked_by_failures")
            #expect((queue[0]?["priority_score"]?.integerValue ?? 0) >= 400)
            #expect(try await server.get("/v1/dlq/entry/\(unknownID)").status == .notFound)
            #expect(try await server.get("/v1/dlq/entry/x").code == "INVALID_UUID")
            #expect(try await server.get("/v1/dlq/investigation-queue?limit=0").status == .badRequest)
        }
    }

    @Test func linksToTheNextPage() async throws {
        try await TestServer().runWithOrders { server in
            for number in 1...3 {
                let task = try await server.order(number)
                #expect(try await server.post("/v1/dlq/task/\(task.taskID)").status == .created)
            }
            let first = try await server.get("/v1/dlq?limit=2&namespace=shop")
            #expect(first.json.arrayValue?.count == 2)
            #expect(first.header("Link") == "</v1/dlq?limit=2&namespace=shop&offset=2>; rel=\"next\"")
            let second = try await server.get("/v1/dlq?limit=2&namespace=shop&offset=2")
            #expect(second.json.arrayValue?.count == 1)
            #expect(second.header("Link") == nil)
        }
    }

    @Test func takesNotesAndClosesEntries() async throws {
        try await TestServer().runWithBlockedOrder { server, path, _ in
            let id = try await entryID(server, path)
            let entry = "/v1/dlq/entry/\(id)"
            let noted = try await server.patch(
                entry, ["resolution_notes": "called the bank", "resolved_by": "anna", "metadata": ["ticket": 7]])
            #expect(noted.status == .ok, "\(noted.text)")
            #expect(noted["success"] == true)
            #expect(noted["dlq_entry_uuid"]?.stringValue == id)
            var view = try await server.get(entry)
            #expect(view["resolution_notes"] == "called the bank")
            #expect(view["resolution_status"] == "Pending")
            #expect(view["metadata"]?["ticket"] == 7)
            #expect(view["metadata"]?["failures"]?.arrayValue?.count == 1)
            #expect(
                try await server.patch(entry, ["resolution_status": "PermanentlyFailed", "resolved_by": "anna"]).status
                    == .ok)
            view = try await server.get(entry)
            #expect(view["resolution_status"] == "PermanentlyFailed")
            #expect(view["resolved_by"] == "anna")
            #expect(view["resolution_timestamp"]?.stringValue != nil)
            // The task is not touched.
            #expect(try await server.get(path)["status"] == "blocked_by_failures")
            for body: JSONValue in [[:], ["resolution_status": "gone"], ["metadata": 1], ["resolution_notes": 1]] {
                #expect(try await server.patch(entry, body).status == .badRequest, "\(body.canonicalText)")
            }
            #expect(try await server.patch("/v1/dlq/entry/\(unknownID)", ["metadata": [:]]).status == .notFound)
        }
    }

    @Test func replaysOnce() async throws {
        try await TestServer().runWithBlockedOrder { server, path, mended in
            mended.add("check")
            mended.add("pay")
            let id = try await entryID(server, path)
            let answer = try await server.post("/v1/dlq/entry/\(id)/replay", ["by": "anna"])
            #expect(answer.status == .ok, "\(answer.text)")
            #expect(answer["task_uuid"]?.stringValue == path.split(separator: "/").last.map(String.init))
            try await server.wait(for: path, status: "complete")
            let entry = try await server.get("/v1/dlq/entry/\(id)")
            #expect(entry["resolution_status"] == "ManuallyResolved")
            #expect(entry["resolution_notes"] == "replayed")
            #expect(try await server.post("/v1/dlq/entry/\(id)/replay").status == .conflict)
        }
    }

    @Test func takesATaskByHand() async throws {
        try await TestServer().runWithOrders { server in
            let task = try await server.order()
            let made = try await server.post("/v1/dlq/task/\(task.taskID)", ["reason": "looks odd", "by": "anna"])
            #expect(made.status == .created, "\(made.text)")
            #expect(made["dlq_reason"] == "ManualDlq")
            #expect(made["resolution_notes"] == "looks odd")
            let path = try #require(made.header("Location"))
            #expect(try await server.get(path).json["dlq_entry_uuid"] == made["dlq_entry_uuid"])
            #expect(try await server.post("/v1/dlq/task/\(task.taskID)").status == .conflict)
            #expect(try await server.post("/v1/dlq/task/\(unknownID)").status == .notFound)
            // It is neither blocked nor failed: there is nothing to replay.
            #expect(try await server.post("\(path)/replay").status == .conflict)
        }
    }

    @Test func showsHowNearTasksAreToTheirLimits() async throws {
        try await TestServer().runWithOrders { server in
            let task = try await server.order(1, ["priority": 7])
            let rows = try await server.get("/v1/dlq/staleness").json.arrayValue ?? []
            #expect(rows.count == 1)
            #expect(rows.first?["task_uuid"]?.stringValue == task.taskID)
            #expect(rows.first?["health_status"] == "healthy")
            #expect(rows.first?["priority"] == 7)
            #expect(rows.first?["staleness_threshold_minutes"]?.integerValue ?? 0 > 0)
            #expect(try await server.get("/v1/dlq/staleness?limit=501").status == .badRequest)
        }
    }
}
