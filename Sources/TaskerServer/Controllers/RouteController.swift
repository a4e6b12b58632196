import Hummingbird
import TaskerOrchestrator
import TaskerProtocol
import TaskerStore

/// `/v1/routes` (REST contract, section 5): which queues a handler's steps go to, and who decided that.
struct RouteController<Context: RequestContext>: Sendable {
    let orchestrator: Orchestrator

    func addRoutes(to group: RouterGroup<Context>) {
        group.get("routes", use: list)
        group.put("routes/{namespace}/{callable}", use: set)
        group.delete("routes/{namespace}/{callable}", use: remove)
    }

    @Sendable func list(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: ["namespace"])
        let wanted = request.query("namespace")
        let routes = try await orchestrator.liveState().routes.filter { wanted == nil || $0.namespace == wanted }
        return .json(["routes": .array(routes.map(view))])
    }

    @Sendable func set(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: [])
        var body = try await BodyReader(request)
        guard let items = body.value("queues")?.items, items.count <= 100 else {
            throw Problem.badRequest("queues must be a list of at most 100 {queue, weight}")
        }
        var queues: [RoutingTable.WeightedQueue] = []
        var ignored: [String] = []
        for (index, item) in items.enumerated() {
            var entry = try BodyReader(item, name: "queues[\(index)]", pointer: "/queues/\(index)")
            let weight = entry.value("weight").map { $0.integer.flatMap { Int(exactly: $0) } ?? -1 } ?? 100
            queues.append(.init(queue: try entry.requiredText("queue"), weight: weight))
            ignored += entry.unknownPointers
        }
        if Set(queues.map(\.queue)).count < queues.count {
            throw Problem.badRequest("queues names one queue twice: give it one weight")
        }
        var response = try await route(context, queues, actor: try body.text("by") ?? "api")
        response.warn(ofIgnored: body.unknownPointers + ignored.prefix(20))
        return response
    }

    @Sendable func remove(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: [])
        return try await route(context, nil, actor: "api")
    }

    private func route(
        _ context: Context, _ queues: [RoutingTable.WeightedQueue]?, actor: String
    ) async throws -> Response {
        let namespace = try context.text("namespace")
        let callable = try context.text("callable")
        for (name, text) in [("namespace", namespace), ("callable", callable)]
        where text.isEmpty || text.utf8.count > 255 || text.unicodeScalars.contains(where: { $0.value < 0x20 }) {
            throw Problem.badRequest("\(name) must be a text of 1 to 255 bytes without control characters")
        }
        try await orchestrator.setRoute(
            RoutingTable.Handler(namespace: namespace, callable: callable), to: queues, actor: actor)
        let routes = try await orchestrator.liveState().routes
        let found = routes.first { $0.namespace == namespace && $0.callable == callable }
        return .json(
            found.map(view)
                ?? [
                    "namespace": .string(namespace), "callable": .string(callable),
                    "source": .string(LiveState.Route.Source.none.rawValue), "queues": [], "waiting_steps": 0,
                    "notes": [],
                ])
    }

    // MARK: -

    private func view(_ route: LiveState.Route) -> JSONValue {
        [
            "namespace": .string(route.namespace), "callable": .string(route.callable),
            "source": .string(route.source.rawValue),
            "queues": .array(
                route.queues.map {
                    [
                        "queue": .string($0.queue), "weight": .number($0.weight),
                        "live_workers": .number($0.liveWorkers),
                        "languages": .array($0.languages.map { .string($0) }),
                    ]
                }),
            "waiting_steps": .number(route.waitingSteps), "notes": .array(notes(route)),
        ]
    }

    private func notes(_ route: LiveState.Route) -> [JSONValue] {
        if route.source == .none {
            let near = route.nearest.isEmpty ? "" : " (announced: \(route.nearest.joined(separator: ", ")))"
            return [
                .string("no worker has announced handler \(route.callable) for namespace \(route.namespace)\(near)")
            ]
        }
        if route.queues.allSatisfy({ $0.liveWorkers == 0 }) {
            let queues = route.queues.map(\.queue).joined(separator: ", ")
            return [.string("no live worker serves handler \(route.callable) on queue \(queues)")]
        }
        return []
    }
}
