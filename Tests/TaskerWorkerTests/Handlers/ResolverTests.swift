import TaskerTestKit
import Testing

/// Lookup order, methods and typed closures (SDK contract, section 7).
@Suite struct ResolverTests {
    struct Says: StepHandler {
        var text: String
        var methods: [String: @Sendable (StepContext) async throws -> StepResult] { ["loud": loud] }
        func call(_ context: StepContext) async throws -> StepResult { .success(.string(text)) }
        func loud(_ context: StepContext) async throws -> StepResult { .success(.string(text.uppercased())) }
    }

    /// Takes every name with its prefix.
    struct PrefixResolver: HandlerResolver {
        var name = "prefix"
        var prefix = "job:"
        var priority = 50
        var callables: [String] { ["job:known"] }
        func resolve(_ handler: StepRequest.Handler) -> (any StepHandler)? {
            handler.callable.hasPrefix(prefix) ? Says(text: "\(name) \(handler.callable.dropFirst(prefix.count))") : nil
        }
    }

    func answer(
        _ registry: HandlerRegistry, _ callable: String, method: String? = nil, resolver: String? = nil
    ) async -> JSONValue? {
        var request = StepContext.test(callable: callable, method: method).request
        request.handler.resolver = resolver
        return await TestKit.run(registry, StepContext(request: request)).payload
    }

    @Test func resolversFindWhatIsNotRegistered() async {
        var registry = HandlerRegistry()
        registry.add(PrefixResolver())
        #expect(await answer(registry, "job:pay") == "prefix pay")
        #expect(await answer(registry, "job:pay", method: "loud") == "PREFIX PAY")
        #expect(await answer(registry, "job:pay", method: "quiet") == nil)
        #expect(await answer(registry, "pay") == nil)
        #expect(registry.callables.map(\.callable) == ["job:known"])
    }

    @Test func priorityDecides() async {
        var registry = HandlerRegistry()
        registry.register("job:x") { _ in .success("explicit") }
        registry.add(PrefixResolver(name: "late", priority: 200))
        #expect(await answer(registry, "job:y") == "late y")
        registry.add(PrefixResolver(name: "usual"))
        #expect(await answer(registry, "job:y") == "usual y")
        #expect(await answer(registry, "job:x") == "explicit")
        registry.add(PrefixResolver(name: "early", priority: 5))
        #expect(await answer(registry, "job:x") == "early x")
    }

    @Test func anAutomaticNameComesAfterTheResolvers() async {
        var registry = HandlerRegistry()
        registry.register(Says(text: "registered"), as: "own")
        registry.add(PrefixResolver(name: "any", prefix: ""))
        #expect(await answer(registry, "own") == "registered")
        #expect(await answer(registry, "Says") == "any Says")
    }

    @Test func aHintAsksOneAlone() async {
        var registry = HandlerRegistry()
        registry.register(Says(text: "registered"), as: "own")
        registry.add(PrefixResolver(name: "any", prefix: ""))
        #expect(await answer(registry, "own", resolver: "any") == "any own")
        #expect(await answer(registry, "own", resolver: "explicit_mapping") == "registered")
        #expect(await answer(registry, "own", resolver: "class_lookup") == nil)
        #expect(await answer(registry, "Says", resolver: "class_lookup") == "registered")
        #expect(await answer(registry, "own", resolver: "nobody") == nil)
    }

    @Test func aResolverOfTheSameNameIsReplaced() async {
        var registry = HandlerRegistry()
        registry.add(PrefixResolver(prefix: "a:"))
        registry.add(PrefixResolver(prefix: "b:"))
        #expect(await answer(registry, "a:x") == nil)
        #expect(await answer(registry, "b:x") == "prefix x")
    }

    @Test func methodsBelongToEveryNameOfTheHandler() async {
        let registry = HandlerRegistry([Says(text: "hi")])
        #expect(await answer(registry, "Says", method: "loud") == "HI")
        #expect(await answer(registry, "Says", method: "call") == "hi")
        var explicit = registry
        explicit.register(Says(text: "own"), as: "own")
        #expect(await answer(explicit, "own", method: "loud") == "OWN")
    }

    struct Order: Codable, Sendable { var id: Int64; var total: Double }
    struct Receipt: Codable, Sendable { var order: Int64; var paid: Double }

    @Test func typedClosures() async {
        var registry = HandlerRegistry()
        registry.register("handler") { (order: Order, context: StepContext) in
            Receipt(order: order.id, paid: order.total * Double(context.maximumAttempts))
        }
        let good = await TestKit.run(registry, .test(input: ["id": 9_007_199_254_740_993, "total": 1.5]))
        #expect(good.payload == ["order": 9_007_199_254_740_993, "paid": 4.5])
        let bad = await TestKit.run(registry, .test(input: ["id": "x", "total": 1]))
        #expect((bad.failure?.errorType, bad.failure?.isRetryable) == ("validation_error", false))
        #expect(bad.failure?.message == "input.id: expected Int64, found a string")
    }
}
