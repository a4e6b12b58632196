import HTTPTypes
import Hummingbird
import Logging
import TaskerOrchestrator

/// The HTTP side of the orchestrator.
public enum Server {
    /// All routes, without a socket.
    public static func router(for orchestrator: Orchestrator) -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self)
        router.add(middleware: ProblemMiddleware())
        HealthController(orchestrator: orchestrator).addRoutes(to: router)
        let api = router.group("v1")
        TaskController(orchestrator: orchestrator).addRoutes(to: api)
        TaskActionController(orchestrator: orchestrator).addRoutes(to: api)
        StepController(orchestrator: orchestrator).addRoutes(to: api)
        TemplateController(orchestrator: orchestrator).addRoutes(to: api)
        FleetController(orchestrator: orchestrator).addRoutes(to: api)
        RouteController(orchestrator: orchestrator).addRoutes(to: api)
        DeadLetterController(orchestrator: orchestrator).addRoutes(to: api)
        DeadLetterActionController(orchestrator: orchestrator).addRoutes(to: api)
        refuseOtherMethods(router)
        return router
    }

    /// A path that exists answers methods it has not with 405; the router alone would say 404.
    private static func refuseOtherMethods(_ router: Router<BasicRequestContext>) {
        for routes in Dictionary(grouping: router.routes, by: \.path.description).values {
            let allowed = routes.map(\.method).sorted { $0.rawValue < $1.rawValue }
            for method in [HTTPRequest.Method.get, .post, .put, .patch, .delete] where !allowed.contains(method) {
                router.on(routes[0].path, method: method) { request, _ -> Response in
                    throw Problem.methodNotAllowed(request.method, allowed: allowed)
                }
            }
        }
    }

    /// The application on `host` and `port`; port 0 takes a free one, reported to `onBound`.
    public static func application(
        for orchestrator: Orchestrator, host: String, port: Int, log: Logger,
        onBound: @escaping @Sendable (Int) async -> Void = { _ in }
    ) -> some ApplicationProtocol {
        Application(
            router: router(for: orchestrator),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port), serverName: "tasker", backlog: 1024),
            onServerRunning: { channel in await onBound(channel.localAddress?.port ?? port) }, logger: log)
    }
}
