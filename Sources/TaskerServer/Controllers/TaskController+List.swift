import Hummingbird
import TaskerEngine
import TaskerOrchestrator
import TaskerProtocol
import TaskerStore

/// `GET /v1/tasks`.
extension TaskController {
    private static var listParameters: Set<String> {
        [
            "page", "per_page", "cursor", "namespace", "name", "version", "status", "initiator", "source_system",
            "correlation_id", "tag", "created_after", "created_before", "sort", "include",
        ]
    }

    @Sendable func list(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: Self.listParameters)
        let perPage = try request.query("per_page", in: 1...100, default: 25)
        let included = Set((request.query("include") ?? "").split(separator: ","))
        guard included.isSubset(of: ["context", "steps"]) else {
            throw Problem.badRequest("include may name context and steps")
        }
        let filter = try filter(request)
        let number = try request.query("page", in: 1...1_000_000, default: 1)
        let page: ListPage = request.query("cursor").map { .cursor($0) } ?? .numbered(number)
        let found = try await find(filter, page, perPage: perPage)
        var writer = JSONWriter(reserving: 256 + 800 * found.tasks.count)
        writer.beginObject()
        writer.key("tasks")
        writer.beginArray()
        let whole = try await tasks(of: found.tasks, all: included.contains("steps"))
        for summary in found.tasks {
            TaskView.write(
                summary, task: whole[summary.header.id], withContext: included.contains("context"),
                withSteps: included.contains("steps"), to: &writer)
        }
        writer.endArray()
        writer.key("pagination")
        writer.value(found.pagination)
        writer.endObject()
        return .json(writer.finish())
    }

    private enum ListPage {
        case numbered(Int)
        case cursor(String)
    }

    private func find(
        _ filter: TaskFilter, _ page: ListPage, perPage: Int
    ) async throws -> (tasks: [TaskSummary], pagination: JSONValue) {
        // What moves when it changes would be missed behind a place that stands still.
        let canContinue = filter.order != .recentlyUpdated
        func next(_ tasks: [TaskSummary], _ hasNext: Bool) async throws -> JSONValue {
            guard hasNext, canContinue, let last = tasks.last else { return .null }
            return .string(try await key.cursors().seal(TaskPosition(last), filter: filter.signature))
        }
        switch page {
        case .cursor(let cursor):
            guard canContinue else {
                throw Problem.badRequest("A cursor needs a sort by created_at or priority: updated_at moves")
            }
            let position = try await key.cursors().open(cursor, filter: filter.signature)
            // One more tells whether there is another page.
            let found = try await orchestrator.store.list(filter, after: position, limit: perPage + 1)
            let tasks = Array(found.prefix(perPage))
            let hasNext = found.count > perPage
            return (
                tasks,
                [
                    "page": .null, "per_page": .number(perPage), "total_count": .null, "total_pages": .null,
                    "has_next": .bool(hasNext), "has_previous": true, "next_cursor": try await next(tasks, hasNext),
                ]
            )
        case .numbered(let number):
            guard number * perPage <= 10_000 else {
                throw Problem.badRequest(
                    "page * per_page may not pass 10 000: narrow the filter, or go on with next_cursor as cursor")
            }
            let (tasks, total) = try await orchestrator.store.list(filter, page: number, perPage: perPage)
            let pages = (total + perPage - 1) / perPage
            return (
                tasks,
                [
                    "page": .number(number), "per_page": .number(perPage), "total_count": .number(total),
                    "total_pages": .number(pages), "has_next": .bool(number < pages),
                    "has_previous": .bool(number > 1), "next_cursor": try await next(tasks, number < pages),
                ]
            )
        }
    }

    /// Tasks whose summaries do not tell enough.
    private func tasks(of summaries: [TaskSummary], all: Bool) async throws -> [TaskID: WorkflowTask] {
        let ids = summaries.filter { summary in
            // When the next retry is due, only the steps know.
            all || summary.stepCounts[.waitingForRetry] ?? 0 > 0 || mayGrow(summary)
        }.map(\.header.id)
        guard !ids.isEmpty else { return [:] }
        let found = try await orchestrator.store.tasks(ids, plans: orchestrator.plans)
        return Dictionary(found.map { ($0.task.id, $0.task) }, uniquingKeysWith: { first, _ in first })
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

extension TaskFilter {
    /// What a cursor is bound to.
    fileprivate var signature: String {
        [
            namespace, name, version, states.map(\.rawValue).sorted().joined(separator: ","), initiator, sourceSystem,
            correlationID?.description, tag, createdAfter?.description, createdBefore?.description, "\(order)",
        ].map { $0.map { "\($0.utf8.count):\($0)" } ?? "-" }.joined(separator: "|")
    }
}
