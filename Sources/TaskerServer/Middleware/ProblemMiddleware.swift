import HTTPTypes
import Hummingbird
import Logging
import TaskerOrchestrator
import TaskerProtocol
import TaskerStore

/// Turns every error into a problem, gives each response its request id and the headers that all responses carry.
struct ProblemMiddleware<Context: RequestContext>: RouterMiddleware {
    let nearest: NearestPath

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let id = requestID(request, context)
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            response = problem(for: error, request, context).response(instance: request.uri.path, requestID: id)
        }
        response.headers[.requestID] = id
        response.headers[.contentTypeOptions] = "nosniff"
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        return response
    }

    private func requestID(_ request: Request, _ context: Context) -> String {
        if let sent = request.headers[.requestID], (1...128).contains(sent.utf8.count),
            sent.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        {
            return sent
        }
        var ids = SystemIDSource()
        return ids.next(at: Orchestrator.wallClock()).description
    }

    private func problem(for error: any Error, _ request: Request, _ context: Context) -> Problem {
        switch error {
        case let problem as Problem: return problem
        case let error as OrchestratorError: return Problem(error)
        case let error as StoreError:
            context.logger.error("store", metadata: ["error": "\(error)"])
            var problem = Problem(
                .serviceUnavailable, "SERVICE_UNAVAILABLE", title: "Not available",
                detail: "The store does not answer", hint: "Look at the orchestrator's log")
            problem.retryAfterSeconds = 1
            return problem
        case let error as any HTTPResponseError where error.status == .notFound:
            let near = nearest.pattern(for: request.uri.path).map { "The nearest path is \($0). " } ?? ""
            return .notFound(
                "Path", "There is nothing at this path",
                hint: "\(near)The API lives under /v1; GET /openapi.yaml describes it")
        case let error as any HTTPResponseError where error.status == .contentTooLarge: return .tooLarge
        case let error as any HTTPResponseError where error.status.code < 500:
            return Problem(
                error.status, "BAD_REQUEST", title: error.status.reasonPhrase, detail: error.status.reasonPhrase)
        default:
            context.logger.error("defect", metadata: ["error": "\(error)"])
            return Problem(
                .internalServerError, "INTERNAL_ERROR", title: "Internal error",
                detail: "A defect; the request id finds the log line")
        }
    }
}

extension HTTPField.Name {
    static let requestID = HTTPField.Name("X-Request-Id")!
    static let contentTypeOptions = HTTPField.Name("X-Content-Type-Options")!
    static let lastEventID = HTTPField.Name("Last-Event-ID")!
    static let idempotencyKey = HTTPField.Name("Idempotency-Key")!
    static let idempotentReplayed = HTTPField.Name("Idempotent-Replayed")!
    static let taskerWarnings = HTTPField.Name("X-Tasker-Warnings")!
    static let link = HTTPField.Name("Link")!
    static let traceParent = HTTPField.Name("traceparent")!
    static let traceState = HTTPField.Name("tracestate")!
}
