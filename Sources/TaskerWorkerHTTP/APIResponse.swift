import NIOHTTP1

/// The answer of an HTTP server.
public struct APIResponse: Sendable, Hashable {
    public var statusCode: Int
    /// Names in lower case; a header that came more than once is joined by commas.
    public var headers: [String: String]
    /// Decoded when it is JSON, else a string.
    public var body: JSONValue

    public init(statusCode: Int, headers: [String: String] = [:], body: JSONValue = "") {
        self.statusCode = statusCode
        self.headers = Dictionary(headers.map { ($0.key.lowercased(), $0.value) }) { "\($0), \($1)" }
        self.body = body
    }

    public var isOK: Bool { (200..<300).contains(statusCode) }
    public var isClientError: Bool { (400..<500).contains(statusCode) }
    public var isServerError: Bool { (500..<600).contains(statusCode) }

    /// 408, 429, 500, 502, 503, 504.
    public var isRetryable: Bool { [408, 429, 500, 502, 503, 504].contains(statusCode) }

    /// The header `Retry-After` in seconds; 60 when it is a date or cannot be read, nil when it is absent.
    public var retryAfter: Int64? { headers["retry-after"].map { Int64($0) ?? 60 } }

    /// The body as a type of yours.
    /// - Throws: `DecodingError`.
    public func decode<T: Decodable>(_ type: T.Type = T.self) throws -> T {
        try RawJSONDecoder().decode(type, from: RawJSON(body))
    }

    // MARK: - Classification (SDK contract, section 4)

    var errorType: String {
        switch statusCode {
        case 400: "bad_request"
        case 401: "unauthorized"
        case 403: "forbidden"
        case 404: "not_found"
        case 405: "method_not_allowed"
        case 408: "request_timeout"
        case 409: "conflict"
        case 410: "gone"
        case 422: "unprocessable_entity"
        case 429: "rate_limited"
        case 500: "internal_server_error"
        case 502: "bad_gateway"
        case 503: "service_unavailable"
        case 504: "gateway_timeout"
        case 400..<500: "client_error"
        case 500..<600: "server_error"
        default: "http_error"
        }
    }

    var failureMessage: String { "HTTP \(statusCode): \(detail ?? reasonPhrase)" }

    private var detail: String? {
        for key in ["error", "message", "detail", "error_message", "msg"] {
            let value = body[key]
            if let text = value?.stringValue ?? value?["message"]?.stringValue, !text.isEmpty { return text }
        }
        return nil
    }

    private var reasonPhrase: String {
        let phrase = HTTPResponseStatus(statusCode: statusCode).reasonPhrase
        return phrase.isEmpty ? "Unknown error" : phrase
    }

    var isBodyEmpty: Bool {
        switch body {
        case .null, .string(""), .array([]), .object([:]): true
        default: false
        }
    }

    /// What the orchestrator should wait: a date is turned into seconds from `now`.
    func secondsToWait(now: Timestamp) -> Int64? {
        guard let value = headers["retry-after"] else { return nil }
        if let seconds = Int64(value) { return max(0, seconds) }
        guard let date = HTTPDate.seconds(value) else { return 60 }
        return max(0, date - now.milliseconds / 1000)
    }
}
