import TaskerProtocol
import Testing

@testable import TaskerWorker

struct PlainHandler: StepHandler {
    func call(_ context: StepContext) async throws -> StepResult { .success("plain") }
}

struct NamedHandler: StepHandler {
    static let handlerName = "shop.named"
    static let handlerVersion = "2.1.0"
    func call(_ context: StepContext) async throws -> StepResult { .success("named") }
}

@Suite struct HandlerRegistryTests {
    func call(_ registry: HandlerRegistry, _ callable: String, method: String? = nil, resolver: String? = nil)
        async throws -> String?
    {
        var step = makeStep(1, callable: callable, method: method)
        step.handler.resolver = resolver
        guard let entry = registry.entry(for: step.handler) else { return nil }
        return try await entry.body(StepContext(request: step)).payload?.string
    }

    @Test(arguments: ["shop.named", "NamedHandler", "TaskerWorkerTests.NamedHandler"])
    func answersToAllItsNames(name: String) async throws {
        #expect(try await call(HandlerRegistry([NamedHandler()]), name) == "named")
    }

    @Test func theTypeNameIsTheDefaultName() {
        #expect(HandlerRegistry([PlainHandler()]).names == ["PlainHandler"])
        #expect(PlainHandler.handlerVersion == "1.0.0")
    }

    @Test func anExplicitNameIsNeverDisplacedByAnAlias() async throws {
        var registry = HandlerRegistry()
        registry.register("NamedHandler") { _ in .success("mine") }
        registry.register(NamedHandler())
        #expect(try await call(registry, "NamedHandler") == "mine")
        #expect(registry.replacedNames.isEmpty)
        registry.register("shop.named") { _ in .success("later") }
        #expect(try await call(registry, "shop.named") == "later")
        #expect(registry.replacedNames == ["shop.named"])
    }

    @Test func methodsHaveToBeRegistered() async throws {
        var registry = HandlerRegistry([NamedHandler()])
        registry.register("Billing#refund") { _ in .success("refund") }
        #expect(try await call(registry, "shop.named", method: "call") == "named")
        #expect(try await call(registry, "shop.named", method: "refund") == nil)
        #expect(try await call(registry, "Billing", method: "refund") == "refund")
        #expect(try await call(registry, "Billing") == nil)
        #expect(try await call(registry, "shop.named", resolver: "custom") == nil)
    }

    @Test func announcesEveryCallable() {
        var registry = HandlerRegistry([NamedHandler()])
        registry.register("Billing#refund", version: "3") { _ in .success() }
        #expect(
            registry.callables == [
                .init(callable: "Billing", version: "3"), .init(callable: "NamedHandler", version: "2.1.0"),
                .init(callable: "TaskerWorkerTests.NamedHandler", version: "2.1.0"),
                .init(callable: "shop.named", version: "2.1.0"),
            ])
    }
}
