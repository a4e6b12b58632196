import HTTPTypes
import Hummingbird
import Synchronization
import TaskerOrchestrator

/// Counts requests by route, method and status.
final class RequestCounter: Sendable {
    struct Key: Hashable, Sendable {
        /// The route's pattern, never a path: labels are bounded.
        var route: String
        var method: String
        var status: Int
    }

    struct Figures: Sendable {
        var requests: [Key: Int] = [:]
        var duration = Histogram()
        /// By problem code.
        var rejected: [String: Int] = [:]

        /// Answers that only a defect gives.
        var defects: Int { requests.reduce(0) { $0 + ($1.key.status == 500 ? $1.value : 0) } }
    }

    private let state = Mutex(Figures())

    var figures: Figures { state.withLock { $0 } }

    func count(_ key: Key, _ duration: Duration, rejection: String?) {
        state.withLock { state in
            state.requests[key, default: 0] += 1
            state.duration.observe(duration)
            if let rejection { state.rejected[rejection, default: 0] += 1 }
        }
    }
}

struct CountingMiddleware<Context: RequestContext>: RouterMiddleware {
    let counter: RequestCounter

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        let response = try await next(request, context)
        // Those that were turned away before their work began.
        let rejection: String? =
            switch response.status.code {
            case 401: "unauthorized"
            case 403: "forbidden"
            case 408: "timeout"
            case 413: "too_large"
            case 429: "backpressure"
            case 503: "unavailable"
            default: nil
            }
        counter.count(
            RequestCounter.Key(
                route: context.endpointPath ?? "none", method: Self.method(request.method),
                status: response.status.code), ContinuousClock.now - start, rejection: rejection)
        return response
    }

    /// Anybody can make methods up.
    private static func method(_ method: HTTPRequest.Method) -> String {
        ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"].contains(method.rawValue)
            ? method.rawValue : "other"
    }
}
