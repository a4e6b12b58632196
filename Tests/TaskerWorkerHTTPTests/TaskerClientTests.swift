import Testing

@testable import TaskerWorkerHTTP

@Suite(.timeLimit(.minutes(2))) struct TaskerClientTests {
    /// A server that answers by path.
    func serving(
        _ answers: @escaping @Sendable (LocalServer.Request) -> (Int, JSONValue),
        _ body: (LocalServer, TaskerClient) async throws -> Void
    ) async throws {
        try await LocalServer.run({ request in
            let (status, json) = answers(request)
            return ServerBehaviour(
                status: status, headers: [("Content-Type", "application/json")], body: json.canonicalBytes)
        }) { server in
            try await body(
                server,
                TaskerClient(
                    baseURL: server.url + "/", timeout: nil, headers: [:], httpClient: nil,
                    environment: { ["TASKER_API_KEY": "k", "TASKER_AUTH_TOKEN": "t"][$0] }))
        }
    }

    @Test func createsTasksWithDefaults() async throws {
        try await serving({ _ in (201, ["task_uuid": "u", "status": "pending", "total_steps": 3]) }) { server, client in
            let task = try await client.createTask("order", context: ["id": 7], options: ["priority": 5])
            #expect((task.id, task.status, task.totalSteps, task.completedSteps) == ("u", "pending", 3, 0))
            let request = try #require(server.requests.first)
            #expect((request.method, request.path) == ("POST", "/v1/tasks"))
            #expect(request.headers["x-api-key"] == "k")
            #expect(request.headers["authorization"] == "Bearer t")
            #expect(
                try JSONValue(parsing: request.body) == [
                    "name": "order", "namespace": "default", "version": "1.0.0", "context": ["id": 7],
                    "initiator": "tasker-core-swift", "source_system": "tasker-core", "reason": "Task requested",
                    "priority": 5,
                ])
        }
    }

    /// 250 tasks named by their place.
    @Sendable func pages(_ request: LocalServer.Request) -> (Int, JSONValue) {
        let pairs = request.path.split(separator: "?").last?.split(separator: "&") ?? []
        func number(_ name: String) -> Int {
            pairs.first { $0.hasPrefix("\(name)=") }.flatMap { Int($0.dropFirst(name.count + 1)) } ?? 0
        }
        let (page, size) = (number("page"), number("per_page"))
        let places = ((page - 1) * size)..<min(page * size, 250)
        return (
            200,
            [
                "tasks": .array(places.map { ["name": .string(String($0))] }),
                "pagination": [
                    "page": .number(page), "per_page": .number(size), "total_count": 250,
                    "has_next": .bool(page * size < 250),
                ],
            ]
        )
    }

    @Test func joinsPages() async throws {
        try await serving(pages) { server, client in
            let plain = try await client.tasks(limit: 50, offset: 50, namespace: "shop", status: "complete")
            #expect(plain.tasks.map(\.name) == (50..<100).map(String.init))
            #expect(server.requests.map(\.path) == ["/v1/tasks?namespace=shop&page=2&per_page=50&status=complete"])
            let joined = try await client.tasks(limit: 120, offset: 90)
            #expect(joined.tasks.map(\.name) == (90..<210).map(String.init))
            #expect(joined.pagination.hasNext && joined.pagination.totalCount == 250)
            let end = try await client.tasks(limit: 200, offset: 200)
            #expect(end.tasks.map(\.name) == (200..<250).map(String.init))
            #expect(!end.pagination.hasNext)
        }
    }

    @Test func looksAtStepsAndCancels() async throws {
        try await serving({ request in
            switch (request.method, request.path) {
            case ("DELETE", "/v1/tasks/u"): (200, ["task_uuid": "u", "status": "cancelled"])
            case (_, "/v1/tasks/u/workflow_steps"): (200, [["name": "a", "attempts": 2]])
            case (_, "/v1/tasks/u/workflow_steps/a"): (200, ["workflow_step_uuid": "s", "results": ["x": 1]])
            case (_, "/v1/tasks/u/workflow_steps/a/audit"): (200, [["kind": "result"]])
            case (_, "/health"): (200, ["status": "healthy"])
            default: (404, [:])
            }
        }) { _, client in
            #expect(try await client.cancelTask("u").status == "cancelled")
            #expect(try await client.steps(ofTask: "u").map(\.attempts) == [2])
            let step = try await client.step("a", ofTask: "u")
            #expect((step.id, step.results) == ("s", ["x": 1]))
            #expect(try await client.audit(ofStep: "a", task: "u").count == 1)
            #expect(try await client.health()["status"] == "healthy")
        }
    }

    @Test func explainsRefusals() async throws {
        try await serving({ _ in
            (
                422,
                [
                    "title": "The request is not valid", "detail": "the context is not valid",
                    "code": "VALIDATION_FAILED",
                    "errors": [["pointer": "/context/id", "message": "is missing"]],
                ]
            )
        }) { _, client in
            let error = await #expect(throws: TaskerClientError.self) { try await client.createTask("x") }
            #expect(error?.message == "HTTP 422: the context is not valid; /context/id: is missing")
            #expect((error?.statusCode, error?.code) == (422, "VALIDATION_FAILED"))
        }
    }

    @Test func saysThatNobodyAnswers() async throws {
        let client = try TaskerClient(baseURL: "http://127.0.0.1:\(try await LocalServer.unusedPort())")
        let error = await #expect(throws: TaskerClientError.self) { try await client.task("u") }
        #expect(error?.message.contains("is it running, and is TASKER_ORCHESTRATION_URL right?") == true)
    }

    @Test func refusesATimeoutThatIsNone() {
        let error = #expect(throws: TaskerClientError.self) {
            try TaskerClient(
                baseURL: nil, timeout: nil, headers: [:], httpClient: nil,
                environment: { $0 == "TASKER_ORCHESTRATION_TIMEOUT_MS" ? "soon" : nil })
        }
        #expect(error?.message.contains("positive number of milliseconds") == true)
    }
}
