import TaskerProtocol

/// One call of the REST API.
struct APIRequest: Sendable {
    enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    var method: Method
    /// Percent-encoded, from ``path(_:)``.
    var path: String
    var query: [(name: String, value: String)] = []
    var body: [UInt8]?
    var contentType = "application/json"
    var accept = "application/json"
    /// The server does the work once for one key, so it may be sent again.
    var idempotencyKey: String?
    /// Of a stream of events: goes on after the one with this id.
    var lastEventID: String?
    /// Held open by the server for this long before it answers.
    var held: Duration = .zero

    init(_ method: Method, _ path: String...) {
        self.method = method
        self.path = Self.path(path)
    }

    func with(query name: String, _ value: String?) -> APIRequest {
        guard let value else { return self }
        var copy = self
        copy.query.append((name, value))
        return copy
    }

    func with(body: JSONValue) -> APIRequest {
        var copy = self
        copy.body = body.canonicalBytes
        return copy
    }

    /// Safe to send twice.
    var isRepeatable: Bool { method == .get || idempotencyKey != nil }

    /// `/v1/a/b`; a part that begins with `/` is taken as it is.
    private static func path(_ parts: [String]) -> String {
        if let first = parts.first, first.hasPrefix("/") { return first }
        return "/v1/" + parts.map(encoded).joined(separator: "/")
    }

    static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.count < 2 ? "0" : "") + digits
            }
        }
        return result
    }

    /// Path and query.
    var target: String {
        if query.isEmpty { return path }
        return path + "?" + query.map { "\($0.name)=\(Self.encoded($0.value))" }.joined(separator: "&")
    }
}

struct APIResponse: Sendable {
    var status: Int
    /// Names in lower case.
    var headers: [String: String]
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    /// - Throws: failed, when it is no JSON: then something else than Tasker has answered.
    func json() throws(CommandError) -> JSONValue {
        do { return try JSONText.parse(body) } catch {
            throw .failed(
                "the server's answer is no JSON",
                hint: "is this a Tasker orchestrator? see 'tasker-ctl config explain server'")
        }
    }
}
