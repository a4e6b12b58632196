import AsyncHTTPClient

/// A step that calls an HTTP API, with helpers that turn answers into results: 408, 429 and 5xx are tried again, other 4xx
/// are not, `Retry-After` is honoured.
///
/// ```swift
/// struct FetchOrder: APIHandler {
///     static let handlerName = "fetch_order"
///     let baseURL = "https://api.example.com"
///
///     func call(_ context: StepContext) async throws -> StepResult {
///         let id: Int64 = try context.input("order_id")
///         do {
///             let response = try await get("/orders/\(id)")
///             return response.isOK ? apiSuccess(response) : apiFailure(response)
///         } catch let error as APITimeoutError {
///             return timeoutError(error, while: "fetching order")
///         } catch let error as APIConnectionError {
///             return connectionError(error, while: "fetching order")
///         }
///     }
/// }
/// ```
/// An ``APITimeoutError`` or ``APIConnectionError`` that leaves the handler is a retryable failure, too.
public protocol APIHandler: StepHandler {
    /// What paths are appended to; empty: paths are whole URLs.
    var baseURL: String { get }
    /// For a whole request, connecting and the body included; 30 s unless given.
    var defaultTimeout: Duration { get }
    /// Sent with every request; those of a request win.
    var defaultHeaders: [String: String] { get }
    /// Shared by all handlers of the process unless given.
    var httpClient: HTTPClient { get }
}

extension APIHandler {
    public var baseURL: String { "" }
    public var defaultTimeout: Duration { .seconds(30) }
    public var defaultHeaders: [String: String] { [:] }
    public var httpClient: HTTPClient { .taskerShared }

    // MARK: - Verbs

    /// - Throws: ``APITimeoutError``, ``APIConnectionError``, `StepError` for a URL that is none or an answer that is too
    ///   large, `CancellationError` when the step should stop.
    public func get(
        _ path: String, query: [String: String] = [:], headers: [String: String] = [:], timeout: Duration? = nil
    ) async throws -> APIResponse {
        try await request("GET", path, query: query, headers: headers, timeout: timeout)
    }

    /// - Throws: as ``get(_:query:headers:timeout:)``.
    public func post(
        _ path: String, json: JSONValue? = nil, body: [UInt8]? = nil, headers: [String: String] = [:],
        timeout: Duration? = nil
    ) async throws -> APIResponse {
        try await request("POST", path, json: json, body: body, headers: headers, timeout: timeout)
    }

    /// - Throws: as ``get(_:query:headers:timeout:)``.
    public func put(
        _ path: String, json: JSONValue? = nil, body: [UInt8]? = nil, headers: [String: String] = [:],
        timeout: Duration? = nil
    ) async throws -> APIResponse {
        try await request("PUT", path, json: json, body: body, headers: headers, timeout: timeout)
    }

    /// - Throws: as ``get(_:query:headers:timeout:)``.
    public func patch(
        _ path: String, json: JSONValue? = nil, body: [UInt8]? = nil, headers: [String: String] = [:],
        timeout: Duration? = nil
    ) async throws -> APIResponse {
        try await request("PATCH", path, json: json, body: body, headers: headers, timeout: timeout)
    }

    /// - Throws: as ``get(_:query:headers:timeout:)``.
    public func delete(
        _ path: String, query: [String: String] = [:], headers: [String: String] = [:], timeout: Duration? = nil
    ) async throws -> APIResponse {
        try await request("DELETE", path, query: query, headers: headers, timeout: timeout)
    }

    /// Any method.
    /// - Parameters:
    ///   - json: the body, sent as `application/json`.
    ///   - body: the body as bytes, when `json` is not given.
    /// - Throws: as ``get(_:query:headers:timeout:)``.
    public func request(
        _ method: String, _ path: String, query: [String: String] = [:], json: JSONValue? = nil, body: [UInt8]? = nil,
        headers: [String: String] = [:], timeout: Duration? = nil
    ) async throws -> APIResponse {
        let exchange = HTTPExchange(
            client: httpClient, method: method, url: HTTPExchange.url(baseURL, path, query),
            headers: defaultHeaders.overridden(by: headers), timeout: timeout ?? defaultTimeout)
        return try await exchange.run(json: json, body: body)
    }
}
