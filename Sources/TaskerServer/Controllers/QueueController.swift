import Hummingbird
import TaskerMessaging
import TaskerOrchestrator
import TaskerProtocol

/// `/v1/queues` (REST contract, section 5): what lies where. What the broker does not tell is null, never 0.
struct QueueController<Context: RequestContext>: Sendable {
    let orchestrator: Orchestrator

    func addRoutes(to group: RouterGroup<Context>) {
        group.get("queues", use: list)
    }

    @Sendable func list(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: [])
        let state = try await orchestrator.liveState()
        var reachable = false
        if case .connected = state.broker { reachable = true }
        let names = orchestrator.settings.names
        var queues: [JSONValue] = []
        for queue in state.queues {
            let figures = reachable ? await figures(names.steps(queue.queue)) : nil
            queues.append(view(queue, figures, state))
        }
        let others = [
            (names.results(orchestrator.settings.partition), "results"), (names.requests, "control"),
            (names.workers, "control"), (names.dead, "dead_letter"),
        ]
        for (name, kind) in others {
            queues.append(view(name, kind, reachable ? await figures(name) : nil))
        }
        return .json([
            "queues": .array(queues), "total_count": .number(queues.count),
            "broker": [
                "reachable": .bool(reachable), "version": orchestrator.brokerVersion.map { .string($0) } ?? .null,
                "checked_at": .string(state.at.description),
            ],
        ])
    }

    private func figures(_ name: String) async -> QueueFigures? {
        try? await orchestrator.inspect(queue: name)
    }

    private func view(_ queue: LiveState.Queue, _ figures: QueueFigures?, _ state: LiveState) -> JSONValue {
        var notes: [JSONValue] = []
        if let fault = queue.fault { notes.append(.string(fault)) }
        if let figures, figures.consumers == 0, figures.ready > 0 {
            let handlers = queue.handlers.joined(separator: ", ")
            notes.append(
                .string(
                    "queue \(queue.queue) has \(figures.ready) messages and no consumer; wanted: a worker for \(handlers)"
                ))
        }
        if let figures, figures.ready > queue.dispatched - queue.started {
            notes.append(
                .string(
                    "the broker has \(figures.ready) messages, the store knows of \(queue.dispatched - queue.started) that wait: the others are copies of answered or cancelled steps"
                ))
        }
        return [
            "queue": .string(queue.queue), "namespace": .null, "kind": "steps",
            "ready": figures.map { .number($0.ready) } ?? .null, "unacked": .null,
            "consumers": figures.map { .number($0.consumers) } ?? .null,
            "oldest_age_seconds": queue.oldestAt.map { .number(Int(state.at.millisecondsSince($0) / 1000)) } ?? .null,
            "steps_enqueued": .number(queue.dispatched), "steps_started": .number(queue.started),
            "live_workers": .number(queue.liveWorkers), "publish_rate": .null,
            "deliver_rate": .double(Double(queue.startsPerMinute) / 60),
            "handlers": .array(queue.handlers.map { .string($0) }), "notes": .array(notes),
        ]
    }

    private func view(_ name: String, _ kind: String, _ figures: QueueFigures?) -> JSONValue {
        var notes: [JSONValue] = []
        if kind == "dead_letter", let figures, figures.ready > 0 {
            notes.append(.string("\(figures.ready) messages that could not be understood lie here, with their reasons"))
        }
        return [
            "queue": .string(name), "namespace": .null, "kind": .string(kind),
            "ready": figures.map { .number($0.ready) } ?? .null, "unacked": .null,
            "consumers": figures.map { .number($0.consumers) } ?? .null, "oldest_age_seconds": .null,
            "steps_enqueued": .null, "steps_started": .null, "live_workers": .null, "publish_rate": .null,
            "deliver_rate": .null, "handlers": [], "notes": .array(notes),
        ]
    }
}
