import HTTPTypes
import Hummingbird
import TaskerEngine
import TaskerOrchestrator
import TaskerProtocol
import TaskerStore

/// `/v1/dlq`, acting (REST contract, section 6).
struct DeadLetterActionController<Context: RequestContext>: Sendable {
    let orchestrator: Orchestrator

    func addRoutes(to group: RouterGroup<Context>) {
        group.patch("dlq/entry/{entry}", use: update)
        group.post("dlq/entry/{entry}/replay", use: replay)
        group.post("dlq/task/{uuid}", use: make)
    }

    @Sendable func update(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: [])
        let id: DeadLetterID = try context.id("entry")
        var body = try await BodyReader(request)
        let resolution = try body.text("resolution_status").map { try DeadLetterView.resolution($0) }
        let notes = try body.text("resolution_notes", atMost: 10_000)
        let actor = try body.text("resolved_by") ?? "api"
        let metadata = try body.object("metadata")?.compacted()
        if resolution == nil, notes == nil, metadata == nil {
            throw Problem.badRequest("Give resolution_status, resolution_notes or metadata: there is nothing to change")
        }
        let entry = try await orchestrator.loadDeadLetter(id).entry
        try await orchestrator.act(
            .updateDeadLetter(entry: id, resolution: resolution, notes: notes, metadata: metadata), on: entry.taskID,
            actor: actor, reason: notes ?? "dead-letter entry updated")
        return done("The entry was updated", entry, body)
    }

    @Sendable func replay(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: [])
        let id: DeadLetterID = try context.id("entry")
        var body = try await BodyReader(request, isRequired: false)
        let actor = try body.text("by") ?? "api"
        let reason = try body.text("reason", atMost: 500) ?? "replayed by request"
        let entry = try await orchestrator.loadDeadLetter(id).entry
        try await orchestrator.act(
            .replay, on: entry.taskID, actor: actor, reason: reason,
            unless: { task in
                if task.deadLetter?.id == id, task.deadLetter?.resolution == .pending { return nil }
                return OrchestratorError(
                    .illegalState, "entry \(id) is closed; only the pending entry of a task can be replayed")
            })
        return done("The task goes on", entry, body)
    }

    @Sendable func make(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: [])
        let id = try context.taskID()
        var body = try await BodyReader(request, isRequired: false)
        let actor = try body.text("by") ?? "api"
        let reason = try body.text("reason", atMost: 500) ?? "put here by request"
        try await orchestrator.act(.makeDeadLetter, on: id, actor: actor, reason: reason)
        guard let entry = try await orchestrator.store.newestDeadLetter(of: id) else {
            throw Problem.notFound("Entry", "Task \(id) has no dead-letter entry")
        }
        var response = Response.json(DeadLetterView.entry(entry, at: Orchestrator.wallClock()), status: .created)
        response.headers[.location] = "/v1/dlq/entry/\(entry.entry.id)"
        response.warn(ofIgnored: body.unknownPointers)
        return response
    }

    private func done(_ message: String, _ entry: DeadLetterEntry, _ body: BodyReader) -> Response {
        var response = Response.json([
            "success": true, "message": .string(message), "dlq_entry_uuid": .string(entry.id.description),
            "task_uuid": .string(entry.taskID.description),
        ])
        response.warn(ofIgnored: body.unknownPointers)
        return response
    }
}
