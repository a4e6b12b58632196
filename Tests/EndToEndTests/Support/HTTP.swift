import Foundation
import TaskerProtocol

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

struct HTTPAnswer: Sendable {
    var status: Int
    var headers: [String: String]
    var body: JSONValue
    var text: String
}

/// A client of the REST API.
struct HTTP: Sendable {
    let base: String

    private static let session: URLSession = {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = 60
        configuration.httpMaximumConnectionsPerHost = 8
        configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
        return URLSession(configuration: configuration)
    }()

    func send(
        _ method: String, _ path: String, body: Data? = nil, contentType: String = "application/json",
        headers: [String: String] = [:]
    ) async throws -> HTTPAnswer {
        guard let url = URL(string: base + path) else { throw Failure("'\(base + path)' is no URL") }
        var request = URLRequest(url: url)
        request.httpMethod = method
        if let body {
            request.httpBody = body
            request.setValue(contentType, forHTTPHeaderField: "Content-Type")
        }
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        let (data, response) = try await Self.session.data(for: request)
        guard let response = response as? HTTPURLResponse else { throw Failure("\(method) \(path): no HTTP answer") }
        var headers: [String: String] = [:]
        for (name, value) in response.allHeaderFields { headers["\(name)".lowercased()] = "\(value)" }
        let text = String(decoding: data, as: UTF8.self)
        let json = (try? JSONValue(parsing: text, limits: .message)) ?? .null
        return HTTPAnswer(status: response.statusCode, headers: headers, body: json, text: text)
    }

    /// The body of a success.
    func get(_ path: String) async throws -> JSONValue {
        let answer = try await send("GET", path)
        guard answer.status == 200 else { throw Failure("GET \(path): \(answer.status) \(answer.text.prefix(500))") }
        return answer.body
    }

    func post(_ path: String, _ body: JSONValue, headers: [String: String] = [:]) async throws -> HTTPAnswer {
        try await send("POST", path, body: Data(body.canonicalBytes), headers: headers)
    }
}
