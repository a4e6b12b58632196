import HTTPTypes
import TaskerOrchestrator
import TaskerProtocol
import Testing

@Suite("Templates", .timeLimit(.minutes(5)))
struct TemplateTests {
    private static let cycle = """
        name: circle
        namespace: shop
        version: "1.0.0"
        step_templates:
          - { name: a, handler: { callable: A }, depends_on_step_name: [b] }
          - { name: b, handler: { callable: B }, depends_on_step_name: [a] }
        """

    /// Warned of, not refused: `retryable: false` with attempts.
    private static let doubtful = """
        name: doubtful
        namespace: shop
        version: "1.0.0"
        step_templates:
          - { name: a, handler: { callable: A }, retry: { retryable: false, max_attempts: 3 } }
        """

    @Test func registersOnce() async throws {
        try await TestServer().run { server in
            let first = try await server.register()
            #expect(first.status == .created)
            #expect(first["name"] == "order")
            #expect(first["namespace"] == "shop")
            #expect(first["version"] == "1.0.0")
            #expect(first["revision"] == 1)
            #expect(first["findings"]?.arrayValue?.contains { $0["severity"] == "error" } == false)
            let second = try await server.register()
            #expect(second.status == .ok)
            #expect(second["hash"] == first["hash"])
            #expect(second["revision"] == 1)
            let changed = try await server.register(orderTemplate.replacing("Never twice", with: "Only once"))
            #expect(changed.status == .created)
            #expect(changed["revision"] == 2)
            #expect(changed["hash"] != first["hash"])
        }
    }

    @Test func refusesOtherContentIfSoConfigured() async throws {
        try await TestServer(settings: { $0.templateConflict = .reject }).run { server in
            try await server.register()
            let answer = try await server.register(orderTemplate.replacing("Never twice", with: "Only once"))
            #expect(answer.status == .conflict)
            #expect(answer.code == "CONFLICT")
        }
    }

    @Test func takesJSON() async throws {
        try await TestServer().run { server in
            let template: JSONValue = [
                "name": "small", "namespace": "shop", "version": "1.0.0",
                "step_templates": [["name": "a", "handler": ["callable": "A"]]],
            ]
            #expect(try await server.post("/v1/templates", template).status == .created)
            let broken = try await server.post("/v1/templates", ["name": "small"])
            #expect(broken.status == .unprocessableContent)
            #expect(broken["findings"]?.arrayValue?.contains { $0["code"] == "MISSING_FIELD" } == true)
        }
    }

    @Test func showsWhatIsWrong() async throws {
        try await TestServer().run { server in
            let answer = try await server.register(Self.cycle)
            #expect(answer.status == .unprocessableContent)
            #expect(answer.code == "VALIDATION_FAILED")
            let findings = answer["findings"]?.arrayValue ?? []
            let finding = findings.first { $0["code"] == "CYCLE_DETECTED" }
            #expect(finding?["severity"] == "error")
            #expect(finding?["line"]?.integerValue.map { $0 >= 5 } == true)
            #expect(answer.detail.contains("CYCLE_DETECTED"))
            #expect(try await server.get("/v1/templates")["total_count"] == 0)
        }
    }

    @Test func reportsWithoutRegistering() async throws {
        try await TestServer().run { server in
            let bad = try await server.post("/v1/templates?dry_run=true", text: Self.cycle, type: "application/yaml")
            #expect(bad.status == .ok)
            #expect(bad["valid"] == false)
            #expect(bad["has_cycles"] == true)
            let good = try await server.post(
                "/v1/templates?dry_run=true", text: orderTemplate, type: "application/yaml")
            #expect(good["valid"] == true)
            #expect(good["step_count"] == 2)
            #expect(try await server.get("/v1/templates")["total_count"] == 0)
        }
    }

    @Test func takesWarningsForErrorsWhenStrict() async throws {
        try await TestServer().run { server in
            let strict = try await server.post(
                "/v1/templates?strict=true", text: Self.doubtful, type: "application/yaml")
            #expect(strict.status == .unprocessableContent)
            let lenient = try await server.register(Self.doubtful)
            #expect(lenient.status == .created)
            #expect(lenient["findings"]?.arrayValue?.contains { $0["severity"] == "warning" } == true)
        }
    }

    @Test(arguments: ["dry_run=yes", "strict=1", "force=true"])
    func refusesABadQuery(_ query: String) async throws {
        try await TestServer().run { server in
            let answer = try await server.post(
                "/v1/templates?\(query)", text: orderTemplate, type: "application/yaml")
            #expect(answer.status == .badRequest)
            #expect(try await server.get("/v1/templates")["total_count"] == 0)
        }
    }

    @Test func takesOneDocumentOfAKnownType() async throws {
        try await TestServer().run { server in
            let two = try await server.register(orderTemplate + "\n---\n" + Self.doubtful)
            #expect(two.status == .badRequest)
            #expect(two.detail.contains("one YAML document"))
            let plain = try await server.post("/v1/templates", text: orderTemplate, type: "text/plain")
            #expect(plain.status == .unsupportedMediaType)
            let large = try await server.register("# " + String(repeating: "x", count: 2 * 1_048_576))
            #expect(large.status == .contentTooLarge)
        }
    }

    @Test func lists() async throws {
        try await TestServer().runWithOrders { server in
            try await server.register(Self.doubtful.replacing("shop", with: "office"))
            let all = try await server.get("/v1/templates")
            #expect(all["total_count"] == 2)
            #expect(all["namespaces"]?.arrayValue?.map { $0["name"] } == ["office", "shop"])
            let shop = try await server.get("/v1/templates?namespace=shop")
            #expect(shop["total_count"] == 1)
            #expect(shop["templates"]?[0]?["name"] == "order")
            #expect(shop["templates"]?[0]?["description"] == "Check and pay")
            #expect(shop["templates"]?[0]?["step_count"] == 2)
            #expect(try await server.get("/v1/templates?name=order").status == .badRequest)
        }
    }

    @Test func showsOne() async throws {
        try await TestServer().runWithOrders { server in
            let answer = try await server.get("/v1/templates/shop/order/1.0.0")
            #expect(answer.status == .ok)
            #expect(answer["input_schema"]?["required"] == ["order_id"])
            #expect(answer["configuration"]?["name"] == "order")
            let steps = answer["steps"]?.arrayValue ?? []
            #expect(steps.map { $0["name"] } == ["check", "pay"])
            #expect(steps.map { $0["default_retryable"] } == [true, false])
            #expect(steps.last?["description"] == "Never twice")
            #expect(try await server.get("/v1/templates/shop/order/latest").text == answer.text)
            let unknown = try await server.get("/v1/templates/shop/order/2.0.0")
            #expect(unknown.status == .notFound)
            #expect(unknown.hint.contains("1.0.0"))
        }
    }

    /// A task that names no version gets the highest, not the one registered last.
    @Test func aTaskGetsTheHighestVersion() async throws {
        try await TestServer().run { server in
            for version in ["1.9.0", "1.10.0", "1.2.0", "2.0.0-beta"] {
                let answer = try await server.register(orderTemplate.replacing("1.0.0", with: version))
                #expect(answer.status == .created)
            }
            #expect(try await server.order()["version"] == "1.10.0")
        }
    }
}
