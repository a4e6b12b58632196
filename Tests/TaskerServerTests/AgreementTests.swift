import HTTPTypes
import TaskerProtocol
import TaskerServer
import TaskerStore
import Testing

/// What callers and server agree on before any route acts: types, time, paths, size.
@Suite("Terms of a request", .timeLimit(.minutes(5)))
struct AgreementTests {
    // MARK: - 406

    @Test(arguments: [
        "application/json", "*/*", "application/*;q=0.2", "text/html, application/xhtml+xml, */*;q=0.8",
        "Application/JSON; charset=utf-8",
    ])
    func givesJSONToWhoeverTakesIt(_ accept: String) async throws {
        try await TestServer().run { server in
            let answer = try await server.send(.get, "/v1/tasks", headers: [.accept: accept])
            #expect(answer.status == .ok)
        }
    }

    @Test(arguments: ["text/html", "image/*", "application/xml, text/*", "application/json;q=0", "application/json2"])
    func refusesTypesThatItDoesNotHave(_ accept: String) async throws {
        try await TestServer().runWithOrders { server in
            let answer = try await server.send(.get, "/v1/tasks", headers: [.accept: accept])
            #expect(answer.status == .notAcceptable)
            #expect(answer.code == "NOT_ACCEPTABLE")
            #expect(answer.hint.contains("application/json"))
            // Nothing was done.
            let created = try await server.post("/v1/tasks", orderRequest(), headers: [.accept: accept])
            #expect(created.status == .notAcceptable)
            #expect(try await server.get("/v1/tasks")["pagination"]?["total_count"] == 0)
            // Probes and scrapers are not asked.
            #expect(try await server.send(.get, "/livez", headers: [.accept: accept]).status == .ok)
            #expect(try await server.send(.get, "/metrics", headers: [.accept: accept]).status == .ok)
        }
    }

    @Test func theEventStreamHasATypeOfItsOwn() async throws {
        try await TestServer().runWithOrders { server in
            try await ScriptedWorker(callables: orderHandlers).run(on: server) {
                let path = "/v1/events?task_uuid=\(try await server.finishedOrder().taskID)"
                #expect(
                    try await server.send(.get, path, headers: [.accept: "text/event-stream"]).status == .ok)
                let refused = try await server.send(.get, path, headers: [.accept: "application/json"])
                #expect(refused.status == .notAcceptable)
                #expect(refused.hint.contains("text/event-stream"))
            }
        }
    }

    @Test func theMostWantedGraphComesFirst() async throws {
        try await TestServer().runWithOrders { server in
            let path = "/v1/templates/shop/order/latest/graph"
            let answer = try await server.send(
                .get, path, headers: [.accept: "*/*;q=0.1, text/vnd.graphviz;q=0.5, image/svg+xml;q=0.9"])
            #expect(answer.header("Content-Type")?.hasPrefix("image/svg+xml") == true)
            let none = try await server.send(.get, path, headers: [.accept: "image/svg+xml;q=0"])
            #expect(none.status == .notAcceptable)
        }
    }

    // MARK: - 404, 408, 413, 503

    @Test(arguments: [
        ("/v1/task/0190f7a2-0000-7000-8000-000000000000", "/v1/tasks/{uuid}"), ("/v1/taks", "/v1/tasks"),
        ("/tasks", "/v1/tasks"), ("/v2/workers", "/v1/workers"), ("/api/v1/queues", "/v1/queues"),
        ("/v1/tasks/x/workflow_steps/check/audits", "/v1/tasks/{uuid}/workflow_steps/{step}/audit"),
        ("/v1/analytics/bottleneck", "/v1/analytics/bottlenecks"), ("/heath", "/health"),
    ])
    func namesTheNearestPath(_ path: String, _ nearest: String) async throws {
        let answer = try await TestServer().get(path)
        #expect(answer.status == .notFound)
        #expect(answer.hint.hasPrefix("The nearest path is \(nearest). "), "\(answer.hint)")
    }

    @Test(arguments: ["/v1/tasks", "/v1/templates", "/v1/tasks/0190f7a2-0000-7000-8000-000000000000/retry"])
    func waitsForABodyOnlySoLong(_ path: String) async throws {
        try await TestServer(server: { $0.bodyTimeout = .milliseconds(20) }).run { server in
            let answer = try await server.send(
                .post, path, headers: [.contentType: "application/json"], body: Array("{".utf8), bodyEnds: false)
            #expect(answer.status == .requestTimeout)
            #expect(answer.code == "TIMEOUT")
            #expect(!answer.hint.isEmpty)
        }
    }

    @Test(arguments: [HTTPRequest.Method.post, .put, .patch, .delete])
    func takesNoLargeBodyOfAnyMethod(_ method: HTTPRequest.Method) async throws {
        let path: String =
            switch method {
            case .put: "/v1/routes/shop/CheckOrder"
            case .patch: "/v1/dlq/entry/\(unknownID)"
            case .delete: "/v1/tasks/\(unknownID)"
            default: "/v1/tasks/\(unknownID)/retry"
            }
        let answer = try await TestServer().send(
            method, path, headers: [.contentType: "application/json"],
            body: [UInt8](repeating: UInt8(ascii: " "), count: 1_048_577))
        #expect(answer.status == .contentTooLarge)
        #expect(answer.code == "PAYLOAD_TOO_LARGE")
    }

    @Test func saysWhenToComeBackWhileTheStoreIsAway() async throws {
        let server = TestServer()
        await server.store.close()
        for path in ["/v1/tasks", "/v1/tasks/\(unknownID)", "/v1/templates", "/v1/dlq", "/v1/dlq/stats"] {
            let answer = try await server.get(path)
            #expect(answer.status == .serviceUnavailable, "\(path)")
            #expect(answer.code == "SERVICE_UNAVAILABLE", "\(path)")
            #expect(answer.header("Retry-After") == "1", "\(path)")
            #expect(answer["error"]?["retry_after_seconds"] == 1, "\(path)")
            // The store's own words stay here.
            #expect(!answer.text.contains("closed"), "\(path)")
        }
    }

    // MARK: - Limits of JSON

    @Test func takesWhatIsJustWithinTheLimits() async throws {
        try await TestServer().runWithOrders { server in
            // The request's object and the context are two levels.
            let deep = String(repeating: "[", count: 62) + String(repeating: "]", count: 62)
            let long = "\"" + String(repeating: "x", count: 262_144) + "\""
            let many = "[" + Array(repeating: "1", count: 10_000).joined(separator: ",") + "]"
            for value in [deep, long, many, "9223372036854775807", "-9223372036854775808", "1.7e308"] {
                let answer = try await server.post("/v1/tasks", text: Self.order(with: value))
                #expect(answer.status == .created, "\(value.prefix(40)): \(answer.text.prefix(200))")
            }
        }
    }

    @Test func refusesWhatIsJustPastThem() async throws {
        try await TestServer().runWithOrders { server in
            let deep = String(repeating: "[", count: 63) + String(repeating: "]", count: 63)
            let long = "\"" + String(repeating: "x", count: 262_145) + "\""
            let many = "[" + Array(repeating: "1", count: 10_001).joined(separator: ",") + "]"
            let members = "{" + (0...10_000).map { "\"m\($0)\":1" }.joined(separator: ",") + "}"
            for value in [deep, long, many, members, "9223372036854775808", "1e999", "{\"a\":1,\"a\":1}"] {
                let answer = try await server.post("/v1/tasks", text: Self.order(with: value))
                #expect(answer.status == .badRequest, "\(value.prefix(40))")
                #expect(answer.code == "JSON_ERROR", "\(value.prefix(40))")
            }
            #expect(try await server.get("/v1/tasks")["pagination"]?["total_count"] == 0)
        }
    }

    private static func order(with value: String) -> String {
        #"{"name":"order","namespace":"shop","context":{"order_id":1,"more":\#(value)}}"#
    }

    // MARK: - Warnings

    @Test func namesIgnoredMembersInsideOthers() async throws {
        try await TestServer().runWithOrders { server in
            let route = try await server.put(
                "/v1/routes/shop/CheckOrder", ["queues": [["queue": "desk", "colour": "red"]], "note": "x"])
            #expect(route.header("X-Tasker-Warnings") == "/note, /queues/0/colour")
            let path = "/v1/tasks/\(try await server.order().taskID)/workflow_steps/check"
            let step = try await server.patch(
                path,
                [
                    "action_type": "complete_manually", "reason": "x", "completed_by": "anna",
                    "completion_data": ["result": 1, "colour": "red"],
                ])
            #expect(step.header("X-Tasker-Warnings") == "/completion_data/colour")
        }
    }
}
