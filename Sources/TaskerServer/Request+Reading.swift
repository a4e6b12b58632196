import HTTPTypes
import Hummingbird
import NIOCore
import TaskerEngine
import TaskerProtocol

extension Request {
    static let bodyLimit = 1_048_576

    /// The body, whole.
    /// - Throws: ``Problem`` 413 past 1 MiB.
    func bodyBytes() async throws -> [UInt8] {
        if let length = headers[.contentLength].flatMap({ Int($0) }), length > Self.bodyLimit { throw Problem.tooLarge }
        do {
            let buffer = try await body.collect(upTo: Self.bodyLimit)
            return Array(buffer.readableBytesView)
        } catch is NIOTooManyBytesError {
            throw Problem.tooLarge
        }
    }

    /// `Content-Type` without its parameters, in lower case.
    var mediaType: String? {
        headers[.contentType].map { type in
            String(type.lowercased().prefix { $0 != ";" && $0 != " " })
        }
    }

    /// The body as checked JSON.
    /// - Throws: ``Problem`` 400 `JSON_ERROR`, 413, 415.
    func json() async throws -> RawJSON {
        if let type = headers[.contentType], mediaType != "application/json" {
            throw Problem(
                .unsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", title: "Unsupported media type",
                detail: "The body must be application/json, not \(type.prefix(80))")
        }
        let bytes = try await bodyBytes()
        do throws(JSONError) { return try RawJSON(validating: bytes, limits: .request) } catch {
            throw Problem.badRequest("The body is no acceptable JSON: \(error)", code: "JSON_ERROR")
        }
    }

    /// Refuses query parameters that mean nothing here.
    func allow(query names: Set<String>) throws {
        for (name, _) in uri.queryParameters where !names.contains(String(name)) {
            throw Problem.badRequest(
                "Unknown query parameter '\(name.prefix(60))'; known: \(names.sorted().joined(separator: ", "))")
        }
    }

    func query(_ name: String) -> String? { uri.queryParameters[Substring(name)].map(String.init) }

    /// `true` or `false`; false when it is not given.
    func flag(_ name: String) throws -> Bool {
        switch query(name) {
        case nil, "false": return false
        case "true": return true
        default: throw Problem.badRequest("\(name) must be true or false")
        }
    }

    func query(_ name: String, in range: ClosedRange<Int>, default value: Int) throws -> Int {
        guard let text = query(name) else { return value }
        guard let number = Int(text), range.contains(number) else {
            throw Problem.badRequest("\(name) must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}

extension RequestContext {
    func taskID() throws -> TaskID {
        let text = parameters.get("uuid") ?? ""
        guard let id = TaskID(text) else {
            throw Problem.badRequest("'\(text.prefix(60))' is no UUID", code: "INVALID_UUID")
        }
        return id
    }
}

extension Response {
    /// A JSON answer.
    static func json(_ bytes: [UInt8], status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    static func json(_ value: JSONValue, status: HTTPResponse.Status = .ok) -> Response {
        json(value.canonicalBytes, status: status)
    }
}
