import HTTPTypes
import TaskerOrchestrator
import TaskerProtocol
import Testing

@Suite("POST /v1/tasks", .timeLimit(.minutes(5)))
struct CreateTaskTests {
    @Test func answersWithTheTaskAndItsPlace() async throws {
        try await TestServer().runWithOrders { server in
            let answer = try await server.post(
                "/v1/tasks", orderRequest(7, ["tags": ["gift"], "priority": 5, "initiator": "web"]))
            #expect(answer.status == .created)
            #expect(answer.header("Location") == "/v1/tasks/\(answer.taskID)")
            #expect(answer.header("Idempotent-Replayed") == nil)
            #expect(answer.header("X-Tasker-Warnings") == nil)
            #expect(answer["namespace"] == "shop")
            #expect(answer["version"] == "1.0.0")
            #expect(answer["context"] == ["order_id": 7])
            #expect(answer["tags"] == ["gift"])
            #expect(answer["priority"] == 5)
            #expect(answer["initiator"] == "web")
            #expect(answer["source_system"] == "api")
            #expect(answer["reason"] == "Task requested")
            #expect(answer["total_steps"] == 2)
            #expect(answer["completion_percentage"]?.doubleValue == 0)
            #expect(answer["steps"]?.arrayValue?.map { $0["name"] } == ["check", "pay"])
            let stored = try await server.get(answer.header("Location") ?? "")
            #expect(stored.status == .ok)
            #expect(stored.taskID == answer.taskID)
        }
    }

    @Test func waitsForTheEndIfAsked() async throws {
        try await TestServer().runWithOrders { server in
            try await ScriptedWorker(callables: orderHandlers).run(on: server) {
                let answer = try await server.finishedOrder()
                #expect(answer.status == .created)
                #expect(answer["status"] == "complete")
                #expect(answer["completion_percentage"]?.doubleValue == 100)
                #expect(answer["execution_status"] == "all_complete")
                #expect(answer["completed_at"]?.stringValue != nil)
            }
        }
    }

    // MARK: - Idempotency

    @Test func replaysTheSameRequestUnderAKey() async throws {
        try await TestServer().runWithOrders { server in
            let first = try await server.post(
                "/v1/tasks", orderRequest(), headers: [.init("Idempotency-Key")!: "basket-1"])
            #expect(first.status == .created)
            let byHeader = try await server.post(
                "/v1/tasks", orderRequest(), headers: [.init("Idempotency-Key")!: "basket-1"])
            let byMember = try await server.post("/v1/tasks", orderRequest(1, ["idempotency_key": "basket-1"]))
            for replay in [byHeader, byMember] {
                #expect(replay.status == .ok)
                #expect(replay.header("Idempotent-Replayed") == "true")
                #expect(replay.header("Location") == first.header("Location"))
                #expect(replay.taskID == first.taskID)
            }
            #expect(try await server.get("/v1/tasks")["pagination"]?["total_count"] == 1)
        }
    }

    @Test func refusesAnotherRequestUnderAKey() async throws {
        try await TestServer().runWithOrders { server in
            let first = try await server.order(1, ["idempotency_key": "basket-1"])
            let other = try await server.post("/v1/tasks", orderRequest(2, ["idempotency_key": "basket-1"]))
            #expect(other.status == .conflict)
            #expect(other.code == "CONFLICT")
            #expect(other["existing_task_uuid"]?.stringValue == first.taskID)
        }
    }

    @Test func refusesTwoDifferentKeys() async throws {
        try await TestServer().runWithOrders { server in
            let answer = try await server.post(
                "/v1/tasks", orderRequest(1, ["idempotency_key": "one"]), headers: [.init("Idempotency-Key")!: "two"])
            #expect(answer.status == .badRequest)
            #expect(answer.detail.contains("differ"))
        }
    }

    @Test func concurrentRequestsUnderAKeyMakeOneTask() async throws {
        try await TestServer().runWithOrders { server in
            let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
                for _ in 0..<8 {
                    group.addTask { try await server.post("/v1/tasks", orderRequest(1, ["idempotency_key": "k"])) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(answers.map(\.taskID)).count == 1)
            #expect(answers.count { $0.status == .created } == 1)
            #expect(answers.count { $0.status == .ok } == 7)
        }
    }

    // MARK: - Refusals

    @Test func namesTheNearestTemplates() async throws {
        try await TestServer().runWithOrders { server in
            let name = try await server.post("/v1/tasks", ["name": "ordr", "namespace": "shop"])
            #expect(name.status == .notFound)
            #expect(name.code == "NOT_FOUND")
            #expect(name.detail.contains("shop/ordr"))
            #expect(name.hint.contains("shop/order"))
            let version = try await server.post("/v1/tasks", orderRequest(1, ["version": "9.0.0"]))
            #expect(version.status == .notFound)
            #expect(version.hint.contains("1.0.0"))
        }
    }

    @Test func pointsAtEveryMemberThatIsWrong() async throws {
        try await TestServer().runWithOrders { server in
            let answer = try await server.post(
                "/v1/tasks",
                [
                    "namespace": 3, "context": [], "priority": 1000, "tags": "gift", "correlation_id": "no",
                    "requested_at": "soon", "reason": .string(String(repeating: "x", count: 501)),
                ])
            #expect(answer.status == .unprocessableContent)
            #expect(answer.code == "VALIDATION_FAILED")
            #expect(
                Set(answer.pointers) == [
                    "/name", "/namespace", "/context", "/priority", "/tags", "/correlation_id", "/requested_at",
                    "/reason",
                ])
            let array = try await server.post("/v1/tasks", [1])
            #expect(array.status == .unprocessableContent)
            #expect(array.pointers == [""])
        }
    }

    @Test func checksTheContextAgainstTheInputSchema() async throws {
        try await TestServer().runWithOrders { server in
            let wrong = try await server.post("/v1/tasks", orderRequest(0))
            #expect(wrong.status == .unprocessableContent)
            #expect(wrong.code == "VALIDATION_FAILED")
            #expect(wrong.pointers == ["/context/order_id"])
            #expect(wrong["errors"]?[0]?["keyword"] == "minimum")
            let missing = try await server.post("/v1/tasks", ["name": "order", "namespace": "shop"])
            #expect(missing.status == .unprocessableContent)
            #expect(missing["errors"]?[0]?["keyword"] == "required")
            #expect(missing.pointers.allSatisfy { $0.hasPrefix("/context") })
            #expect(try await server.get("/v1/tasks")["pagination"]?["total_count"] == 0)
        }
    }

    @Test(arguments: [
        #"{"name": "order","#,
        "",
        #"{"name": "order", "namespace": "shop", "name": "other"}"#,
        #"{"context": {"a": {"b": 1, "b": 2}}}"#,
        #"{"name": "order", "namespace": "shop", "context": {"deep": \#(nested(100))}}"#,
        #"{"priority": 1e999}"#,
        #"{"name": "order"} trailing"#,
    ])
    func refusesBadJSON(_ body: String) async throws {
        try await TestServer().runWithOrders { server in
            let answer = try await server.post("/v1/tasks", text: body)
            #expect(answer.status == .badRequest)
            #expect(answer.code == "JSON_ERROR")
            #expect(!answer.detail.isEmpty)
        }
    }

    @Test(arguments: [true, false])
    func refusesALargeBody(isLengthDeclared: Bool) async throws {
        try await TestServer().runWithOrders { server in
            let text = #"{"name": "\#(String(repeating: "x", count: 2 * 1_048_576))"}"#
            let answer = try await server.post(
                "/v1/tasks", text: text, headers: isLengthDeclared ? [.contentLength: "\(text.utf8.count)"] : [:])
            #expect(answer.status == .contentTooLarge)
            #expect(answer.code == "PAYLOAD_TOO_LARGE")
            #expect(answer.detail.contains("1 MiB"))
        }
    }

    @Test func takesOnlyJSON() async throws {
        try await TestServer().runWithOrders { server in
            let text = orderRequest().canonicalText
            for type in ["text/plain", "application/yaml", "application/jsonl"] {
                let answer = try await server.post("/v1/tasks", text: text, type: type)
                #expect(answer.status == .unsupportedMediaType, "\(type)")
                #expect(answer.code == "UNSUPPORTED_MEDIA_TYPE")
                #expect(answer.detail.contains(type))
            }
            for type in ["application/json; charset=utf-8", "Application/JSON"] {
                #expect(try await server.post("/v1/tasks", text: text, type: type).status == .created, "\(type)")
            }
        }
    }

    @Test func warnsOfMembersItDoesNotKnow() async throws {
        try await TestServer().runWithOrders { server in
            let answer = try await server.order(1, ["colour": "red", "a/b~c": 1])
            let pointers = answer.header("X-Tasker-Warnings")?.split(separator: ", ").map(String.init) ?? []
            #expect(Set(pointers) == ["/colour", "/a~1b~0c"])
        }
    }

    @Test func refusesUnknownQueryParameters() async throws {
        try await TestServer().runWithOrders { server in
            let unknown = try await server.post("/v1/tasks?wait=3", orderRequest())
            #expect(unknown.status == .badRequest)
            #expect(unknown.detail.contains("'wait'"))
            #expect(unknown.detail.contains("wait_seconds"))
            #expect(try await server.post("/v1/tasks?wait_seconds=31", orderRequest()).status == .badRequest)
            #expect(try await server.get("/v1/tasks")["pagination"]?["total_count"] == 0)
        }
    }

    @Test func refusesMoreThanANamespaceMayHaveOpen() async throws {
        try await TestServer(settings: { $0.backpressure.openTasksPerNamespace = 1 }).runWithOrders { server in
            _ = try await server.order()
            let answer = try await server.post("/v1/tasks", orderRequest())
            #expect(answer.status == .tooManyRequests)
            #expect(answer.code == "BACKPRESSURE")
            let seconds = answer["error"]?["retry_after_seconds"]?.integerValue
            #expect(seconds.map { (1...60).contains($0) } == true)
            #expect(answer.header("Retry-After") == seconds.map { "\($0)" })
        }
    }
}

private func nested(_ levels: Int) -> String {
    String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
}
