import HTTPTypes
import Hummingbird
import TaskerEngine
import TaskerOrchestrator
import TaskerProtocol
import TaskerStore

/// `/v1/tasks/{uuid}/workflow_steps` (REST contract, section 3).
struct StepController<Context: RequestContext>: Sendable {
    let orchestrator: Orchestrator

    func addRoutes(to group: RouterGroup<Context>) {
        group.get("tasks/{uuid}/workflow_steps", use: list)
        group.get("tasks/{uuid}/workflow_steps/{step}", use: get)
        group.patch("tasks/{uuid}/workflow_steps/{step}", use: patch)
        group.get("tasks/{uuid}/workflow_steps/{step}/audit", use: audit)
    }

    @Sendable func list(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: [])
        let task = try await orchestrator.loadTask(try context.taskID())
        var writer = JSONWriter(reserving: 1024 * task.steps.count)
        writer.beginArray()
        for place in task.topologicalOrder { StepView.write(task.steps[place], of: task, to: &writer) }
        writer.endArray()
        return .json(writer.finish())
    }

    @Sendable func get(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: [])
        return try await response(of: context, in: try context.taskID())
    }

    @Sendable func audit(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: [])
        let task = try await orchestrator.loadTask(try context.taskID())
        let place = try task.requirePlace(of: context.text("step"))
        let entries = try await orchestrator.store.journal(of: task.id, after: 0, limit: 100_000)
        return .json(JournalView.audit(entries, place: place, of: task))
    }

    // MARK: - Actions

    @Sendable func patch(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: [])
        let id = try context.taskID()
        let step = try context.text("step")
        let condition = request.headers[.ifMatch]
        var body = try await BodyReader(request)
        let action = try StepActionRequest(&body)
        try await orchestrator.act(
            .step(step, action.action), on: id, actor: action.actor, reason: action.reason,
            unless: { task in
                guard let condition, let place = try? task.requirePlace(of: step),
                    !EntityTag.matches(condition, EntityTag.of(task.steps[place]))
                else { return nil }
                return OrchestratorError(
                    .preconditionFailed, "step '\(task.steps[place].name)' is not as If-Match wants it",
                    hint: "Read the step again: its ETag is the value to send")
            })
        var response = try await response(of: context, in: id)
        response.warn(ofIgnored: body.unknownPointers + action.ignored)
        return response
    }

    private func response(of context: Context, in id: TaskID) async throws -> Response {
        let task = try await orchestrator.loadTask(id)
        let place = try task.requirePlace(of: context.text("step"))
        var writer = JSONWriter()
        StepView.write(task.steps[place], of: task, to: &writer)
        return .json(writer.finish(), headers: [.eTag: EntityTag.of(task.steps[place])])
    }
}

/// The body of a PATCH of a step, told apart by `action_type`.
struct StepActionRequest {
    var action: ActOnTask.StepAction
    var actor: String
    var reason: String
    /// Pointers to members that mean nothing.
    var ignored: [String] = []

    /// - Throws: ``Problem`` 400.
    init(_ body: inout BodyReader) throws {
        let type = try body.requiredText("action_type")
        switch type {
        case "reset_for_retry":
            action = .reset(clearCheckpoint: try body.flag("clear_checkpoint"))
            actor = try body.requiredText("reset_by")
        case "resolve_manually":
            action = .resolve
            actor = try body.requiredText("resolved_by")
        case "complete_manually":
            guard let object = try body.object("completion_data") else {
                throw Problem.badRequest("completion_data is missing")
            }
            var data = try BodyReader(object, name: "completion_data", pointer: "/completion_data")
            guard let result = data.anyValue("result") else {
                throw Problem.badRequest("completion_data.result is missing")
            }
            action = .complete(
                result: result.compacted(), metadata: try data.object("metadata")?.compacted() ?? .emptyObject)
            actor = try body.requiredText("completed_by")
            ignored = data.unknownPointers
        default:
            throw Problem.badRequest(
                "'\(type.prefix(60))' is no action_type; known: reset_for_retry, resolve_manually, complete_manually")
        }
        reason = try body.requiredText("reason", atMost: 500)
    }
}
