import Hummingbird
import TaskerOrchestrator
import TaskerProtocol

/// What operators do to a whole task (REST contract, section 2; engine contract, section 9).
struct TaskActionController<Context: RequestContext>: Sendable {
    let orchestrator: Orchestrator

    func addRoutes(to group: RouterGroup<Context>) {
        group.post("tasks/{uuid}/retry", use: retry)
        group.post("tasks/{uuid}/give-up", use: giveUp)
        group.post("tasks/{uuid}/resolve", use: resolve)
    }

    @Sendable func retry(_ request: Request, context: Context) async throws -> Response {
        try await act(request, context, reason: "retried by request") { body in
            let names = try body.texts("steps", atMost: 10_000)
            if names?.isEmpty == true { throw Problem.badRequest("steps is empty: leave it out to retry all") }
            return .retry(steps: names)
        }
    }

    @Sendable func giveUp(_ request: Request, context: Context) async throws -> Response {
        try await act(request, context, reason: "given up by request") { _ in .giveUp }
    }

    @Sendable func resolve(_ request: Request, context: Context) async throws -> Response {
        try await act(request, context, reason: "resolved by request") { _ in .resolve }
    }

    private func act(
        _ request: Request, _ context: Context, reason: String,
        _ action: (inout BodyReader) throws -> ActOnTask.Action
    ) async throws -> Response {
        try request.allow(query: [])
        let id = try context.taskID()
        var body = try await BodyReader(request, isRequired: false)
        let action = try action(&body)
        let actor = try body.text("by") ?? "api"
        let reason = try body.text("reason", atMost: 500) ?? reason
        try await orchestrator.act(action, on: id, actor: actor, reason: reason)
        var response = try await Response.task(orchestrator, id)
        response.warn(ofIgnored: body.unknownPointers)
        return response
    }
}
