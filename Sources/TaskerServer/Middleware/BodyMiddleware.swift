import HTTPTypes
import Hummingbird
import NIOCore
import TaskerProtocol

/// Takes a request's body whole before anything acts on it (REST contract, sections 1.2 and 1.3): no larger than it may
/// be, and within its time.
struct BodyMiddleware<Context: RequestContext>: RouterMiddleware {
    static var limit: Int { 1_048_576 }
    let timeout: Duration

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard [.post, .put, .patch, .delete].contains(request.method) else { return try await next(request, context) }
        var whole = request
        whole.body = RequestBody(buffer: try await body(of: request))
        return try await next(whole, context)
    }

    private func body(of request: Request) async throws -> ByteBuffer {
        try await withThrowingTaskGroup(of: ByteBuffer?.self) { group in
            group.addTask { try await collected(request) }
            group.addTask {
                try await Task.sleep(for: timeout)
                return nil
            }
            defer { group.cancelAll() }
            guard let body = try await group.next() ?? nil else {
                throw Problem(
                    .requestTimeout, "TIMEOUT", title: "Request timeout",
                    detail: "The body did not arrive within \(timeout.wholeMilliseconds / 1000) s",
                    hint: "Send the whole request at once")
            }
            return body
        }
    }

    private func collected(_ request: Request) async throws -> ByteBuffer {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > Self.limit {
            throw Problem.tooLarge
        }
        do { return try await request.body.collect(upTo: Self.limit) } catch is NIOTooManyBytesError {
            throw Problem.tooLarge
        }
    }
}
