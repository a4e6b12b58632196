import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// One request and its answer.
struct HTTPExchange: Sendable {
    /// An answer larger than this is refused: a step's result has at most 1 MiB anyway.
    static let maximumBytes = 32 * 1024 * 1024

    let client: HTTPClient
    let method: String
    let url: String
    let headers: [String: String]
    let timeout: Duration

    func run(json: JSONValue?, body: [UInt8]?) async throws -> APIResponse {
        var request = HTTPClientRequest(url: url)
        request.method = HTTPMethod(rawValue: method)
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        if !request.headers.contains(name: "user-agent") {
            request.headers.add(name: "user-agent", value: WorkerIdentity.swiftSDK)
        }
        if let json {
            guard json.isFinite else { throw StepError.permanent("the body for \(url) holds NaN or an infinity") }
            request.body = .bytes(ByteBuffer(bytes: json.canonicalBytes))
            if !request.headers.contains(name: "content-type") {
                request.headers.add(name: "content-type", value: "application/json")
            }
        } else if let body {
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        do {
            return try await withinTimeout { [client, timeout, request] in
                let response = try await client.execute(request, timeout: .nanoseconds(timeout.nanoseconds))
                return APIResponse(response, try await response.body.collect(upTo: Self.maximumBytes))
            }
        } catch {
            throw explained(error)
        }
    }

    /// The client's own limit ends with the headers; a body may take for ever.
    private func withinTimeout(_ body: @escaping @Sendable () async throws -> APIResponse) async throws -> APIResponse {
        try await withThrowingTaskGroup(of: APIResponse?.self) { group in
            group.addTask { try await body() }
            group.addTask { [timeout] in
                try await Task.sleep(for: timeout)
                return nil
            }
            defer { group.cancelAll() }
            guard let response = try await group.next() ?? nil else {
                throw APITimeoutError(url: url, timeout: timeout)
            }
            return response
        }
    }

    private func explained(_ error: any Error) -> any Error {
        if error is NIOTooManyBytesError {
            return StepError.permanent("the answer of \(url) has more than \(Self.maximumBytes) bytes")
        }
        guard let known = error as? HTTPClientError else {
            if error is CancellationError || error is APITimeoutError { return error }
            return APIConnectionError(url: url, reason: "\(error)")
        }
        if known == .cancelled, Task.isCancelled { return CancellationError() }
        if Self.timeouts.contains(known) { return APITimeoutError(url: url, timeout: timeout) }
        if Self.unusableURLs.contains(known) || known.isUnsupportedScheme {
            return StepError.permanent(
                "\"\(url)\" is no URL of an HTTP server: give the handler a baseURL that starts with http:// or https://, or "
                    + "whole URLs")
        }
        return APIConnectionError(url: url, reason: known.shortDescription)
    }

    private static let timeouts: [HTTPClientError] = [
        .deadlineExceeded, .connectTimeout, .readTimeout, .writeTimeout, .tlsHandshakeTimeout,
        .getConnectionFromPoolTimeout,
    ]
    private static let unusableURLs: [HTTPClientError] = [.invalidURL, .emptyHost, .emptyScheme]

    // MARK: - URLs

    static func url(_ base: String, _ path: String, _ query: [String: String]) -> String {
        var url = path
        if !path.hasPrefix("http://"), !path.hasPrefix("https://") {
            switch (base.hasSuffix("/"), path.hasPrefix("/")) {
            case (true, true): url = base + path.dropFirst()
            case (false, false) where !base.isEmpty && !path.isEmpty && !path.hasPrefix("?"): url = "\(base)/\(path)"
            default: url = base + path
            }
        }
        guard !query.isEmpty else { return url }
        let pairs = query.sorted { $0.key < $1.key }.map { "\(escaped($0.key))=\(escaped($0.value))" }
        return url + (url.contains("?") ? "&" : "?") + pairs.joined(separator: "&")
    }

    /// All but the unreserved characters (RFC 3986, section 2.3) as `%XX`.
    static func escaped(_ text: String) -> String {
        text.utf8.reduce(into: "") { escaped, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                escaped += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
    }
}

extension HTTPClientError {
    fileprivate var isUnsupportedScheme: Bool { shortDescription == "Unsupported scheme" }
}

extension HTTPClient {
    /// The client of all handlers. It does not try a refused connection again: the orchestrator does, with a back-off, and
    /// knows about it.
    static let taskerShared: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.retryConnectionEstablishment = false
        // Lives as long as the process.
        return HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
    }()
}

extension APIResponse {
    init(_ response: HTTPClientResponse, _ bytes: ByteBuffer) {
        let bytes = Array(bytes.readableBytesView)
        var body = JSONValue.string(String(decoding: bytes, as: UTF8.self))
        if response.headers.first(name: "content-type")?.lowercased().contains("json") == true,
            let json = try? RawJSON(validating: bytes)
        {
            body = json.value
        }
        let headers = Dictionary(response.headers.map { ($0.name.lowercased(), $0.value) }) { "\($0), \($1)" }
        self.init(statusCode: Int(response.status.code), headers: headers, body: body)
    }
}

extension [String: String] {
    /// Header names have no case.
    func overridden(by others: [String: String]) -> [String: String] {
        let names = Set(others.keys.map { $0.lowercased() })
        return filter { !names.contains($0.key.lowercased()) }.merging(others) { $1 }
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds < 1_000_000_000 ? seconds * 1_000_000_000 + attoseconds / 1_000_000_000 : .max / 2
    }
}
