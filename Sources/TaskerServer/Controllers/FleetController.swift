import Hummingbird
import TaskerMessaging
import TaskerOrchestrator
import TaskerProtocol
import TaskerStore

/// `/v1/workers`, `/v1/queues` (REST contract, section 5): who is there, who is missing.
struct FleetController<Context: RequestContext>: Sendable {
    let orchestrator: Orchestrator

    func addRoutes(to group: RouterGroup<Context>) {
        group.get("workers", use: workers)
        group.get("queues", use: queues)
    }

    @Sendable func workers(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: ["namespace", "queue", "status"])
        let workers = try await orchestrator.liveState().workers.filter { worker in
            (request.query("namespace").map { worker.announcement.namespaces.contains($0) } ?? true)
                && (request.query("queue").map { worker.announcement.queues.contains($0) } ?? true)
                && (request.query("status").map { worker.status.rawValue == $0 } ?? true)
        }
        return .json([
            "workers": .array(workers.map(view)), "total_count": .number(workers.count),
        ])
    }

    private func view(_ worker: WorkerInfo) -> JSONValue {
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

    @Sendable func queues(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: [])
        let state = try await orchestrator.liveState()
        var queues: [JSONValue] = []
        for queue in state.queues { queues.append(await view(queue, state)) }
        var reachable = false
        if case .connected = state.broker { reachable = true }
        return .json([
            "queues": .array(queues), "total_count": .number(queues.count),
            "broker": ["reachable": .bool(reachable), "checked_at": .string(state.at.description)],
        ])
    }

    private func view(_ queue: LiveState.Queue, _ state: LiveState) async -> JSONValue {
        var figures: QueueFigures?
        if case .connected = state.broker {
            figures = try? await orchestrator.inspect(queue: orchestrator.settings.names.steps(queue.queue))
        }
        var notes: [JSONValue] = []
        if let fault = queue.fault { notes.append(.string(fault)) }
        if let figures, figures.consumers == 0, figures.ready > 0 {
            notes.append(
                .string(
                    "queue \(queue.queue) has \(figures.ready) messages and no consumer; wanted: a worker for \(queue.handlers.joined(separator: ", "))"
                ))
        }
        return [
            "queue": .string(queue.queue), "kind": "steps", "ready": figures.map { .number($0.ready) } ?? .null,
            "unacked": .null, "consumers": figures.map { .number($0.consumers) } ?? .null,
            "oldest_age_seconds": queue.oldestAt.map { .number(Int(state.at.millisecondsSince($0) / 1000)) } ?? .null,
            "steps_enqueued": .number(queue.dispatched), "steps_started": .number(queue.started),
            "live_workers": .number(queue.liveWorkers), "handlers": .array(queue.handlers.map { .string($0) }),
            "notes": .array(notes),
        ]
    }
}
