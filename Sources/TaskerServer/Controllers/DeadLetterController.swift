import Hummingbird
import TaskerEngine
import TaskerOrchestrator
import TaskerProtocol
import TaskerStore

/// `/v1/dlq`, reading only (REST contract, section 6).
struct DeadLetterController<Context: RequestContext>: Sendable {
    let orchestrator: Orchestrator

    func addRoutes(to group: RouterGroup<Context>) {
        group.get("dlq", use: list)
        group.get("dlq/task/{uuid}", use: ofTask)
    }

    @Sendable func list(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: ["resolution_status", "limit", "offset"])
        var resolution: DeadLetterResolution?
        if let text = request.query("resolution_status") {
            resolution = DeadLetterResolution.allCases.first { $0.rawValue == text || pascalCase($0.rawValue) == text }
            if resolution == nil { throw Problem.badRequest("'\(text.prefix(40))' is no resolution_status") }
        }
        let entries = try await orchestrator.store.deadLetters(
            resolution: resolution, limit: try request.query("limit", in: 1...500, default: 50),
            offset: try request.query("offset", in: 0...1_000_000, default: 0))
        return .json(.array(entries.map(view)))
    }

    @Sendable func ofTask(_ request: Request, context: Context) async throws -> Response {
        let id = try context.taskID()
        guard let entry = try await orchestrator.store.deadLetter(of: id) else {
            throw Problem.notFound("Entry", "Task \(id) has no dead-letter entry")
        }
        return .json(view(entry))
    }

    private func view(_ entry: DeadLetterEntry) -> JSONValue {
        var failures = JSONWriter()
        failures.beginArray()
        for failure in entry.failures { failure.write(to: &failures) }
        failures.endArray()
        return [
            "dlq_entry_uuid": .string(entry.id.description), "task_uuid": .string(entry.taskID.description),
            "original_state": .string(entry.originalState.rawValue),
            "dlq_reason": .string(pascalCase(entry.reason.rawValue)),
            "dlq_timestamp": .string(entry.createdAt.description),
            "resolution_status": .string(pascalCase(entry.resolution.rawValue)),
            "resolution_timestamp": entry.resolvedAt.map { .string($0.description) } ?? .null,
            "resolution_notes": entry.notes.map { .string($0) } ?? .null,
            "resolved_by": entry.resolvedBy.map { .string($0) } ?? .null,
            "metadata": ["failures": RawJSON(trusting: failures.finish()).value],
            "created_at": .string(entry.createdAt.description),
        ]
    }

    /// Enum values in REST are Pascal case; `manual_dlq` is `ManualDlq`.
    private func pascalCase(_ text: String) -> String {
        text.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }
}
