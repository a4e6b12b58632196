import HTTPTypes
import TaskerProtocol
import Testing

@Suite("What all responses share", .timeLimit(.minutes(5)))
struct ResponseTests {
    private func get(_ path: String, requestID: String) async throws -> Answer {
        try await TestServer().send(.get, path, headers: [.init("X-Request-Id")!: requestID])
    }

    @Test(arguments: ["/livez", "/nowhere", "/v1/tasks/x"])
    func carriesTheCommonHeaders(_ path: String) async throws {
        let answer = try await get(path, requestID: "req-17")
        #expect(answer.header("X-Request-Id") == "req-17")
        #expect(answer.header("X-Content-Type-Options") == "nosniff")
        #expect(answer.header("Cache-Control") == "no-store")
    }

    @Test(arguments: ["with space", String(repeating: "x", count: 129)])
    func replacesABadRequestID(_ sent: String) async throws {
        let answer = try await get("/livez", requestID: sent)
        let id = answer.header("X-Request-Id") ?? ""
        #expect(id != sent)
        #expect(!id.isEmpty)
        let other = try await TestServer().get("/livez").header("X-Request-Id")
        #expect(other != nil)
        #expect(other != id)
    }

    @Test func shapesProblems() async throws {
        let path = "/v1/tasks/x"
        let problem = try await get("\(path)?wait_seconds=1", requestID: "req-17")
        #expect(problem.header("Content-Type") == "application/problem+json")
        #expect(problem["type"] == "urn:tasker:error:invalid-uuid")
        #expect(problem["title"]?.stringValue?.isEmpty == false)
        #expect(problem["status"] == .number(problem.status.code))
        #expect(problem["instance"] == .string(path))
        #expect(problem["code"] == "INVALID_UUID")
        #expect(problem["request_id"] == "req-17")
        // For clients of older servers.
        #expect(problem["error"] == ["code": "INVALID_UUID", "message": .string(problem.detail)])
    }

    @Test(arguments: ["/", "/v1", "/v1/nothing", "/v2/tasks", "/v1/tasks/x/y/z", "/%00"])
    func answersUnknownPathsWithAProblem(_ path: String) async throws {
        let answer = try await TestServer().get(path)
        #expect(answer.status == .notFound)
        #expect(answer.header("Content-Type") == "application/problem+json")
        #expect(answer.code == "NOT_FOUND")
        #expect(answer.hint.contains("/v1"))
    }

    @Test(arguments: [
        (HTTPRequest.Method.put, "/v1/tasks", "GET, POST"), (.post, "/v1/tasks/x", "DELETE, GET"),
        (.delete, "/v1/templates/shop/order/1.0.0", "GET"), (.post, "/readyz", "GET"), (.patch, "/v1/dlq", "GET"),
    ])
    func saysWhatAPathAllows(_ method: HTTPRequest.Method, _ path: String, _ allowed: String) async throws {
        let answer = try await TestServer().send(method, path)
        #expect(answer.status == .methodNotAllowed)
        #expect(answer.code == "METHOD_NOT_ALLOWED")
        #expect(answer.header("Allow") == allowed)
        #expect(answer.detail.contains(allowed))
    }
}
