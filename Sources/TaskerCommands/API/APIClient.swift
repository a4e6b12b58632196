import Foundation
import TaskerProtocol

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// Calls the orchestrator: credentials, time limits, retries, and errors in the words of the command line.
struct APIClient: Sendable {
    /// Without a slash at its end.
    let server: String
    let headers: [String: String]
    /// For one request.
    let requestLimit: Duration
    /// For the whole command; nil: none.
    let deadline: ContinuousClock.Instant?
    private let session: URLSession

    /// - Throws: usage, when a setting cannot be used.
    init(_ context: CommandContext) throws(CommandError) {
        let settings = context.settings
        var address = settings[.server] ?? "http://127.0.0.1:8080"
        while address.hasSuffix("/") { address.removeLast() }
        guard let url = URL(string: address), let scheme = url.scheme, ["http", "https"].contains(scheme),
            url.host?.isEmpty == false
        else {
            throw .usage(
                "'\(settings.shown(.server) ?? "")' is no http or https address",
                hint: "write --server http://HOST:PORT")
        }
        server = address
        var headers = ["User-Agent": "tasker-ctl/\(TaskerCtl.version)"]
        headers.merge(try Credentials.headers(context)) { $1 }
        self.headers = headers
        requestLimit = try DurationText.parse(settings[.timeout] ?? "30s", for: "timeout")
        deadline = context.global.timeout.map { ContinuousClock.now + $0 }
        session = URLSession(configuration: Self.configuration, delegate: RedirectRefusal(), delegateQueue: nil)
    }

    /// Neither cookies nor answers of earlier calls.
    static var configuration: URLSessionConfiguration {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.httpShouldSetCookies = false
        configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
        return configuration
    }

    // MARK: - Calls

    func get(_ request: APIRequest) async throws(CommandError) -> JSONValue { try await send(request).json() }

    /// - Throws: what ``APIFailure`` makes of a refusal, or of no answer.
    func send(_ request: APIRequest) async throws(CommandError) -> APIResponse {
        let response = try await answer(to: request)
        guard (200..<300).contains(response.status) else { throw APIFailure.refused(response, by: self, request) }
        return response
    }

    /// Whatever the server says, good or bad.
    /// - Throws: when it says nothing.
    func answer(to request: APIRequest) async throws(CommandError) -> APIResponse {
        var attempt = 0
        while true {
            do throws(APIFailure) {
                return try await once(request)
            } catch {
                attempt += 1
                guard case .broken = error, request.isRepeatable, attempt <= 2 else { throw error.explained(by: self) }
                try? await Task.sleep(for: .milliseconds(100 * attempt))
            }
        }
    }

    /// What is left for one request.
    private func limit(_ held: Duration) -> Duration {
        let limit = requestLimit + held
        guard let deadline else { return limit }
        return min(limit, ContinuousClock.now.duration(to: deadline))
    }

    private func once(_ request: APIRequest) async throws(APIFailure) -> APIResponse {
        let limit = limit(request.held)
        guard limit > .zero, var call = call(request) else { throw .timedOut }
        call.timeoutInterval = Double(limit.wholeMilliseconds) / 1000 + 1
        return try await within(limit, call)
    }

    /// The request as URLSession wants it; nil for an address that is none.
    func call(_ request: APIRequest) -> URLRequest? {
        guard let url = URL(string: server + request.target) else { return nil }
        var call = URLRequest(url: url)
        call.httpMethod = request.method.rawValue
        for (name, value) in headers { call.setValue(value, forHTTPHeaderField: name) }
        call.setValue(request.accept, forHTTPHeaderField: "Accept")
        if let body = request.body {
            call.httpBody = Data(body)
            call.setValue(request.contentType, forHTTPHeaderField: "Content-Type")
        }
        if let key = request.idempotencyKey { call.setValue(key, forHTTPHeaderField: "Idempotency-Key") }
        if let id = request.lastEventID { call.setValue(id, forHTTPHeaderField: "Last-Event-ID") }
        return call
    }

    /// URLSession's own limit is one on silence only.
    private func within(_ limit: Duration, _ call: URLRequest) async throws(APIFailure) -> APIResponse {
        let session = session
        let result = await withTaskGroup(of: Result<APIResponse, APIFailure>.self) { group in
            group.addTask {
                do {
                    let (data, response) = try await session.data(for: call)
                    guard let http = response as? HTTPURLResponse else { return .failure(.broken("no HTTP")) }
                    var headers: [String: String] = [:]
                    for (name, value) in http.allHeaderFields { headers["\(name)".lowercased()] = "\(value)" }
                    return .success(APIResponse(status: http.statusCode, headers: headers, body: Array(data)))
                } catch {
                    return .failure(APIFailure(error))
                }
            }
            group.addTask {
                try? await Task.sleep(for: limit)
                return .failure(.timedOut)
            }
            let first = await group.next() ?? .failure(.timedOut)
            group.cancelAll()
            return first
        }
        if Task.isCancelled { throw .cancelled }
        return try result.get()
    }
}

/// A redirect would take the credentials to another place.
private final class RedirectRefusal: NSObject, URLSessionTaskDelegate {
    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }
}
