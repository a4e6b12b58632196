import HTTPTypes
import Hummingbird

/// Limits that hold for every request, before anything else looks at it (REST contract, sections 1.1 and 1.3).
struct GuardMiddleware<Context: RequestContext>: RouterMiddleware {
    let settings: ServerSettings

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        if settings.checksHost { try checkHost(request) }
        if (request.head.path ?? "").utf8.count > 8192 {
            throw Problem.badRequest("The URL is longer than 8 KiB")
        }
        let size = request.headers.reduce(0) { $0 + $1.name.rawName.utf8.count + $1.value.utf8.count + 4 }
        if size > 32_768 { throw Problem.badRequest("The headers are larger than 32 KiB") }
        if let encoding = request.headers[.contentEncoding], encoding.lowercased() != "identity" {
            throw Problem(
                .unsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", title: "Unsupported media type",
                detail: "Request bodies may not be compressed, and this one is \(encoding.prefix(40))")
        }
        try checkAccept(request)
        return try await next(request, context)
    }

    /// Under `/v1` everything is JSON but the event stream, and graphs, which choose their format themselves. What
    /// probes, browsers and scrapers ask for elsewhere is not held against them.
    private func checkAccept(_ request: Request) throws {
        guard let accept = request.headers[.accept], request.uri.path.hasPrefix("/v1/"),
            !request.uri.path.hasSuffix("/graph")
        else { return }
        let type = request.uri.path == "/v1/events" ? "text/event-stream" : "application/json"
        guard AcceptedTypes(accept).includes(type) else {
            throw Problem(
                .notAcceptable, "NOT_ACCEPTABLE", title: "Not acceptable",
                detail: "The answer is \(type), which Accept: \(accept.prefix(80)) leaves out",
                hint: "Send Accept: \(type), or none")
        }
    }

    private func checkHost(_ request: Request) throws {
        let host = Self.name(of: request.head.authority ?? "")
        guard Self.isLoopback(host) else {
            throw Problem(
                .forbidden, "FORBIDDEN_HOST", title: "Forbidden host",
                detail: "This server has no authentication and answers only as localhost, not as '\(host.prefix(80))'",
                hint: "Use http://127.0.0.1 or http://localhost")
        }
    }

    /// Without the port.
    private static func name(of authority: String) -> String {
        if authority.hasPrefix("[") { return String(authority.dropFirst().prefix { $0 != "]" }) }
        return String(authority.prefix { $0 != ":" })
    }

    static func isLoopback(_ host: String) -> Bool {
        let host = host.lowercased()
        if host == "localhost" || host == "::1" || host.hasSuffix(".localhost") { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
