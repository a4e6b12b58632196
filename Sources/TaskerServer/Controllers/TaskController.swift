import HTTPTypes
import Hummingbird
import NIOCore
import TaskerEngine
import TaskerOrchestrator
import TaskerProtocol
import TaskerStore

/// `/v1/tasks` (REST contract, sections 2 and 3).
struct TaskController<Context: RequestContext>: Sendable {
    let orchestrator: Orchestrator

    func addRoutes(to group: RouterGroup<Context>) {
        group.post("tasks", use: create)
        group.get("tasks", use: list)
        group.get("tasks/{uuid}", use: get)
        group.delete("tasks/{uuid}", use: cancel)
        group.get("tasks/{uuid}/history", use: history)
        group.get("tasks/{uuid}/workflow_steps", use: steps)
        group.get("tasks/{uuid}/workflow_steps/{step}", use: step)
        group.get("tasks/{uuid}/workflow_steps/{step}/audit", use: audit)
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
            guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw Problem.badRequest("Idempotency-Key must be 1-255 visible ASCII characters")
            }
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
        let ignored = unknownMembers(body)
        if !ignored.isEmpty { response.headers[.taskerWarnings] = ignored.joined(separator: ", ") }
        return response
    }

    /// JSON pointers (RFC 6901).
    private func unknownMembers(_ body: RawJSON) -> [String] {
        var names: [String] = []
        body.forEachMember { name, _ in
            let isPlain = name.utf8.allSatisfy { (0x21...0x7E).contains($0) } && name.utf8.count <= 60
            guard !TaskRequest.knownMembers.contains(name), isPlain, names.count < 20 else { return }
            names.append("/" + name.replacing("~", with: "~0").replacing("/", with: "~1"))
        }
        return names
    }

    @Sendable func cancel(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: ["reason", "cancelled_by"])
        let id = try context.taskID()
        var reason = request.query("reason")
        var actor = request.query("cancelled_by")
        let bytes = try await request.bodyBytes()
        if !bytes.isEmpty {
            guard let body = try? RawJSON(validating: bytes, limits: .request), body.isObject else {
                throw Problem.badRequest("The body must be a JSON object", code: "JSON_ERROR")
            }
            reason = body.member("reason")?.string ?? reason
            actor = body.member("cancelled_by")?.string ?? actor
        }
        try await orchestrator.cancel(
            id, reason: String((reason ?? "cancelled by request").prefix(500)),
            actor: String((actor ?? "api").prefix(255)))
        return try await response(for: id)
    }

    // MARK: - Reading

    @Sendable func get(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: ["wait_seconds"])
        let id = try context.taskID()
        let wait = try request.query("wait_seconds", in: 0...30, default: 0)
        if wait > 0 { await orchestrator.waitUntilResting(id, atMost: .seconds(wait)) }
        return try await response(for: id)
    }

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
            let task = included.contains("steps") ? try await task(summary.header.id) : nil
            TaskView.write(summary, withContext: included.contains("context"), stepsOf: task, to: &writer)
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

    private func filter(_ request: Request) throws -> TaskFilter {
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

    @Sendable func history(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: ["cursor", "per_page"])
        let task = try await task(try context.taskID())
        let limit = try request.query("per_page", in: 1...1000, default: 500)
        let after = try request.query("cursor", in: 0...Int.max, default: 0)
        let entries = try await orchestrator.store.journal(of: task.id, after: Int64(after), limit: limit)
        let next = entries.count < limit ? nil : entries.last?.sequence
        return .json(JournalView.history(entries, of: task, next: next))
    }

    // MARK: - Steps

    @Sendable func steps(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: [])
        let task = try await task(try context.taskID())
        var writer = JSONWriter(reserving: 1024 * task.steps.count)
        writer.beginArray()
        for place in task.topologicalOrder { StepView.write(task.steps[place], of: task, to: &writer) }
        writer.endArray()
        return .json(writer.finish())
    }

    @Sendable func step(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: [])
        let task = try await task(try context.taskID())
        let place = try place(in: task, context)
        var writer = JSONWriter()
        StepView.write(task.steps[place], of: task, to: &writer)
        return .json(writer.finish())
    }

    @Sendable func audit(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: [])
        let task = try await task(try context.taskID())
        let place = try place(in: task, context)
        let entries = try await orchestrator.store.journal(of: task.id, after: 0, limit: 100_000)
        return .json(JournalView.audit(entries, place: place, of: task))
    }

    // MARK: -

    private func task(_ id: TaskID) async throws -> WorkflowTask {
        guard let stored = try await orchestrator.store.task(id, plans: orchestrator.plans) else {
            throw Problem.notFound("Task", "There is no task \(id)")
        }
        return stored.task
    }

    private func place(in task: WorkflowTask, _ context: Context) throws -> Int {
        let text = context.parameters.get("step") ?? ""
        if let id = StepID(text), let place = task.index(of: id) { return place }
        if let place = task.steps.firstIndex(where: { $0.name == text }) { return place }
        let names = task.steps.prefix(20).map(\.name).joined(separator: ", ")
        throw Problem.notFound("Step", "Task \(task.id) has no step '\(text.prefix(128))'", hint: "Its steps: \(names)")
    }

    private func response(for id: TaskID, status: HTTPResponse.Status = .ok) async throws -> Response {
        let task = try await task(id)
        var writer = JSONWriter(reserving: 1024 + 400 * task.steps.count)
        TaskView.write(task, to: &writer)
        return .json(writer.finish(), status: status)
    }
}

extension WorkflowTask {
    /// Places of all steps, parents before children; template order where the DAG leaves a choice.
    var topologicalOrder: [Int] {
        var waiting = steps.map(\.parents.count)
        var ready = steps.indices.filter { waiting[$0] == 0 }
        var order: [Int] = []
        var head = 0
        while head < ready.count {
            let place = ready[head]
            head += 1
            order.append(place)
            for child in steps[place].children {
                waiting[child] -= 1
                if waiting[child] == 0 { ready.append(child) }
            }
        }
        return order
    }
}
