import HTTPTypes
import Synchronization
import TaskerProtocol
import TaskerServer
import Testing

/// The router keeps what the OpenAPI document says, and the document says all that the router does.
@Suite("OpenAPI", .timeLimit(.minutes(5)))
struct ContractTests {
    @Test func theServedDocumentIsTheOneOfTheRepository() async throws {
        let contract = try APIContract()
        let server = TestServer()
        #expect(try await server.get("/openapi.yaml").text == contract.text, "run scripts/embed-openapi")
        #expect(try await server.get("/api-docs/openapi.json").json == contract.document)
        let page = try await server.get("/api-docs/ui")
        #expect(page.text.contains("/v1/tasks/{uuid}/why"))
        #expect(!page.text.contains("<script") && !page.text.contains("src="))
    }

    @Test func routesAndParametersAreThoseOfTheDocument() async throws {
        let contract = try APIContract()
        let server = TestServer()
        var routed: Set<String> = []
        for path in Set(server.routes.map(\.path)) {
            let example = path.split(separator: "/").map { $0.hasPrefix("{") ? unknownID : String($0) }
            let answer = try await server.send(.options, "/" + example.joined(separator: "/"))
            for method in (answer.header("Allow") ?? "").split(separator: ", ") { routed.insert("\(method) \(path)") }
        }
        #expect(routed == Set(contract.operations.map { "\($0.method) \($0.path)" }))
        for operation in contract.operations {
            let inPath = Set(
                operation.path.split(separator: "/").filter { $0.hasPrefix("{") }
                    .map { String($0.dropFirst().dropLast()) })
            #expect(contract.parameters(operation, in: "path") == inPath, "\(operation.path)")
            let example = operation.path.split(separator: "/").map { $0.hasPrefix("{") ? unknownID : String($0) }
            let method = try #require(HTTPRequest.Method(operation.method))
            let answer = try await server.send(method, "/" + example.joined(separator: "/") + "?zzz=1")
            #expect(answer.status == .badRequest, "\(operation.method) \(operation.path)")
            let known = answer.detail.split(separator: "known: ").dropFirst().first ?? ""
            let names = Set(known.split(separator: ", ").map(String.init))
            #expect(
                names == contract.parameters(operation, in: "query"), "\(operation.method) \(operation.path)")
        }
    }

    /// Every operation is called, and every answer held against its schema.
    @Test func everyAnswerHasTheShapeOfTheDocument() async throws {
        let contract = try APIContract()
        let seen = Mutex<Set<String>>([])
        @Sendable func check(_ method: HTTPRequest.Method, _ path: String, _ answer: Answer) throws {
            let operation = try #require(contract.operation(method.rawValue, path), "\(method) \(path)")
            let fault = try contract.fault(of: answer, to: operation)
            #expect(fault == nil, "\(method) \(path): \(fault ?? ""): \(answer.text.prefix(2000))")
            seen.withLock { _ = $0.insert("\(operation.method) \(operation.path) \(answer.status.code)") }
        }
        try await TestServer(server: { $0.exposesConfiguration = true }).runWithBlockedOrder { server, path, mended in
            @Sendable func call(
                _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil, headers: HTTPFields = [:]
            ) async throws {
                var headers = headers
                if body != nil { headers[.contentType] = "application/json" }
                let answer = try await server.send(method, path, headers: headers, body: body?.canonicalBytes ?? [])
                try check(method, path, answer)
            }
            let entry = try await server.get("/v1/dlq")
            let entryID = entry.json[0]?["dlq_entry_uuid"]?.stringValue ?? ""
            for rest in [
                "", "/summary", "/why", "/history", "/graph?format=json", "/graph", "/graph?format=svg",
                "/workflow_steps", "/workflow_steps/check", "/workflow_steps/check/audit", "/workflow_steps/none",
                "/steps/check/why", "/steps/pay/why", "/steps/none/why",
            ] { try await call(.get, path + rest) }
            for other in [
                "/v1/tasks", "/v1/tasks?include=context,steps", "/v1/tasks?page=0", "/v1/tasks/\(unknownID)",
                "/v1/tasks/x", "/v1/templates", "/v1/templates/shop/order/latest", "/v1/templates/shop/order/9",
                "/v1/templates/shop/order/latest/graph?format=dot", "/v1/templates/shop/order/latest/graph?format=json",
                "/v1/workers", "/v1/workers/worker-till", "/v1/workers/none", "/v1/routes", "/v1/queues", "/v1/dlq",
                "/v1/dlq/task/\(path.split(separator: "/").last ?? "")", "/v1/dlq/entry/\(entryID)",
                "/v1/dlq/entry/\(unknownID)", "/v1/dlq/stats", "/v1/dlq/investigation-queue", "/v1/dlq/staleness",
                "/v1/analytics/performance", "/v1/analytics/bottlenecks?min_executions=1", "/health", "/health/live",
                "/live", "/livez", "/health/ready", "/ready", "/readyz", "/health/detailed", "/metrics", "/config",
                "/openapi.yaml", "/api-docs/openapi.json", "/api-docs/ui",
            ] { try await call(.get, other) }
            let open = try await server.get("/v1/tasks")
            #expect(open.status == .ok)
            try await call(.patch, "/v1/dlq/entry/\(entryID)", ["resolution_notes": "seen"])
            try await call(.patch, "/v1/dlq/entry/\(entryID)", [:])
            try await call(.put, "/v1/routes/shop/Other", ["queues": [["queue": "desk"]]])
            try await call(.put, "/v1/routes/shop/Other", ["queues": []])
            try await call(.delete, "/v1/routes/shop/Other")
            try await call(.post, "\(path)/give-up")
            try await call(.post, "\(path)/give-up")
            mended.add("check")
            mended.add("pay")
            try await call(.post, "\(path)/retry", ["steps": ["check"]])
            try await server.wait(for: path, status: "complete")
            try await call(.post, "/v1/dlq/entry/\(entryID)/replay")
            try await call(.delete, path)
            let key: HTTPFields = [HTTPField.Name("Idempotency-Key")!: "one"]
            try await call(.post, "/v1/tasks", orderRequest(7), headers: key)
            try await call(.post, "/v1/tasks", orderRequest(7), headers: key)
            try await call(.post, "/v1/tasks", orderRequest(8), headers: key)
            try await call(.post, "/v1/tasks", ["name": "order"])
            try await call(.post, "/v1/templates", ["name": "broken"])
            try await call(.post, "/v1/templates?dry_run=true", ["name": "broken"])
            for _ in 0..<2 {
                try check(
                    .post, "/v1/templates", try await server.register(orderTemplate.replacing("order", with: "o2")))
            }
            let events = "/v1/events?task_uuid=\(path.split(separator: "/").last ?? "")&since=0"
            try check(.get, events, try await server.get(events))
        }
        try await TestServer().runWithBlockedOrder { server, path, mended in
            for name in ["check", "pay"] { mended.add(name) }
            let entry = try await server.get("/v1/dlq")
            let entryID = entry.json[0]?["dlq_entry_uuid"]?.stringValue ?? ""
            let replay = "/v1/dlq/entry/\(entryID)/replay"
            try check(.post, replay, try await server.post(replay))
        }
        try await TestServer().runWithOrders { server in
            let path = "/v1/tasks/\(try await server.order().taskID)"
            let hand = path.replacing("/v1/tasks", with: "/v1/dlq/task")
            try check(.post, hand, try await server.post(hand))
            let body: JSONValue = ["action_type": "resolve_manually", "reason": "x", "resolved_by": "a"]
            let step = "\(path)/workflow_steps/check"
            try check(.patch, step, try await server.patch(step, body))
            try check(.patch, step, try await server.patch(step, body))
            try check(.get, "\(path)/summary", try await server.get("\(path)/summary"))
            try check(.post, "\(path)/resolve", try await server.post("\(path)/resolve"))
            let other = "/v1/tasks/\(try await server.order(2).taskID)"
            try check(.delete, other, try await server.delete(other))
        }
        let stopped = TestServer()
        try check(.get, "/health/ready", try await stopped.get("/health/ready"))
        let wanted = contract.operations.flatMap { operation in
            (operation.content["responses"]?.objectValue ?? [:]).keys.filter { $0.hasPrefix("2") }
                .map { "\(operation.method) \(operation.path) \($0)" }
        }
        #expect(Set(wanted).subtracting(seen.withLock { $0 }) == [])
    }
}
