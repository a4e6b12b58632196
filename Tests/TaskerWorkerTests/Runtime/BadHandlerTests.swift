import Synchronization
import TaskerMessaging
import TaskerTestKit
import Testing

@testable import TaskerWorker

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Handlers that do what they should not: a defined answer each, with a message that helps. Those that end their process
/// are in `TaskerWorkerHostTests` and in the conformance scenarios.
@Suite(.timeLimit(.minutes(2))) struct BadHandlerTests {
    struct Broken: Error {}

    func outcome(_ body: @escaping @Sendable (StepContext) async throws -> StepResult) async -> TestOutcome {
        var registry = HandlerRegistry()
        registry.register("handler", body)
        return await TestKit.run(registry, .test())
    }

    @Test func throwing() async {
        let failure = await outcome { _ in throw Broken() }.failure
        #expect((failure?.errorType, failure?.isRetryable, failure?.message) == ("Broken", true, "Broken()"))
    }

    static let unsendable: [(JSONValue, String)] = [
        (.double(.nan), "NaN or an infinity"), ([["a": .double(-.infinity)]], "NaN or an infinity"),
        ("a\u{0}b", "U+0000"), (["k\u{0}": 1], "U+0000"), (nested(64), "more than 63 deep"),
    ]

    static func nested(_ depth: Int) -> JSONValue { (0..<depth).reduce(.null) { value, _ in .array([value]) } }

    @Test(arguments: unsendable)
    func returningWhatCannotBeSent(value: JSONValue, reason: String) async {
        let failure = await outcome { _ in .success(value) }.failure
        #expect((failure?.errorType, failure?.isRetryable) == ("serialization_error", false))
        #expect(failure?.message.contains(reason) == true, "\(failure?.message ?? "")")
    }

    @Test func theDeepestResultPasses() async {
        let deep = Self.nested(63)
        #expect(await outcome { _ in .success(deep) }.payload == deep)
    }

    @Test func numbersBeyond64BitsCannotBeSent() async {
        let failure = await outcome { _ in .success(["n": UInt64.max]) }.failure
        #expect((failure?.errorType, failure?.isRetryable) == ("serialization_error", false))
        #expect(failure?.message.contains("at n") == true)
    }

    @Test func metadataAndEventsThatCannotBeSent() async {
        let metadata = await outcome { _ in .success(1, metadata: ["x": .double(.nan)]) }.failure
        #expect(metadata?.message.contains("the metadata holds NaN") == true)
        let event = await outcome { _ in
            var result = StepResult.success(1)
            result.events = [StepEvent("paid", payload: ["x": .double(.nan)])]
            return result
        }.failure
        #expect(event?.message.contains("the event paid holds NaN") == true)
        let error = await outcome { _ in throw StepError("no", metadata: ["x": .double(.nan)]) }.failure
        #expect(error?.errorType == "serialization_error")
    }

    @Test func aMessageMayHoldAnything() async {
        let failure = await outcome { _ in throw StepError("a\u{0}b") }.failure
        #expect(failure?.message == "a\u{FFFD}b")
    }

    @Test func returningTwoMebibytes() async {
        let failure = await outcome { _ in .success(["a": .string(String(repeating: "x", count: 2 << 20))]) }.failure
        #expect((failure?.errorType, failure?.isRetryable) == ("result_too_large", false))
        #expect(
            failure?.message.contains("has 2097160 bytes; at most 1048576 are allowed. Keep large data outside") == true
        )
    }

    /// It never looks at its cancellation. Its slot stays taken, heartbeats go on, the others run, and the worker leaves.
    @Test(arguments: Backend.available) func neverReturning(backend: Backend) async throws {
        let world = try World(backend)
        var handlers = HandlerRegistry()
        let (tally, gate) = (Tally(), Gate())
        handlers.register("Stuck") { _ in
            tally.enter()
            await gate.pass()
            return .success()
        }
        handlers.register("Echo") { _ in .success() }
        let stuck = makeStep(1, callable: "Stuck", timeoutMilliseconds: 50)
        let peer = try Peer(world)
        var configuration = world.configuration
        configuration.grace = .milliseconds(200)
        let worker = Worker(
            configuration: configuration, handlers: handlers, broker: try world.makeBroker("worker"), logger: .quiet)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await peer.broker.run() }
            try await peer.start()
            let running = Task { try await worker.run() }
            await peer.send(stuck)
            try await eventually("a start") { tally.total == 1 }
            for number in 2...6 {
                await peer.send(makeStep(UInt64(number)))
                try await eventually("another step") { !peer.results(of: makeStep(UInt64(number))).isEmpty }
            }
            #expect(peer.results(of: stuck).isEmpty)
            worker.shutDown()
            try await running.value
            #expect(peer.results(of: stuck).map(\.error?.errorType) == ["interrupted"])
            await peer.broker.shutdown(timeout: .seconds(5))
            try await group.waitForAll()
        }
        gate.open()
    }

    /// All slots block their threads; heartbeats go out all the same.
    @Test(arguments: Backend.available) func blockingEveryThread(backend: Backend) async throws {
        let world = try World(backend)
        var handlers = HandlerRegistry()
        let open = OpenFlag()
        handlers.register("Block") { _ in
            while !open.isOpen { usleep(5000) }
            return .success()
        }
        var timing = DeliveryTiming()
        timing.firstHeartbeat = .milliseconds(20)
        try await withWorker(world, handlers, timing: timing, configure: { $0.slots = 6 }) { peer, _, _ in
            let steps = (1...6).map { makeStep(UInt64($0), callable: "Block") }
            for step in steps { await peer.send(step) }
            try await eventually("a heartbeat of each") {
                Set(peer.seen.heartbeats.map(\.dispatchID)) == Set(steps.map(\.dispatchID))
            }
            open.open()
            for step in steps { try await eventually("its result") { !peer.results(of: step).isEmpty } }
        }
    }

    final class OpenFlag: Sendable {
        private let state = Mutex(false)
        var isOpen: Bool { state.withLock { $0 } }
        func open() { state.withLock { $0 = true } }
    }
}
