import HTTPTypes
import Hummingbird
import NIOCore
import TaskerEngine
import TaskerProtocol

extension Request {
    /// The body, whole; ``BodyMiddleware`` has it already.
    func bodyBytes() async throws -> [UInt8] {
        Array(try await body.collect(upTo: BodyMiddleware<APIContext>.limit).readableBytesView)
    }

    /// `Content-Type` without its parameters, in lower case.
    var mediaType: String? {
        headers[.contentType].map { type in
            String(type.lowercased().prefix { $0 != ";" && $0 != " " })
        }
    }

    /// - Throws: ``Problem`` 415.
    func requireJSON() throws {
        guard let type = headers[.contentType], mediaType != "application/json" else { return }
        throw Problem(
            .unsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", title: "Unsupported media type",
            detail: "The body must be application/json, not \(type.prefix(80))")
    }

    /// The body as checked JSON.
    /// - Throws: ``Problem`` 400 `JSON_ERROR`, 413, 415.
    func json() async throws -> RawJSON {
        try requireJSON()
        return try RawJSON(request: try await bodyBytes())
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

    /// A `Link` header to the same list from another offset on.
    func nextPage(offset: Int) -> String {
        let others = (uri.query ?? "").split(separator: "&").filter { !$0.hasPrefix("offset=") }
        let query = (others.map(String.init) + ["offset=\(offset)"]).joined(separator: "&")
        return "<\(uri.path)?\(query)>; rel=\"next\""
    }

    func query(_ name: String, in range: ClosedRange<Int>, default value: Int) throws -> Int {
        guard let text = query(name) else { return value }
        guard let number = Int(text), range.contains(number) else {
            throw Problem.badRequest("\(name) must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}

extension RawJSON {
    /// - Throws: ``Problem`` 400 `JSON_ERROR`.
    init(request bytes: [UInt8]) throws {
        do throws(JSONError) { try self.init(validating: bytes, limits: .request) } catch {
            throw Problem.badRequest("The body is no acceptable JSON: \(error)", code: "JSON_ERROR")
        }
    }
}

extension RequestContext {
    func taskID() throws -> TaskID { try id("uuid") }

    /// A parameter of the path, its percent-encoding undone.
    /// - Throws: ``Problem`` 400.
    func text(_ name: String) throws -> String {
        let raw = parameters.get(name) ?? ""
        guard raw.contains("%") else { return raw }
        var bytes: [UInt8] = []
        var rest = raw.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) else {
                throw Problem.badRequest("'\(raw.prefix(60))' in the path is not percent-encoded as it should be")
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Problem.badRequest("'\(raw.prefix(60))' in the path is no UTF-8")
        }
        return text
    }

    /// A parameter of the path that is an id.
    /// - Throws: ``Problem`` 400 `INVALID_UUID`.
    func id<Kind>(_ name: String) throws -> Identifier<Kind> {
        let text = try text(name)
        guard let id = Identifier<Kind>(text) else {
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
