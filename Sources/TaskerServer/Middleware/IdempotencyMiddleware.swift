import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization
import TaskerOrchestrator
import TaskerProtocol

/// Replays the response of a POST that comes again with its `Idempotency-Key` (REST contract, section 1.5). Tasks have
/// theirs in the store; these are kept in memory for a day.
struct IdempotencyMiddleware<Context: RequestContext>: RouterMiddleware {
    let memory: ReplayMemory

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard request.method == .post, request.uri.path != "/v1/tasks", let key = request.headers[.idempotencyKey]
        else { return try await next(request, context) }
        try request.checkIdempotencyKey(key)
        let body = try await request.bodyBytes()
        var parts = Array("\(request.head.path ?? "")\n\(request.headers[.contentType] ?? "")\n".utf8)
        parts += body
        let hash = SHA256.hexString(SHA256.hash(parts))
        var copy = request
        copy.body = RequestBody(buffer: ByteBuffer(bytes: body))
        while true {
            switch memory.begin(key, hash: hash, at: Orchestrator.wallClock()) {
            case .mine:
                do {
                    let response = try await ReplayMemory.Stored(try await next(copy, context))
                    memory.finish(key, response.status.code < 500 ? response : nil)
                    return response.response(isReplay: false)
                } catch {
                    // It may be tried again: nothing was promised.
                    memory.finish(key, nil)
                    throw error
                }
            case .replay(let stored): return stored.response(isReplay: true)
            case .otherRequest:
                throw Problem(
                    .conflict, "CONFLICT", title: "Conflict", detail: "The idempotency key belongs to another request",
                    hint: "Take a fresh key for each request")
            case .running:
                // The first one is at work: its answer is this one's, too.
                try await Task.sleep(for: .milliseconds(20))
            }
        }
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

/// Responses by idempotency key: at most so many, for a day.
final class ReplayMemory: Sendable {
    struct Stored: Sendable {
        var status: HTTPResponse.Status
        var headers: HTTPFields
        var body: ByteBuffer

        init(_ response: Response) async throws {
            status = response.status
            headers = response.headers
            let collector = Collector()
            try await response.body.write(collector)
            body = await collector.buffer
        }

        func response(isReplay: Bool) -> Response {
            var headers = headers
            if isReplay { headers[.idempotentReplayed] = "true" }
            return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: body))
        }
    }

    enum Turn: Sendable {
        case mine, running, otherRequest
        case replay(Stored)
    }

    private struct Entry {
        var hash: String
        var since: Timestamp
        /// nil while the first request is at work.
        var response: Stored?
    }

    private struct State {
        var entries: [String: Entry] = [:]
        /// Oldest first.
        var order: [String] = []
    }

    private static let limit = 10_000
    private static let day: Int64 = 86_400_000
    private let state = Mutex(State())

    func begin(_ key: String, hash: String, at now: Timestamp) -> Turn {
        state.withLock { state in
            if let entry = state.entries[key], entry.response == nil || now.millisecondsSince(entry.since) < Self.day {
                if entry.hash != hash { return .otherRequest }
                return entry.response.map { .replay($0) } ?? .running
            }
            if state.entries[key] == nil { state.order.append(key) }
            state.entries[key] = Entry(hash: hash, since: now)
            while state.order.count > Self.limit { state.entries[state.order.removeFirst()] = nil }
            return .mine
        }
    }

    /// - Parameter response: nil forgets the key.
    func finish(_ key: String, _ response: Stored?) {
        state.withLock { state in
            if let response {
                state.entries[key]?.response = response
            } else {
                state.entries[key] = nil
                state.order.removeAll { $0 == key }
            }
        }
    }
}

private actor Collector: ResponseBodyWriter {
    private(set) var buffer = ByteBuffer()

    func write(_ piece: ByteBuffer) async throws { buffer.writeImmutableBuffer(piece) }

    func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
