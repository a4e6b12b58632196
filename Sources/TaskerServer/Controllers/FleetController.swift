import Hummingbird
import TaskerEngine
import TaskerMessaging
import TaskerOrchestrator
import TaskerProtocol
import TaskerStore

/// `/v1/workers` (REST contract, section 5): who is there.
struct FleetController<Context: RequestContext>: Sendable {
    let orchestrator: Orchestrator

    func addRoutes(to group: RouterGroup<Context>) {
        group.get("workers", use: workers)
        group.get("workers/{worker}", use: worker)
    }

    @Sendable func workers(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: ["namespace", "queue", "status"])
        let status = try request.query("status").map { text in
            guard let status = WorkerInfo.Status(rawValue: text) else {
                let known = WorkerInfo.Status.allCases.map(\.rawValue).joined(separator: ", ")
                throw Problem.badRequest("'\(text.prefix(40))' is no status of a worker; known: \(known)")
            }
            return status
        }
        let workers = try await orchestrator.liveState().workers.filter { worker in
            (request.query("namespace").map { worker.announcement.namespaces.contains($0) } ?? true)
                && (request.query("queue").map { worker.announcement.queues.contains($0) } ?? true)
                && (status == nil || worker.status == status)
        }
        return .json([
            "workers": .array(workers.map { .object(view($0)) }), "total_count": .number(workers.count),
        ])
    }

    @Sendable func worker(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: [])
        let id = try context.text("worker")
        guard let worker = try await orchestrator.liveState().workers.first(where: { $0.announcement.worker.id == id })
        else {
            throw Problem.notFound(
                "Worker", "No worker '\(id.prefix(128))' was seen since the orchestrator started",
                hint: "GET /v1/workers lists those that were")
        }
        var members = view(worker)
        members["running"] = .array(try await running(worker.announcement.running))
        return .json(.object(members))
    }

    /// What a worker said in its last heartbeat that it runs.
    private func running(_ running: [WorkerAnnouncement.Running]) async throws -> [JSONValue] {
        let owners = try await orchestrator.locate(running.compactMap(\.stepID))
        let tasks = try await orchestrator.store.tasks(Array(Set(owners.values)), plans: orchestrator.plans)
        let byID = Dictionary(tasks.map { ($0.task.id, $0.task) }, uniquingKeysWith: { first, _ in first })
        return running.map { item in
            let task = item.stepID.flatMap { owners[$0] }.flatMap { byID[$0] }
            let step = task.flatMap { task in
                item.stepID.flatMap { task.index(of: $0) }.map { task.steps[$0] }
            }
            return [
                "dispatch_id": .string(item.dispatchID.description), "task_uuid": .text(task?.id.description),
                "step_uuid": .text(item.stepID?.description), "step_name": .text(step?.name),
                "attempt": step.map { .number($0.attempts) } ?? .null, "since": .time(item.startedAt),
            ]
        }
    }

    private func view(_ worker: WorkerInfo) -> [String: JSONValue] {
        let hello = worker.announcement
        return [
            "worker_id": .string(hello.worker.id), "hostname": .string(hello.worker.hostname),
            "pid": .integer(hello.processID), "language": .string(hello.worker.language),
            "sdk_version": .string(hello.worker.sdk), "protocol_version": .string(WireProtocol.version),
            "queues": .array(hello.queues.map { .string($0) }),
            "namespaces": .array(hello.namespaces.map { .string($0) }),
            "handlers": .array(
                hello.handlers.map {
                    ["callable": .string($0.callable), "version": $0.version.map { .string($0) } ?? .null]
                }),
            "any_handler": .bool(hello.anyHandler),
            "started_at": hello.startedAt.map { .string($0.description) } ?? .null,
            "last_seen_at": .string(worker.lastSeenAt.description), "status": .string(worker.status.rawValue),
            "in_flight": .number(hello.running.count), "capacity": .number(hello.slots),
            "processed_total": .integer(hello.processedTotal), "failed_total": .integer(hello.failedTotal),
        ]
    }
}
