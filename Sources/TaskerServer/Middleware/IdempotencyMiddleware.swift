import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import TaskerOrchestrator
import TaskerProtocol
import TaskerStore

/// Replays the response of a POST that comes again with its `Idempotency-Key` (REST contract, section 1.5). New tasks
/// have theirs in the transaction that creates them; all others are kept in the store, for a day and within bounds.
///
/// The key is taken in the store before the request acts, and the answer is recorded after it has acted: two steps, for
/// the action is the engine's own transaction. So the same key never acts twice:
/// * A second request at the same time waits for the first and gets its answer.
/// * One that comes later, after a restart as well, gets the recorded answer.
/// * A request that was turned away did nothing and gives its key back: it may be sent again.
/// * When the process ends between acting and recording, or an error leaves it open whether the request has acted, the
///   key stays taken without an answer. Nobody can tell then what became of the request, and whoever asks again is told
///   just that (409), until the day is over: to act again would be a guess.
struct IdempotencyMiddleware<Context: RequestContext>: RouterMiddleware {
    let store: any Store
    let retention: ReplayRetention
    let keys = KeysAtWork()

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard request.method == .post, let key = request.headers[.idempotencyKey], !createsTask(request)
        else { return try await next(request, context) }
        try request.checkIdempotencyKey(key)
        let body = try await request.bodyBytes()
        let hash = hash(of: request, body)
        try await waitForTurn(key, hash)
        defer { keys.end(key) }

        switch try await store.claimReplay(key, requestHash: hash, at: Orchestrator.wallClock(), keeping: retention) {
        case .answered(let answer): return answer.response(isReplay: true)
        case .otherRequest: throw Self.otherRequest
        case .begun(let since): throw Self.inDoubt(since)
        case .taken: break
        }
        var copy = request
        copy.body = RequestBody(buffer: ByteBuffer(bytes: body))
        let answer: RecordedAnswer
        do {
            answer = try await RecordedAnswer(try await next(copy, context))
        } catch {
            if Self.didNothing(error) { try? await store.releaseReplay(key, requestHash: hash) }
            throw error
        }
        do { try await store.recordReplay(key, requestHash: hash, answer) } catch {
            // It has acted: its caller gets the answer, though nobody will get it again.
            context.logger.error("an answer was not recorded under its key", metadata: ["error": "\(error)"])
        }
        return answer.response(isReplay: false)
    }

    /// The key of a new task is the task's own.
    private func createsTask(_ request: Request) -> Bool {
        request.uri.path.split(separator: "/") == ["v1", "tasks"]
    }

    private func hash(of request: Request, _ body: [UInt8]) -> String {
        var parts = Array("\(request.head.path ?? "")\n\(request.headers[.contentType] ?? "")\n".utf8)
        parts += body
        return SHA256.hexString(SHA256.hash(parts))
    }

    /// Returns when nobody else works under the key.
    private func waitForTurn(_ key: String, _ hash: String) async throws {
        while true {
            switch keys.begin(key, hash: hash) {
            case .mine: return
            case .otherRequest: throw Self.otherRequest
            case .taken: try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    /// Whether an error says that the request was turned away before it did anything. The store's own errors do not: a
    /// read may have failed after the action was committed.
    private static func didNothing(_ error: any Error) -> Bool {
        switch error {
        case let problem as Problem: problem.status.code < 500
        case let error as OrchestratorError: error.code != .internalDefect
        case let error as any HTTPResponseError: error.status.code < 500
        default: false
        }
    }

    private static var otherRequest: Problem {
        Problem(
            .conflict, "CONFLICT", title: "Conflict", detail: "The idempotency key belongs to another request",
            hint: "Take a fresh key for each request")
    }

    private static func inDoubt(_ since: Timestamp) -> Problem {
        Problem(
            .conflict, "CONFLICT", title: "Outcome unknown",
            detail:
                "This request was begun under its idempotency key at \(since) and its answer was never recorded: it may have acted or not",
            hint: "Look whether it has acted; if it has not, send it again with a fresh key")
    }
}

extension Request {
    /// - Throws: ``Problem`` 400.
    func checkIdempotencyKey(_ key: String) throws {
        guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Problem.badRequest("Idempotency-Key must be 1-255 visible ASCII characters")
        }
    }
}
