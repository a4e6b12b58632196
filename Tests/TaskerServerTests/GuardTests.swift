import HTTPTypes
import TaskerProtocol
import TaskerServer
import Testing

@Suite("Limits that hold for every request", .timeLimit(.minutes(5)))
struct GuardTests {
    @Test func answersOnlyAsALoopbackName() async throws {
        let server = TestServer()
        for host in ["localhost", "localhost:8080", "127.0.0.1:8080", "127.8.9.1", "[::1]:8080", "a.localhost"] {
            #expect(try await server.send(.get, "/livez", host: host).status == .ok, "\(host)")
        }
        for host in ["example.com", "localhost.example.com", "127.0.0.1.example.com", "192.168.0.1", "", "[::2]"] {
            let answer = try await server.send(.get, "/livez", host: host)
            #expect(answer.status == .forbidden, "\(host)")
            #expect(answer.code == "FORBIDDEN_HOST", "\(host)")
        }
        let open = TestServer(server: { $0.checksHost = false })
        #expect(try await open.send(.get, "/livez", host: "example.com").status == .ok)
    }

    @Test func refusesWhatIsTooLarge() async throws {
        let server = TestServer()
        #expect(try await server.get("/livez?x=\(String(repeating: "a", count: 9000))").status == .badRequest)
        let large = try await server.send(
            .get, "/livez", headers: [HTTPField.Name("X-Large")!: String(repeating: "a", count: 33_000)])
        #expect(large.status == .badRequest)
        let packed = try await server.send(
            .post, "/v1/tasks", headers: [.contentType: "application/json", .contentEncoding: "gzip"], body: [1])
        #expect(packed.status == .unsupportedMediaType)
    }

    @Test func otherMethodsAreNamed() async throws {
        let server = TestServer()
        let answer = try await server.send(.put, "/v1/tasks")
        #expect(answer.status == .methodNotAllowed)
        #expect(answer.header("Allow") == "GET, POST")
        #expect(try await server.send(.options, "/v1/dlq").status == .methodNotAllowed)
    }

    @Test func aRepeatedPostHasOneEffect() async throws {
        try await TestServer().runWithOrders { server in
            let path = "/v1/dlq/task/\(try await server.order().taskID)"
            let key: HTTPFields = [HTTPField.Name("Idempotency-Key")!: "k1"]
            let first = try await server.post(path, ["by": "anna"], headers: key)
            #expect(first.status == .created)
            #expect(first.header("Idempotent-Replayed") == nil)
            let again = try await server.post(path, ["by": "anna"], headers: key)
            #expect(again.status == .created)
            #expect(again.text == first.text)
            #expect(again.header("Idempotent-Replayed") == "true")
            #expect(try await server.post(path, ["by": "bert"], headers: key).status == .conflict)
            #expect(try await server.post(path, ["by": "anna"]).status == .conflict)
            let bad: HTTPFields = [HTTPField.Name("Idempotency-Key")!: "with blanks"]
            #expect(try await server.post(path, ["by": "anna"], headers: bad).status == .badRequest)
            // Two at once.
            let other = "/v1/dlq/task/\(try await server.order(2).taskID)"
            let both: HTTPFields = [HTTPField.Name("Idempotency-Key")!: "k2"]
            async let left = server.post(other, ["by": "anna"], headers: both)
            async let right = server.post(other, ["by": "anna"], headers: both)
            let answers = try await [left, right]
            #expect(answers.map(\.status) == [.created, .created])
            #expect(answers[0].text == answers[1].text)
        }
    }
}
