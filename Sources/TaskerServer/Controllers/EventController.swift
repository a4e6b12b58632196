import HTTPTypes
import Hummingbird
import TaskerOrchestrator

/// `/v1/events` (REST contract, section 5).
struct EventController: Sendable {
    let orchestrator: Orchestrator
    let settings: ServerSettings

    func addRoutes(to group: RouterGroup<APIContext>) {
        group.get("events", use: stream)
    }

    @Sendable func stream(_ request: Request, context: APIContext) async throws -> Response {
        let filter = try EventFilter(request)
        if let task = filter.taskID { _ = try await orchestrator.loadTask(task) }
        guard orchestrator.events.listeners < settings.eventReaders else {
            var problem = Problem(
                .tooManyRequests, "RATE_LIMITED", title: "Too many streams",
                detail: "\(settings.eventReaders) event streams are open already")
            problem.retryAfterSeconds = 10
            throw problem
        }
        let stream = EventStream(orchestrator: orchestrator, filter: filter, settings: settings)
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream"],
            body: ResponseBody { writer in
                try await stream.write(to: writer, over: context.channel)
                try await writer.finish(nil)
            })
    }
}
