import HTTPTypes
import Hummingbird
import NIOCore
import TaskerEngine
import TaskerOrchestrator
import TaskerProtocol
import TaskerStore

/// `/v1/tasks` (REST contract, section 2).
struct TaskController<Context: RequestContext>: Sendable {
    let orchestrator: Orchestrator
    /// Of the list and of histories.
    let key: CursorKey

    init(orchestrator: Orchestrator) {
        self.orchestrator = orchestrator
        key = CursorKey(store: orchestrator.store)
    }

    func addRoutes(to group: RouterGroup<Context>) {
        group.post("tasks", use: create)
        group.get("tasks", use: list)
        group.get("tasks/{uuid}", use: get)
        group.delete("tasks/{uuid}", use: cancel)
        group.get("tasks/{uuid}/history", use: history)
        group.get("tasks/{uuid}/summary", use: summary)
    }

    // MARK: - Creating and ending

    @Sendable func create(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: ["wait_seconds"])
        let wait = try request.query("wait_seconds", in: 0...30, default: 0)
        let body = try await request.json()
        var task: TaskRequest
        do throws(RequestFaults) { task = try TaskRequest(reading: body) } catch {
            var problem = Problem(
                .unprocessableContent, "VALIDATION_FAILED", title: "Validation failed",
                detail: error.faults.map(\.message).joined(separator: "; "))
            problem.faults = error.faults
            throw problem
        }
        if let key = request.headers[.idempotencyKey] {
            try request.checkIdempotencyKey(key)
            guard task.idempotencyKey == nil || task.idempotencyKey == key else {
                throw Problem.badRequest("The header Idempotency-Key and the member idempotency_key differ")
            }
            task.idempotencyKey = key
        }
        let created = try await orchestrator.create(
            task, traceParent: request.headers[.traceParent], traceState: request.headers[.traceState])
        if wait > 0 { await orchestrator.waitUntilResting(created.id, atMost: .seconds(wait)) }
        var response = try await response(for: created.id, status: created.isNew ? .created : .ok)
        response.headers[.location] = "/v1/tasks/\(created.id)"
        if !created.isNew { response.headers[.idempotentReplayed] = "true" }
        response.warn(ofIgnored: unknownMembers(body))
        return response
    }

    private func unknownMembers(_ body: RawJSON) -> [String] {
        var names: [String] = []
        body.forEachMember { name, _ in
            if !TaskRequest.knownMembers.contains(name) { names.append(name) }
        }
        return BodyReader.pointers(names)
    }

    @Sendable func cancel(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: ["reason", "cancelled_by"])
        let id = try context.taskID()
        var body = try await BodyReader(request, isRequired: false)
        let reason = try body.text("reason", atMost: 500) ?? request.query("reason") ?? "cancelled by request"
        let actor = try body.text("cancelled_by") ?? request.query("cancelled_by") ?? "api"
        try await orchestrator.cancel(id, reason: String(reason.prefix(500)), actor: String(actor.prefix(255)))
        var response = try await response(for: id)
        response.warn(ofIgnored: body.unknownPointers)
        return response
    }

    // MARK: - Reading

    @Sendable func get(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: ["wait_seconds"])
        let id = try context.taskID()
        let wait = try request.query("wait_seconds", in: 0...30, default: 0)
        if wait > 0 { await orchestrator.waitUntilResting(id, atMost: .seconds(wait)) }
        return try await response(for: id)
    }

    @Sendable func summary(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: [])
        let task = try await orchestrator.loadTask(try context.taskID())
        return .json(TaskSummaryView.write(task, entry: try await orchestrator.store.deadLetter(of: task.id)))
    }

    @Sendable func history(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: ["cursor", "per_page"])
        let task = try await orchestrator.loadTask(try context.taskID())
        let limit = try request.query("per_page", in: 1...100, default: 25)
        var after: Int64 = 0
        if let cursor = request.query("cursor") { after = try await key.cursors().sequence(cursor, of: task.id) }
        // Entries of one commit stay together, so a page may hold a few more.
        let entries = try await orchestrator.store.journal(of: task.id, after: after, limit: limit)
        var next: String?
        if entries.count >= limit, let last = entries.last?.sequence {
            next = try await key.cursors().seal(sequence: last, of: task.id)
        }
        return .json(JournalView.history(entries, of: task, next: next))
    }

    private func response(for id: TaskID, status: HTTPResponse.Status = .ok) async throws -> Response {
        try await .task(orchestrator, id, status: status)
    }
}

extension Response {
    /// TaskResponse, as of the last commit.
    static func task(_ orchestrator: Orchestrator, _ id: TaskID, status: HTTPResponse.Status = .ok) async throws
        -> Response
    {
        let task = try await orchestrator.loadTask(id)
        var writer = JSONWriter(reserving: 1024 + 400 * task.steps.count)
        TaskView.write(task, to: &writer)
        return .json(writer.finish(), status: status)
    }
}
