import Synchronization
import TaskerMessaging
import TaskerTestKit
import Testing

@testable import TaskerWorker

/// Domain events (SDK contract, section 8).
@Suite(.timeLimit(.minutes(2))) struct EventTests {
    struct Payments: EventPublisher {
        static let publisherName = "payments"

        func shouldPublish(_ event: EventContext) throws -> Bool {
            if event.step.input["broken"] == true { throw StepError("no") }
            return event.step.input["quiet"] != true
        }
        func payload(_ event: EventContext) -> JSONValue {
            if event.step.input["nan"] == true { return .double(.nan) }
            return ["amount": event.result.payload?.value["amount"] ?? nil, "event": .string(event.declaration.name)]
        }
        func metadata(_ event: EventContext) -> [String: JSONValue] { ["by": "payments"] }
    }

    struct Charge: StepHandler {
        func call(_ context: StepContext) async throws -> StepResult {
            if context.input["fail"] == true {
                throw StepError("declined", isRetryable: context.input["retryable"] != false)
            }
            return .success(["amount": 5])
        }
    }

    func run(
        input: JSONValue = [:], attempt: Int = 1, subscribe: Bool = true, _ events: EventDeclaration...
    ) async -> TestOutcome {
        var registry = HandlerRegistry([Charge()])
        registry.register(publisher: Payments())
        if subscribe { registry.subscribe(to: "payment.*") { _ in } }
        return await TestKit.run(registry, .test(input: input, attempt: attempt, callable: "Charge", events: events))
    }

    @Test func aPublisherMakesThePayload() async {
        let outcome = await run(EventDeclaration("payment.charged", publisher: "payments"))
        #expect(
            outcome.publishedEvents == [
                [
                    "name": "payment.charged", "payload": ["amount": 5, "event": "payment.charged"],
                    "metadata": ["by": "payments"],
                ]
            ])
        // Durable: the orchestrator's business.
        #expect(outcome.events.isEmpty)
    }

    @Test func withoutAPublisherNothingIsSent() async {
        #expect(await run(EventDeclaration("payment.charged")).publishedEvents.isEmpty)
        let unknown = await run(EventDeclaration("payment.charged", publisher: "nobody"))
        #expect(unknown.isSuccess && unknown.publishedEvents.isEmpty)
    }

    @Test(arguments: ["quiet", "broken", "nan"]) func aRefusalOrAnErrorSuppresses(key: String) async {
        let outcome = await run(input: [key: true], EventDeclaration("payment.charged", publisher: "payments"))
        #expect(outcome.isSuccess)
        #expect(outcome.publishedEvents == [["name": "payment.charged", "suppress": true]])
    }

    @Test func onlyEventsWhoseConditionMayHoldAreAskedFor() async {
        let declared = ["success", "failure", "retryable_failure", "permanent_failure", "always"].map {
            EventDeclaration("payment.\($0)", condition: .init(rawValue: $0) ?? .success, publisher: "payments")
        }
        func names(_ input: JSONValue) async -> [String] {
            var registry = HandlerRegistry([Charge()])
            registry.register(publisher: Payments())
            let outcome = await TestKit.run(registry, .test(input: input, callable: "Charge", events: declared))
            return outcome.publishedEvents.compactMap { $0["name"]?.stringValue }
        }
        #expect(await names([:]) == ["payment.success", "payment.always"])
        #expect(
            await names(["fail": true]) == [
                "payment.failure", "payment.retryable_failure", "payment.permanent_failure", "payment.always",
            ])
    }

    // MARK: - In this process

    @Test func fastEventsAreForSubscribersHere() async throws {
        let outcome = await run(
            EventDeclaration("payment.charged", deliveryMode: .fast, publisher: "payments"),
            EventDeclaration("payment.seen", deliveryMode: .broadcast), EventDeclaration("other", deliveryMode: .fast))
        #expect(outcome.events.map(\.name) == ["payment.charged", "payment.seen"])
        let event = try #require(outcome.events.first)
        let json = event.encoded.value
        #expect(json["event_name"] == "payment.charged" && json["event_version"] == "1.0")
        #expect(json["payload"] == ["amount": 5, "event": "payment.charged"])
        #expect(json["metadata"]?["step_name"] == "step" && json["metadata"]?["by"] == "payments")
        #expect(json["metadata"]?["fired_by"] == "test")
        #expect(json["execution_result"]?["success"] == true)
        #expect(json["execution_result"]?["result"] == ["amount": 5])
        #expect(outcome.events.last?.payload.value == ["amount": 5])
        #expect(json["event_id"]?.stringValue.flatMap { UUIDValue($0) }.map { $0.high >> 12 & 0xF } == 5)
    }

    @Test(arguments: [
        (true, 1, ["payment.failure", "payment.retryable_failure"]),
        (true, 3, ["payment.failure", "payment.permanent_failure"]),
        (false, 1, ["payment.failure", "payment.permanent_failure"]),
    ])
    func failuresAreToldApart(retryable: Bool, attempt: Int, names: [String]) async {
        let outcome = await run(
            input: ["fail": true, "retryable": .bool(retryable)], attempt: attempt,
            EventDeclaration("payment.failure", condition: .failure, deliveryMode: .fast),
            EventDeclaration("payment.retryable_failure", condition: .retryableFailure, deliveryMode: .fast),
            EventDeclaration("payment.permanent_failure", condition: .permanentFailure, deliveryMode: .fast),
            EventDeclaration("payment.success", deliveryMode: .fast))
        #expect(outcome.events.map(\.name) == names)
        #expect(outcome.events.first?.execution.errorMessage == "declined")
    }

    @Test func whatIsSuppressedIsNotDeliveredHereEither() async {
        let outcome = await run(
            input: ["quiet": true], EventDeclaration("payment.charged", deliveryMode: .fast, publisher: "payments"))
        #expect(outcome.events.isEmpty)
    }

    @Test(arguments: [
        ("*", "a.b", true), ("a.*", "a.b", true), ("a.*", "a.b.c", true), ("a.*", "a.", false), ("a.*", "ab", false),
        ("a.b", "a.b", true), ("a.b", "a.bc", false), ("a", "a.b", false),
    ])
    func patterns(pattern: String, name: String, matches: Bool) {
        #expect(EventSubscribers.matches(name, pattern) == matches)
    }

    @Test func idsAreVersion5() {
        // RFC 9562, appendix A.4: DNS namespace, www.example.com.
        let dns = UUIDValue("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
        #expect(
            dns.map { UUIDValue.version5(namespace: $0, name: "www.example.com").description }
                == "2ed6657d-e927-568b-95e1-2665a8aea6a2")
    }

    /// Only when the broker has the result.
    @Test(arguments: Backend.available) func subscribersAreCalledAfterTheConfirm(backend: Backend) async throws {
        let world = try World(backend)
        let seen = Seen()
        var handlers = HandlerRegistry()
        handlers.register("Echo") { _ in .success(["n": 1]) }
        handlers.subscribe(to: "*") { _ in throw StepError("a subscriber that fails changes nothing") }
        handlers.subscribe(to: "payment.*") { seen.add($0) }
        var step = makeStep(1)
        step.definition.publishesEvents = RawJSON([["name": "payment.done", "delivery_mode": "fast"]])
        let first = step
        try await withWorker(world, handlers) { peer, worker, _ in
            worker.subscribe(to: "payment.done") { seen.add($0) }
            await peer.send(first)
            try await eventually("two events") { seen.names.count == 2 }
            try await eventually("the result") { !peer.results(of: first).isEmpty }
            #expect(peer.results(of: first).first?.status == .completed)
        }
        #expect(seen.names == ["payment.done", "payment.done"])
    }

    @Test func eventsWaitForTheConfirm() {
        var local = LocalEvents()
        let id = makeStep(1).dispatchID
        local.keep([], for: id)
        local.publishing(id, token: 1)
        #expect(local.published(1, isConfirmed: false).isEmpty)
        local.publishing(id, token: 2)
        #expect(local.published(9, isConfirmed: true).isEmpty)
        #expect(local.published(2, isConfirmed: true).isEmpty)
    }

    final class Seen: Sendable {
        private let events = Mutex<[String]>([])
        func add(_ event: DomainEvent) { events.withLock { $0.append(event.name) } }
        var names: [String] { events.withLock { $0 } }
    }
}
