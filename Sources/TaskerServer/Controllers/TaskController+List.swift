import Hummingbird
import TaskerEngine
import TaskerOrchestrator
import TaskerProtocol
import TaskerStore

/// `GET /v1/tasks`.
extension TaskController {
    @Sendable func list(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: [
            "page", "per_page", "namespace", "name", "version", "status", "initiator", "source_system",
            "correlation_id", "tag", "created_after", "created_before", "sort", "include",
        ])
        let page = try request.query("page", in: 1...1_000_000, default: 1)
        let perPage = try request.query("per_page", in: 1...100, default: 25)
        guard page * perPage <= 10_000 else {
            throw Problem.badRequest("page * per_page may not pass 10 000: narrow the filter")
        }
        let included = Set((request.query("include") ?? "").split(separator: ","))
        guard included.isSubset(of: ["context", "steps"]) else {
            throw Problem.badRequest("include may name context and steps")
        }
        let (tasks, total) = try await orchestrator.store.list(try filter(request), page: page, perPage: perPage)
        let pages = (total + perPage - 1) / perPage
        var writer = JSONWriter(reserving: 256 + 800 * tasks.count)
        writer.beginObject()
        writer.key("tasks")
        writer.beginArray()
        for summary in tasks {
            let needsTask = included.contains("steps") || mayGrow(summary)
            let task = needsTask ? try await orchestrator.store.task(summary.header.id, plans: orchestrator.plans) : nil
            TaskView.write(
                summary, task: task?.task, withContext: included.contains("context"),
                withSteps: included.contains("steps"), to: &writer)
        }
        writer.endArray()
        writer.key("pagination")
        writer.beginObject()
        writer.key("page")
        writer.value(page)
        writer.key("per_page")
        writer.value(perPage)
        writer.key("total_count")
        writer.value(total)
        writer.key("total_pages")
        writer.value(pages)
        writer.key("has_next")
        writer.value(page < pages)
        writer.key("has_previous")
        writer.value(page > 1)
        writer.key("next_cursor")
        writer.null()
        writer.endObject()
        writer.endObject()
        return .json(writer.finish())
    }

    /// The counters of a summary do not tell which failures are tolerated, and which steps are held by their batch.
    private func mayGrow(_ summary: TaskSummary) -> Bool {
        guard let plan = orchestrator.plans.known(summary.planHash) else { return true }
        return !plan.isStatic
    }

    func filter(_ request: Request) throws -> TaskFilter {
        var filter = TaskFilter()
        filter.namespace = request.query("namespace")
        filter.name = request.query("name")
        filter.version = request.query("version")
        filter.initiator = request.query("initiator")
        filter.sourceSystem = request.query("source_system")
        filter.tag = request.query("tag")
        if let text = request.query("correlation_id") {
            guard let id = CorrelationID(text) else {
                throw Problem.badRequest("correlation_id must be a UUID", code: "INVALID_UUID")
            }
            filter.correlationID = id
        }
        for word in request.query("status")?.split(separator: ",") ?? [] {
            guard let state = TaskState(rawValue: String(word)) else {
                let known = TaskState.allCases.map(\.rawValue).joined(separator: ", ")
                throw Problem.badRequest("'\(word.prefix(40))' is no task state; known: \(known)")
            }
            filter.states.insert(state)
        }
        func time(_ name: String) throws -> Timestamp? {
            guard let text = request.query(name) else { return nil }
            guard let time = Timestamp(text) ?? Timestamp(text + "Z") else {
                throw Problem.badRequest("\(name) must be an RFC 3339 time in UTC")
            }
            return time
        }
        filter.createdAfter = try time("created_after")
        filter.createdBefore = try time("created_before")
        switch request.query("sort") ?? "-created_at" {
        case "-created_at": filter.order = .newestFirst
        case "created_at": filter.order = .oldestFirst
        case "priority", "-priority": filter.order = .priority
        case "updated_at", "-updated_at": filter.order = .recentlyUpdated
        default: throw Problem.badRequest("sort must be one of created_at, -created_at, priority, updated_at")
        }
        return filter
    }
}
