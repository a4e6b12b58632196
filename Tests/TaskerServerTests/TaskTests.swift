import HTTPTypes
import TaskerProtocol
import Testing

@Suite("Reading and cancelling tasks", .timeLimit(.minutes(5)))
struct TaskTests {
    static let nobody = "01890a5d-ac96-774b-bcce-b302099a8057"

    @Test func findsATaskByItsIDInAnyCase() async throws {
        try await TestServer().runWithOrders { server in
            let task = try await server.order()
            #expect(try await server.get("/v1/tasks/\(task.taskID.uppercased())").taskID == task.taskID)
        }
    }

    @Test(arguments: ["", "/history", "/workflow_steps", "/workflow_steps/check", "/workflow_steps/check/audit"])
    func saysThatATaskIsUnknown(_ rest: String) async throws {
        try await TestServer().runWithOrders { server in
            let unknown = try await server.get("/v1/tasks/\(Self.nobody)\(rest)")
            #expect(unknown.status == .notFound)
            #expect(unknown.code == "NOT_FOUND")
            #expect(unknown.detail.contains(Self.nobody))
            let malformed = try await server.get("/v1/tasks/order-1\(rest)")
            #expect(malformed.status == .badRequest)
            #expect(malformed.code == "INVALID_UUID")
            #expect(malformed.detail.contains("order-1"))
        }
    }

    // MARK: - Lists

    @Test func filters() async throws {
        try await TestServer().runWithOrders { server in
            let correlation = "01890a5d-ac96-774b-bcce-b302099a8058"
            let special = try await server.order(
                1,
                [
                    "initiator": "web", "source_system": "till", "tags": ["gift", "rush"],
                    "correlation_id": .string(correlation),
                ])
            let plain = try await server.order(2)
            let cancelled = try await server.order(3)
            _ = try await server.send(.delete, "/v1/tasks/\(cancelled.taskID)")

            func ids(_ query: String) async throws -> Set<String> {
                let answer = try await server.get("/v1/tasks?\(query)")
                #expect(answer.status == .ok, "\(query): \(answer.text)")
                return Set(answer["tasks"]?.arrayValue?.compactMap { $0["task_uuid"]?.stringValue } ?? [])
            }
            let all = Set([special, plain, cancelled].map(\.taskID))
            #expect(try await ids("namespace=shop") == all)
            #expect(try await ids("namespace=other") == [])
            #expect(try await ids("name=order&version=1.0.0") == all)
            #expect(try await ids("version=2.0.0") == [])
            #expect(try await ids("initiator=web") == [special.taskID])
            #expect(try await ids("source_system=till") == [special.taskID])
            #expect(try await ids("tag=rush") == [special.taskID])
            #expect(try await ids("correlation_id=\(correlation)") == [special.taskID])
            #expect(try await ids("status=cancelled") == [cancelled.taskID])
            #expect(try await ids("status=cancelled,complete") == [cancelled.taskID])
            #expect(try await ids("status=complete") == [])
            #expect(try await ids("created_after=2000-01-01T00:00:00Z") == all)
            #expect(try await ids("created_before=2000-01-01T00:00:00") == [])
        }
    }

    @Test func leavesContextAndStepsOutUnlessAsked() async throws {
        try await TestServer().runWithOrders { server in
            _ = try await server.order(9)
            let short = try await server.get("/v1/tasks")["tasks"]?[0]
            #expect(short?["context"] == nil)
            #expect(short?["steps"] == nil)
            #expect(short?["total_steps"] == 2)
            let long = try await server.get("/v1/tasks?include=context,steps")["tasks"]?[0]
            #expect(long?["context"] == ["order_id": 9])
            #expect(long?["steps"]?.arrayValue?.map { $0["name"] } == ["check", "pay"])
        }
    }

    @Test func turnsPages() async throws {
        try await TestServer().runWithOrders { server in
            var made: [String] = []
            for number in 1...5 { made.append(try await server.order(number).taskID) }
            var seen: [String] = []
            for page in 1...3 {
                let answer = try await server.get("/v1/tasks?page=\(page)&per_page=2&sort=created_at")
                seen += answer["tasks"]?.arrayValue?.compactMap { $0["task_uuid"]?.stringValue } ?? []
                let pagination = answer["pagination"]
                #expect(pagination?["page"] == .number(page))
                #expect(pagination?["per_page"] == 2)
                #expect(pagination?["total_count"] == 5)
                #expect(pagination?["total_pages"] == 3)
                #expect(pagination?["has_next"] == .bool(page < 3))
                #expect(pagination?["has_previous"] == .bool(page > 1))
            }
            #expect(seen == made)
            let newestFirst = try await server.get("/v1/tasks")["tasks"]?.arrayValue
            #expect(newestFirst?.compactMap { $0["task_uuid"]?.stringValue } == made.reversed())
        }
    }

    @Test(arguments: [
        "page=0", "page=x", "per_page=0", "per_page=101", "page=200&per_page=100", "status=finished",
        "created_after=yesterday", "correlation_id=7", "sort=colour", "colour=red", "include=colour",
    ])
    func refusesABadList(_ query: String) async throws {
        try await TestServer().run { server in
            let answer = try await server.get("/v1/tasks?\(query)")
            #expect(answer.status == .badRequest)
            #expect(answer.header("Content-Type") == "application/problem+json")
            let parameter = String(query.prefix { $0 != "=" })
            #expect(answer.detail.contains(parameter) || parameter == "status", "\(answer.detail)")
        }
    }

    // MARK: - Cancelling

    @Test func cancels() async throws {
        try await TestServer().runWithOrders { server in
            let task = try await server.order()
            let answer = try await server.send(
                .delete, "/v1/tasks/\(task.taskID)", headers: [.contentType: "application/json"],
                body: Array(#"{"reason": "changed my mind", "cancelled_by": "ann"}"#.utf8))
            #expect(answer.status == .ok)
            #expect(answer["status"] == "cancelled")
            #expect(answer["cancelled_steps"] == 2)
            let again = try await server.send(.delete, "/v1/tasks/\(task.taskID)")
            #expect(again.status == .badRequest)
            #expect(again.code == "BAD_REQUEST")
            #expect(again.detail.contains("cancelled"))
        }
    }

    @Test func cancelsWithAReasonInTheQuery() async throws {
        try await TestServer().runWithOrders { server in
            let task = try await server.order()
            let answer = try await server.send(.delete, "/v1/tasks/\(task.taskID)?reason=late&cancelled_by=ann")
            #expect(answer["status"] == "cancelled")
        }
    }

    @Test func doesNotCancelWhatIsOver() async throws {
        try await TestServer().runWithOrders { server in
            try await ScriptedWorker(callables: orderHandlers).run(on: server) {
                let task = try await server.finishedOrder()
                let answer = try await server.send(.delete, "/v1/tasks/\(task.taskID)")
                #expect(answer.status == .badRequest)
                #expect(answer.detail.contains("complete"))
                #expect(try await server.get("/v1/tasks/\(task.taskID)")["status"] == "complete")
            }
        }
    }

    @Test func refusesToCancelOnABadRequest() async throws {
        try await TestServer().runWithOrders { server in
            let task = try await server.order()
            #expect(try await server.send(.delete, "/v1/tasks/\(Self.nobody)").status == .notFound)
            #expect(try await server.send(.delete, "/v1/tasks/x").code == "INVALID_UUID")
            let path = "/v1/tasks/\(task.taskID)"
            #expect(try await server.send(.delete, path, body: Array("[1]".utf8)).code == "JSON_ERROR")
            #expect(try await server.send(.delete, "\(path)?force=true").status == .badRequest)
            #expect(try await server.get(path)["status"] != "cancelled")
        }
    }
}
