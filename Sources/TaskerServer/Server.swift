import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import TaskerOrchestrator

/// The HTTP side of the orchestrator.
public enum Server {
    /// All routes, without a socket.
    public static func router(
        for orchestrator: Orchestrator, settings: ServerSettings = ServerSettings()
    ) -> Router<APIContext> {
        let router = Router(context: APIContext.self)
        let counter = RequestCounter()
        let nearest = NearestPath()
        router.add(middleware: CountingMiddleware(counter: counter))
        router.add(middleware: ProblemMiddleware(nearest: nearest))
        router.add(middleware: GuardMiddleware(settings: settings))
        router.add(middleware: BodyMiddleware(timeout: settings.bodyTimeout))
        router.add(middleware: IdempotencyMiddleware(store: orchestrator.store, retention: settings.replays))
        HealthController(orchestrator: orchestrator, settings: settings, counter: counter).addRoutes(to: router)
        MetricsController(orchestrator: orchestrator, counter: counter, settings: settings).addRoutes(to: router)
        ConfigurationController(orchestrator: orchestrator, settings: settings).addRoutes(to: router)
        DocumentationController().addRoutes(to: router)
        addVersioned(to: router.group("v1"), orchestrator, settings)
        nearest.learn(router.routes.map(\.path.description))
        refuseOtherMethods(router)
        return router
    }

    private static func addVersioned(
        to api: RouterGroup<APIContext>, _ orchestrator: Orchestrator, _ settings: ServerSettings
    ) {
        TaskController(orchestrator: orchestrator).addRoutes(to: api)
        TaskActionController(orchestrator: orchestrator).addRoutes(to: api)
        StepController(orchestrator: orchestrator).addRoutes(to: api)
        WhyController(orchestrator: orchestrator).addRoutes(to: api)
        GraphController(orchestrator: orchestrator).addRoutes(to: api)
        TemplateController(orchestrator: orchestrator).addRoutes(to: api)
        FleetController(orchestrator: orchestrator).addRoutes(to: api)
        QueueController(orchestrator: orchestrator).addRoutes(to: api)
        RouteController(orchestrator: orchestrator).addRoutes(to: api)
        EventController(orchestrator: orchestrator, settings: settings).addRoutes(to: api)
        DeadLetterController(orchestrator: orchestrator).addRoutes(to: api)
        DeadLetterActionController(orchestrator: orchestrator).addRoutes(to: api)
        AnalyticsController(orchestrator: orchestrator).addRoutes(to: api)
    }

    /// Those of RFC 9110, and what has come since.
    private static let knownMethods: [HTTPRequest.Method] =
        [.get, .post, .put, .patch, .delete, .head, .options, .trace, .connect]
        + ["QUERY", "SEARCH", "PROPFIND"].compactMap { HTTPRequest.Method($0) }

    /// A path that exists answers methods it has not with 405; the router alone would say 404.
    private static func refuseOtherMethods(_ router: Router<APIContext>) {
        for routes in Dictionary(grouping: router.routes, by: \.path.description).values {
            let allowed = routes.map(\.method).sorted { $0.rawValue < $1.rawValue }
            for method in knownMethods where !allowed.contains(method) {
                router.on(routes[0].path, method: method) { request, _ -> Response in
                    throw Problem.methodNotAllowed(request.method, allowed: allowed)
                }
            }
        }
    }

    /// The application on `host` and `port`; port 0 takes a free one, reported to `onBound`.
    public static func application(
        for orchestrator: Orchestrator, host: String, port: Int, settings: ServerSettings = ServerSettings(),
        log: Logger, onBound: @escaping @Sendable (Int) async -> Void = { _ in }
    ) -> some ApplicationProtocol {
        Application(
            router: router(for: orchestrator, settings: settings),
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [HeaderDeadline(TimeAmount(settings.headerTimeout))],
                    // A connection that sends nothing for so long is closed.
                    idleTimeout: .seconds(60),
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: 40_960, maxHeaderListSize: 49_152, maxHeaderFieldCount: 500))),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port), serverName: "tasker", backlog: 1024,
                availableConnectionsDelegate: MaximumAvailableConnections(settings.connections)),
            onServerRunning: { channel in await onBound(channel.localAddress?.port ?? port) }, logger: log)
    }
}
