import HTTPTypes
import Hummingbird
import NIOCore
import TaskerOrchestrator
import TaskerProtocol
import TaskerTemplates

/// An RFC 9457 problem: every error of the API leaves as one.
struct Problem: Error {
    var status: HTTPResponse.Status
    var code: String
    var title: String
    var detail: String
    var hint: String?
    var faults: [RequestFault] = []
    var findings: [Diagnostic] = []
    var existingTask: TaskID?
    var retryAfterSeconds: Int?
    /// Of the path, for 405.
    var allowedMethods: [HTTPRequest.Method] = []

    init(_ status: HTTPResponse.Status, _ code: String, title: String, detail: String, hint: String? = nil) {
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.hint = hint
    }

    func response(instance: String, requestID: String) -> Response {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("type")
        writer.value("urn:tasker:error:" + code.lowercased().replacing("_", with: "-"))
        writer.key("title")
        writer.value(title)
        writer.key("status")
        writer.value(status.code)
        writer.key("detail")
        writer.value(detail)
        if let hint {
            writer.key("hint")
            writer.value(hint)
        }
        writer.key("instance")
        writer.value(instance)
        writer.key("code")
        writer.value(code)
        writer.key("request_id")
        writer.value(requestID)
        if let existingTask {
            writer.key("existing_task_uuid")
            writer.value(existingTask)
        }
        if !faults.isEmpty {
            writer.key("errors")
            writer.beginArray()
            for fault in faults.prefix(50) {
                writer.beginObject()
                writer.key("pointer")
                writer.value(fault.pointer)
                writer.key("keyword")
                writer.value(fault.keyword)
                writer.key("message")
                writer.value(fault.message)
                writer.endObject()
            }
            writer.endArray()
        }
        if !findings.isEmpty {
            writer.key("findings")
            writer.beginArray()
            for finding in findings { writer.value(finding.json) }
            writer.endArray()
        }
        // For clients of older servers.
        writer.key("error")
        writer.beginObject()
        writer.key("code")
        writer.value(code)
        writer.key("message")
        writer.value(detail)
        if let retryAfterSeconds {
            writer.key("retry_after_seconds")
            writer.value(retryAfterSeconds)
        }
        writer.endObject()
        writer.endObject()
        var headers: HTTPFields = [.contentType: "application/problem+json"]
        if let retryAfterSeconds { headers[.retryAfter] = "\(retryAfterSeconds)" }
        if !allowedMethods.isEmpty { headers[.allow] = allowedMethods.map(\.rawValue).joined(separator: ", ") }
        return Response(
            status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: writer.finish())))
    }
}

extension Problem {
    static func badRequest(_ detail: String, code: String = "BAD_REQUEST") -> Problem {
        Problem(.badRequest, code, title: "Bad request", detail: detail)
    }

    static func notFound(_ what: String, _ detail: String, hint: String? = nil) -> Problem {
        Problem(.notFound, "NOT_FOUND", title: "\(what) not found", detail: detail, hint: hint)
    }

    static func methodNotAllowed(_ method: HTTPRequest.Method, allowed: [HTTPRequest.Method]) -> Problem {
        let known = allowed.map(\.rawValue).joined(separator: ", ")
        var problem = Problem(
            .methodNotAllowed, "METHOD_NOT_ALLOWED", title: "Method not allowed",
            detail: "\(method.rawValue) is not possible here; allowed: \(known)")
        problem.allowedMethods = allowed
        return problem
    }

    static let tooLarge = Problem(
        .contentTooLarge, "PAYLOAD_TOO_LARGE", title: "Request too large", detail: "The body is larger than 1 MiB",
        hint: "Keep large data elsewhere and pass a reference to it")

    init(_ error: OrchestratorError) {
        switch error.code {
        case .taskNotFound: self = .notFound("Task", error.message, hint: error.hint)
        case .templateNotFound: self = .notFound("Template", error.message, hint: error.hint)
        case .stepNotFound: self = .notFound("Step", error.message, hint: error.hint)
        case .invalidRequest, .invalidTemplate:
            self.init(
                .unprocessableContent, "VALIDATION_FAILED", title: "Validation failed", detail: error.message,
                hint: error.hint)
        case .conflict: self.init(.conflict, "CONFLICT", title: "Conflict", detail: error.message, hint: error.hint)
        case .idempotencyKeyRequired:
            self.init(
                .badRequest, "IDEMPOTENCY_KEY_REQUIRED", title: "Idempotency key required", detail: error.message,
                hint: error.hint)
        case .alreadyTerminal: self = .badRequest(error.message)
        case .illegalState:
            self.init(.conflict, "CONFLICT", title: "Not possible now", detail: error.message, hint: error.hint)
        case .preconditionFailed:
            self.init(
                .preconditionFailed, "PRECONDITION_FAILED", title: "It has changed", detail: error.message,
                hint: error.hint)
        case .invalidOutcome:
            self.init(
                .unprocessableContent, "VALIDATION_FAILED", title: "Invalid outcome", detail: error.message,
                hint: error.hint)
        case .backpressure:
            self.init(
                .tooManyRequests, "BACKPRESSURE", title: "Too much is open", detail: error.message, hint: error.hint)
        case .unavailable:
            self.init(
                .serviceUnavailable, "SERVICE_UNAVAILABLE", title: "Not available", detail: error.message,
                hint: error.hint)
        case .internalDefect:
            self.init(.internalServerError, "INTERNAL_ERROR", title: "Internal error", detail: error.message)
        }
        faults = error.faults
        findings = error.diagnostics
        existingTask = error.existingTask
        retryAfterSeconds = error.retryAfterSeconds ?? (error.code == .unavailable ? 1 : nil)
    }
}
