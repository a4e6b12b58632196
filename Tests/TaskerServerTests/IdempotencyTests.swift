import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOEmbedded
import Synchronization
import TaskerProtocol
import TaskerStore
import Testing

@testable import TaskerServer

/// What becomes of a POST that comes again, around an action that the test holds in its hand.
@Suite("Idempotency keys", .timeLimit(.minutes(5)))
struct IdempotencyTests {
    /// One route behind the middleware.
    private final class Bench: Sendable {
        let calls = Mutex(0)
        let store = InMemoryStore()

        /// Each middleware is a process of its own in front of the same store.
        func process(
            _ action: @escaping @Sendable (Request) async throws -> Response = { _ in .json(["ok": true]) }
        ) -> @Sendable (_ key: String, _ path: String) async throws -> Answer {
            let router = Router(context: APIContext.self)
            router.add(middleware: ProblemMiddleware(nearest: NearestPath()))
            router.add(middleware: IdempotencyMiddleware(store: store, retention: ReplayRetention()))
            router.post("act") { [self] request, _ in
                calls.withLock { $0 += 1 }
                return try await action(request)
            }
            let responder = router.buildResponder()
            return { key, path in
                let head = HTTPRequest(
                    method: .post, scheme: "http", authority: "localhost", path: path,
                    headerFields: [.idempotencyKey: key])
                let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
                let response = try await responder.respond(
                    to: Request(head: head, body: RequestBody(buffer: ByteBuffer())),
                    context: APIContext(
                        source: ApplicationRequestContextSource(channel: NIOAsyncTestingChannel(), logger: log)))
                let whole = try await RecordedAnswer(response)
                return Answer(
                    status: response.status, headers: response.headers,
                    text: String(decoding: whole.body, as: UTF8.self))
            }
        }

        var count: Int { calls.withLock { $0 } }
    }

    private struct Broken: Error {}

    @Test func anotherProcessReplaysTheAnswer() async throws {
        let bench = Bench()
        let first = try await bench.process { _ in
            .json(["n": 1], status: .created)
        }("k", "/act")
        let again = try await bench.process()("k", "/act")
        #expect(first.status == .created)
        #expect(again.status == .created)
        #expect(again.text == first.text)
        #expect(again.header("Content-Type") == "application/json")
        #expect(first.header("Idempotent-Replayed") == nil)
        #expect(again.header("Idempotent-Replayed") == "true")
        // Its own.
        #expect(again.header("X-Request-Id") != first.header("X-Request-Id"))
        #expect(bench.count == 1)
        let other = try await bench.process()("k", "/act?x=1")
        #expect(other.status == .conflict)
        #expect(other.hint.contains("fresh key"))
        #expect(bench.count == 1)
    }

    @Test func theSecondWaitsForTheFirst() async throws {
        let bench = Bench()
        let gate = AsyncStream<Void>.makeStream()
        let send = bench.process { _ in
            for await _ in gate.stream { break }
            return .json(["ok": true])
        }
        try await withThrowingTaskGroup(of: Answer.self) { group in
            for _ in 0..<5 { group.addTask { try await send("k", "/act") } }
            try await eventually("one is at work") { bench.count == 1 }
            // Another request under the key need not wait to be refused.
            #expect(try await send("k", "/act?x=1").status == .conflict)
            gate.continuation.yield()
            let answers = try await group.reduce(into: []) { $0.append($1) }
            #expect(answers.allSatisfy { $0.status == .ok })
            #expect(answers.count { $0.header("Idempotent-Replayed") == "true" } == 4)
        }
        #expect(bench.count == 1)
    }

    @Test func aRequestThatWasTurnedAwayMayComeAgain() async throws {
        let bench = Bench()
        let refused = try await bench.process { _ in throw Problem.badRequest("no") }("k", "/act")
        #expect(refused.status == .badRequest)
        #expect(try await bench.process()("k", "/act").status == .ok)
        #expect(bench.count == 2)
    }

    /// Whether it has acted is not known: it must not act again.
    @Test func whatWasCutOffIsNotDoneAgain() async throws {
        let bench = Bench()
        let broken = try await bench.process { _ in throw StoreError(.unavailable, "gone") }("k", "/act")
        #expect(broken.status == .serviceUnavailable)
        for _ in 0..<2 {
            let again = try await bench.process()("k", "/act")
            #expect(again.status == .conflict)
            #expect(again.detail.contains("never recorded"))
            #expect(again.hint.contains("fresh key"))
        }
        #expect(bench.count == 1)
        #expect(try await bench.process { _ in throw Broken() }("other", "/act").status == .internalServerError)
        #expect(try await bench.process()("other", "/act").status == .conflict)
    }

    @Test func withoutTheStoreNothingIsDone() async throws {
        let bench = Bench()
        await bench.store.close()
        let answer = try await bench.process()("k", "/act")
        #expect(answer.status == .serviceUnavailable)
        #expect(answer.header("Retry-After") != nil)
        #expect(bench.count == 0)
    }
}
