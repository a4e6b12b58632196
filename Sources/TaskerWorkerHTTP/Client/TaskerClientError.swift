import NIOHTTP1

/// What the orchestrator refused, or that it does not answer.
public struct TaskerClientError: Error, Hashable, Sendable, CustomStringConvertible {
    public var message: String
    /// nil: there was no answer.
    public var statusCode: Int?
    /// The code of an RFC 9457 problem: `VALIDATION_FAILED`.
    public var code: String?

    public var description: String { message }

    init(_ message: String) { self.message = message }

    /// From an answer that is no success, with the places that are wrong.
    init(_ response: APIResponse) {
        let body = response.body
        let older = body["error"]?["message"]?.stringValue ?? body["error"]?.stringValue
        var parts = [
            body["detail"]?.stringValue ?? body["title"]?.stringValue ?? older
                ?? HTTPResponseStatus(statusCode: response.statusCode).reasonPhrase
        ]
        for entry in body["errors"]?.arrayValue ?? [] {
            guard let text = entry["message"]?.stringValue else { continue }
            parts.append("\(entry["pointer"]?.stringValue ?? ""): \(text)")
        }
        message = "HTTP \(response.statusCode): \(parts.joined(separator: "; "))"
        statusCode = response.statusCode
        code = body["code"]?.stringValue
    }
}
