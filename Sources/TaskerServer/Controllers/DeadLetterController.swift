import HTTPTypes
import Hummingbird
import TaskerEngine
import TaskerOrchestrator
import TaskerProtocol
import TaskerStore

/// `/v1/dlq`, reading (REST contract, section 6).
struct DeadLetterController<Context: RequestContext>: Sendable {
    let orchestrator: Orchestrator

    func addRoutes(to group: RouterGroup<Context>) {
        group.get("dlq", use: list)
        group.get("dlq/task/{uuid}", use: ofTask)
        group.get("dlq/entry/{entry}", use: get)
        group.get("dlq/stats", use: statistics)
        group.get("dlq/investigation-queue", use: investigationQueue)
        group.get("dlq/staleness", use: staleness)
    }

    @Sendable func list(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: ["resolution_status", "reason", "namespace", "limit", "offset"])
        let filter = DeadLetterFilter(
            resolution: try request.query("resolution_status").map { try DeadLetterView.resolution($0) },
            reason: try request.query("reason").map { try DeadLetterView.reason($0) },
            namespace: request.query("namespace"))
        let limit = try request.query("limit", in: 1...500, default: 50)
        let offset = try request.query("offset", in: 0...1_000_000, default: 0)
        // One more tells whether there is another page.
        let entries = try await orchestrator.store.deadLetters(filter, limit: limit + 1, offset: offset)
        let now = Orchestrator.wallClock()
        var response = Response.json(.array(entries.prefix(limit).map { DeadLetterView.entry($0, at: now) }))
        if entries.count > limit { response.headers[.link] = request.nextPage(offset: offset + limit) }
        return response
    }

    @Sendable func ofTask(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: [])
        let id = try context.taskID()
        guard let entry = try await orchestrator.store.newestDeadLetter(of: id) else {
            throw Problem.notFound("Entry", "Task \(id) has no dead-letter entry")
        }
        return .json(DeadLetterView.entry(entry, at: Orchestrator.wallClock()))
    }

    @Sendable func get(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: [])
        let entry = try await orchestrator.loadDeadLetter(try context.id("entry"))
        return .json(DeadLetterView.entry(entry, at: Orchestrator.wallClock()))
    }

    @Sendable func statistics(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: [])
        return .json(.array(try await orchestrator.store.deadLetterStatistics().map(DeadLetterView.statistics)))
    }

    @Sendable func investigationQueue(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: ["limit"])
        let entries = try await orchestrator.store.deadLetters(
            DeadLetterFilter(resolution: .pending, order: .mostUrgentFirst),
            limit: try request.query("limit", in: 1...500, default: 100), offset: 0)
        let now = Orchestrator.wallClock()
        return .json(.array(entries.map { DeadLetterView.investigation($0, at: now) }))
    }

    /// Unfinished tasks against their limits, those nearest to one or longest past it first.
    @Sendable func staleness(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: ["limit"])
        let limit = try request.query("limit", in: 1...500, default: 100)
        var filter = TaskFilter()
        filter.states = Set(TaskState.allCases.filter { !$0.isTerminal })
        filter.order = .oldestFirst
        let (oldest, _) = try await orchestrator.store.list(filter, page: 1, perPage: 2000)
        let now = Orchestrator.wallClock()
        var found: [(task: WorkflowTask, finding: StalenessFinding)] = []
        for chunk in stride(from: 0, to: oldest.count, by: 200) {
            let ids = oldest[chunk..<min(chunk + 200, oldest.count)].map(\.header.id)
            for stored in try await orchestrator.store.tasks(ids, plans: orchestrator.plans) {
                guard let finding = stored.task.staleness(at: now, orchestrator.settings.engine) else { continue }
                found.append((stored.task, finding))
            }
        }
        found.sort { $0.finding.elapsed - $0.finding.threshold > $1.finding.elapsed - $1.finding.threshold }
        return .json(.array(found.prefix(limit).map { DeadLetterView.staleness($0.task, $0.finding, at: now) }))
    }
}

extension Orchestrator {
    /// - Throws: ``Problem`` 404.
    func loadDeadLetter(_ id: DeadLetterID) async throws -> StoredDeadLetter {
        guard let entry = try await store.deadLetter(id) else {
            throw Problem.notFound("Entry", "There is no dead-letter entry \(id)")
        }
        return entry
    }
}
