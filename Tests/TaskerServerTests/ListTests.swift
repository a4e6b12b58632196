import HTTPTypes
import TaskerProtocol
import Testing

@Suite("Lists of tasks, workers and routes", .timeLimit(.minutes(5)))
struct ListTests {
    private func ids(_ server: TestServer, _ query: String) async throws -> [String] {
        let answer = try await server.get("/v1/tasks?\(query)")
        #expect(answer.status == .ok, "\(query): \(answer.text)")
        return answer["tasks"]?.arrayValue?.compactMap { $0["task_uuid"]?.stringValue } ?? []
    }

    @Test func sorts() async throws {
        try await TestServer().runWithOrders { server in
            var made: [String] = []
            for (number, priority) in [(1, 5), (2, -5), (3, 50)] {
                made.append(try await server.order(number, ["priority": .number(priority)]).taskID)
            }
            #expect(try await ids(server, "sort=created_at") == made)
            #expect(try await ids(server, "sort=-created_at") == made.reversed())
            #expect(try await ids(server, "") == made.reversed())
            #expect(try await ids(server, "sort=priority") == [2, 0, 1].map { made[$0] })
            // Whatever changed last comes first.
            #expect(try await server.post("/v1/tasks/\(made[0])/resolve").status == .ok)
            #expect(try await ids(server, "sort=updated_at").first == made[0])
            #expect(try await ids(server, "sort=updated_at&status=resolved_manually") == [made[0]])
            let early = try await server.get("/v1/tasks/\(made[1])")["created_at"]?.stringValue ?? ""
            #expect(try await ids(server, "sort=created_at&created_after=\(early)").suffix(1) == [made[2]])
            #expect(try await ids(server, "created_before=\(early)").contains(made[1]) == false)
        }
    }

    @Test func tellsWhenTheNextRetryIsDue() async throws {
        let template = orderTemplate.replacing(
            "handler: { callable: CheckOrder }",
            with: "handler: { callable: CheckOrder }\n    retry: { max_attempts: 3, backoff_base_ms: 600000 }")
        try await TestServer().run { server in
            let registered = try await server.register(template)
            try #require(registered.status == .created, "\(registered.text)")
            try await ScriptedWorker(callables: orderHandlers, behaviour: ScriptedWorker.failForNow).run(on: server) {
                let path = "/v1/tasks/\(try await server.order().taskID)"
                try await server.wait(for: path, status: "waiting_for_retry")
                let due = try await server.get(path)["next_retry_at"]?.stringValue
                #expect(due != nil)
                let item = try await server.get("/v1/tasks")["tasks"]?[0]
                #expect(item?["next_retry_at"]?.stringValue == due)
                #expect(item?["waiting_retry_steps"] == 1)
            }
            let rest = try await server.order(2)
            let other = try await server.get("/v1/tasks")["tasks"]?[0]
            #expect(other?["task_uuid"]?.stringValue == rest.taskID)
            #expect(other?["next_retry_at"] == .null)
        }
    }

    @Test func waitsForATaskThatIsRead() async throws {
        try await TestServer().runWithOrders { server in
            let path = "/v1/tasks/\(try await server.order().taskID)"
            try await ScriptedWorker(callables: orderHandlers).run(on: server) {
                let task = try await server.get("\(path)?wait_seconds=30")
                #expect(task["status"] == "complete")
            }
            #expect(try await server.get("/v1/tasks/\(unknownID)?wait_seconds=30").status == .notFound)
            for wait in ["-1", "31", "x", ""] {
                #expect(try await server.get("\(path)?wait_seconds=\(wait)").status == .badRequest, "\(wait)")
            }
        }
    }

    @Test func aQueueNamedByTheTemplateIsARoute() async throws {
        let template = orderTemplate.replacing(
            "handler: { callable: CheckOrder }", with: "handler: { callable: CheckOrder, queue: desk }")
        try await TestServer().run { server in
            let registered = try await server.register(template)
            try #require(registered.status == .created, "\(registered.text)")
            // The template wins over an operator.
            let set = try await server.put("/v1/routes/shop/CheckOrder", ["queues": [["queue": "till"]]])
            #expect(set["source"] == "template", "\(set.text)")
            #expect(set["queues"]?.arrayValue?.map { $0["queue"] } == ["desk"])
            let step = "/v1/tasks/\(try await server.order().taskID)/workflow_steps/check"
            #expect(try await server.get(step)["queue"] == "desk")
            let routes = try await server.get("/v1/routes")["routes"]?.arrayValue ?? []
            #expect(routes.first { $0["callable"] == "PayOrder" }?["source"] == "none")
        }
    }

    @Test func refusesAnUnknownStatusOfWorkers() async throws {
        try await TestServer().run { server in
            let answer = try await server.get("/v1/workers?status=asleep")
            #expect(answer.status == .badRequest)
            #expect(answer.detail.contains("active, draining, lost, left"))
            #expect(try await server.get("/v1/workers?status=draining").status == .ok)
        }
    }
}
