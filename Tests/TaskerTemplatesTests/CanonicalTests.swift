import TaskerProtocol
import Testing

@testable import TaskerTemplates

@Suite struct CanonicalTests {
    static let seed = """
        name: order_processing
        namespace: ecommerce
        version: "1.0.0"
        description: Orders
        step_templates:
          - name: validate_order
            handler: { callable: ValidateOrderHandler, initialization: {}, method: call }
            depends_on_step_name: []
            retry: { max_attempts: 3, backoff_strategy: exponential, backoff_base_seconds: 2 }
          - name: ship
            step_type: deferred
            handler: { callable: ShipHandler }
            depends_on_step: validate_order
            retry: { max_backoff_seconds: 45.5, jitter: true }
            timeout_seconds: 30
        """
    static let package = """
        version: "1.0.0"
        namespace_name: ecommerce
        name: order_processing
        description: "Orders"
        steps:
          - name: validate_order
            handler: { callable: ValidateOrderHandler }
            retry: { backoff: exponential, backoff_base_ms: 2000 }
          - handler: { callable: ShipHandler, initialization: }
            name: ship
            type: deferred_convergence
            dependencies: [validate_order]
            retry: { max_backoff_ms: 45500, jitter: 0.15 }
            timeout_seconds: 30.0
        """

    @Test func dialectsGiveTheSameBytes() throws {
        let seed = try template(Self.seed)
        let package = try template(Self.package)
        #expect(seed == package)
        #expect(seed.canonicalJSON.canonicalBytes == package.canonicalJSON.canonicalBytes)
        #expect(seed.hash == package.hash)
        #expect(seed.hash.count == 64)
    }

    /// The hash names templates in stores and across versions of this program: it changes on purpose or not at all.
    @Test func canonicalTextIsStable() throws {
        let parsed = try template(head + "steps: [{ name: a, handler: { callable: H } }]")
        #expect(
            parsed.canonicalJSON.canonicalText == """
                {"environments":{},"metadata":{},"name":"t","namespace_name":"n","steps":[{"dependencies":[],"handler":\
                {"callable":"H","initialization":{}},"name":"a","publishes_events":[],"retry":{"backoff":"exponential",\
                "backoff_base_ms":1000,"jitter":0.15,"max_attempts":3,"max_backoff_ms":30000,"retryable":true},\
                "type":"standard"}],"version":"1.0.0"}
                """)
    }

    static let everything =
        head + """
            description: d
            metadata: { author: me, tags: [a, b], number: 1.5 }
            identity_strategy: caller_provided
            input_schema: { type: object, definitions: { a: true } }
            lifecycle: { max_duration_minutes: 5, staleness_action: error, auto_fail_on_timeout: false, max_waiting_for_retry_minutes: 9 }
            environments:
              production:
                steps:
                  - { name: ALL, timeout_seconds: 1.5 }
                  - { name: a, handler: { initialization: { x: 1 }, queue: fleet }, retry: { max_attempts: 5 } }
              empty:
            steps:
              - name: a
                description: first
                handler: { callable: 'A::B', method: go, resolver: r, initialization: { x: null }, queue: q }
                timeout_seconds: 0.25
                publishes_events:
                  - { name: a.b, description: d, condition: always, delivery_mode: fast, schema: { type: object }, publisher: P }
                result_schema: { type: object }
                result_schema_policy: 'off'
              - { name: b, type: batchable, handler: { callable: B }, depends_on: a, batch_config: { worker_template: w } }
              - name: w
                type: batch_worker
                handler: { callable: W }
                depends_on: b
                batch_config: { batch_size: 5, parallelism: 2, cursor_field: k, failure_strategy: isolate }
            """

    @Test func everythingSurvivesTheStore() throws {
        let parsed = try template(Self.everything)
        #expect(try TaskTemplate(canonicalJSON: parsed.canonicalJSON) == parsed)
        let text = try JSONValue(parsing: parsed.canonicalJSON.canonicalText)
        #expect(try TaskTemplate(canonicalJSON: text) == parsed)
        // Canonical JSON is a template itself, and the same one.
        let again = TemplateParser().parse(json: parsed.canonicalJSON.canonicalBytes, file: "t")
        #expect(again.template == parsed)
        #expect(again.template?.hash == parsed.hash)
    }

    @Test(arguments: ["name", "version", "steps", "metadata", "environments"]) func damagedCanonicalJSON(_ name: String)
        throws
    {
        var members = try #require(try template(Self.everything).canonicalJSON.objectValue)
        members[name] = nil
        #expect(throws: CanonicalTemplateError.self) { try TaskTemplate(canonicalJSON: .object(members)) }
        members[name] = 5
        do throws(CanonicalTemplateError) {
            _ = try TaskTemplate(canonicalJSON: .object(members))
            Issue.record("damage was not seen")
        } catch {
            #expect(error.pointer == "/\(name)")
        }
    }

    @Test func anUnstatedIdentityStrategyStaysUnstated() throws {
        let unstated = try template(head + "steps:\n" + step("a"))
        let stated = try template(head + "identity_strategy: always_unique\nsteps:\n" + step("a"))
        #expect(!unstated.isIdentityStrategyStated && stated.isIdentityStrategyStated)
        #expect(unstated.hash != stated.hash)
        #expect(try !TaskTemplate(canonicalJSON: unstated.canonicalJSON).isIdentityStrategyStated)
    }

    // MARK: - Environments

    @Test func overridesApplyInOrder() throws {
        let parsed = try template(
            head + """
                environments:
                  production:
                    steps:
                      - { name: a, timeout_seconds: 7, handler: { initialization: { x: 2, y: 3 } } }
                      - { name: ALL, timeout_seconds: 120, retry: { jitter: 0 }, handler: { queue: all } }
                      - { name: a, handler: { initialization: { y: 4 } } }
                      - { name: ALL, timeout_seconds: 60 }
                steps:
                  - { name: a, handler: { callable: H, initialization: { x: 1, z: 9 } }, retry: { max_attempts: 9 } }
                  - { name: b, handler: { callable: H }, depends_on: a }
                """)
        let resolved = parsed.resolved(for: "production")
        #expect(resolved.environments.isEmpty)
        #expect(resolved.steps[0].timeoutMilliseconds == 7000)
        #expect(resolved.steps[0].handler.initialization == ["x": 2, "y": 4, "z": 9])
        #expect(resolved.steps[0].handler.queue == "all")
        #expect(resolved.steps[0].retry == RetryPolicy(jitter: 0))
        #expect(resolved.steps[1].timeoutMilliseconds == 60_000)

        var other = parsed.resolved(for: "staging")
        other.environments = parsed.environments
        #expect(other == parsed)
    }

    // MARK: - SHA-256 (FIPS 180-4 and NIST's examples)

    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        ),
    ])
    func sha256(_ text: String, _ expected: String) { #expect(SHA256.hexString(text.utf8) == expected) }

    @Test func sha256OfAMillionLetters() {
        #expect(
            SHA256.hexString(repeatElement(UInt8(ascii: "a"), count: 1_000_000))
                == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    /// Lengths around the padding's edges, against hashes made with another implementation.
    @Test(arguments: [
        (55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"),
        (56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"),
        (63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34"),
        (64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"),
        (119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"),
    ])
    func sha256Padding(_ count: Int, _ expected: String) {
        #expect(SHA256.hexString(repeatElement(UInt8(ascii: "a"), count: count)) == expected)
    }
}
