import HTTPTypes
import Hummingbird
import TaskerMessaging
import TaskerOrchestrator
import TaskerProtocol
import TaskerStore

/// Liveness and readiness under the names of Kubernetes and of older clients (REST contract, section 8).
struct HealthController<Context: RequestContext>: Sendable {
    let orchestrator: Orchestrator
    let settings: ServerSettings
    let counter: RequestCounter
    private let startedAt = Orchestrator.wallClock()

    init(orchestrator: Orchestrator, settings: ServerSettings, counter: RequestCounter) {
        self.orchestrator = orchestrator
        self.settings = settings
        self.counter = counter
    }

    func addRoutes(to router: Router<Context>) {
        for path in ["livez", "live", "health/live"] { router.get(RouterPath(path), use: live) }
        for path in ["readyz", "ready", "health/ready"] { router.get(RouterPath(path), use: ready) }
        router.get("health/detailed", use: detailed)
        router.get("health") { request, _ in
            try request.allow(query: [])
            return Response.json(["status": "healthy", "timestamp": .string(Orchestrator.wallClock().description)])
        }
    }

    /// The process answers; neither store nor broker is asked.
    @Sendable func live(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: [])
        return .json(["status": "alive", "timestamp": .string(Orchestrator.wallClock().description)])
    }

    /// Ready: running, and the store takes writes. A lost broker is `degraded` and ready, for intake goes on.
    @Sendable func ready(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: ["verbose"])
        let report = await report()
        return .json(.object(report.members), status: report.isReady ? .ok : .serviceUnavailable)
    }

    @Sendable func detailed(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: [])
        let report = await report()
        var members = report.members
        var checks = members["checks"]?.objectValue ?? [:]
        var info: [String: JSONValue] = [
            "version": .string(settings.version), "environment": .string(orchestrator.settings.environment),
            "operational_state": .string("\(orchestrator.currentPhase)"),
            "store": .string("\(type(of: orchestrator.store))"),
            "circuit_breaker_state": .string(report.state?.isStoreFailing == true ? "open" : "closed"),
            "broker_version": orchestrator.brokerVersion.map { .string($0) } ?? .null,
            "leader": .bool(orchestrator.currentPhase == .running),
            "uptime_seconds": .integer(Orchestrator.wallClock().millisecondsSince(startedAt) / 1000),
        ]
        if let state = report.state {
            let limits = orchestrator.settings.backpressure
            checks["pool_utilization"] =
                Check(
                    isGood: true,
                    message: "\(state.cachedTasks) of \(orchestrator.settings.taskCacheLimit) tasks in memory"
                ).json
            checks["queue_depth"] =
                Check(
                    isGood: state.openSteps < limits.openSteps,
                    message: "\(state.openSteps) open steps of \(limits.openSteps)"
                ).json
            checks["channel_saturation"] =
                Check(
                    isGood: true,
                    message: "\(state.publishesInFlight) of \(orchestrator.settings.publishWindow) publishes in flight"
                ).json
            checks["outbox"] =
                Check(
                    isGood: state.outboxDepth < limits.outbox,
                    message: "\(state.outboxDepth) messages of \(limits.outbox)"
                ).json
            checks["timers"] = Check(isGood: true, message: "\(state.timers) timers").json
            let defects = counter.figures.defects
            checks["internal_defects"] = Check(isGood: defects == 0, message: "\(defects) defects").json
            info["open_tasks"] = .object(state.openTasks.mapValues { .number($0) })
        }
        members["checks"] = .object(checks)
        members["info"] = .object(info)
        return .json(.object(members), status: report.isReady ? .ok : .serviceUnavailable)
    }

    // MARK: -

    private struct Check {
        var isGood: Bool
        var message: String?
        var milliseconds: Int64 = 0

        var json: JSONValue {
            [
                "status": isGood ? "healthy" : "unhealthy", "message": .text(message),
                "duration_ms": .integer(milliseconds),
            ]
        }
    }

    private struct Report {
        var isReady: Bool
        var isDegraded = false
        var checks: [String: Check] = [:]
        var state: LiveState?

        var members: [String: JSONValue] {
            [
                "status": isReady ? (isDegraded ? "degraded" : "ready") : "not_ready",
                "timestamp": .string(Orchestrator.wallClock().description),
                "checks": .object(checks.mapValues(\.json)),
            ]
        }
    }

    private func report() async -> Report {
        let isRunning = orchestrator.currentPhase == .running
        var report = Report(isReady: isRunning)
        report.checks["orchestration_system"] = Check(
            isGood: isRunning, message: isRunning ? nil : "\(orchestrator.currentPhase)")
        guard isRunning else { return report }
        var (reading, problem) = await measured { _ = try await orchestrator.store.taskCounts() }
        report.checks["web_database"] = Check(
            isGood: problem == nil, message: problem.map { _ in "the store does not answer" }, milliseconds: reading)
        if problem != nil { report.isReady = false }
        (reading, problem) = await measured { try await orchestrator.store.checkWritable() }
        var database = Check(
            isGood: problem == nil, message: problem.map { _ in "the store takes no writes" }, milliseconds: reading)
        var state: LiveState?
        (reading, problem) = await measured { state = try await orchestrator.liveState() }
        report.checks["command_processor"] = Check(
            isGood: state != nil, message: state == nil ? "the coordinator does not answer" : nil, milliseconds: reading
        )
        if state?.isStoreFailing == true {
            database.isGood = false
            database.message = "the last commit was refused; it is tried again"
        }
        report.checks["orchestration_database"] = database
        report.checks["circuit_breaker"] = Check(
            isGood: state?.isStoreFailing != true, message: state?.isStoreFailing == true ? "open" : "closed")
        if !database.isGood || state == nil { report.isReady = false }
        switch state?.broker {
        case .connected: report.checks["broker"] = Check(isGood: true)
        case .blocked(let reason), .disconnected(let reason):
            report.isDegraded = true
            report.checks["broker"] = Check(isGood: false, message: reason)
        case nil: break
        }
        report.state = state
        return report
    }

    private func measured(_ body: () async throws -> Void) async -> (milliseconds: Int64, error: (any Error)?) {
        let start = ContinuousClock.now
        do {
            try await body()
            return ((ContinuousClock.now - start).wholeMilliseconds, nil)
        } catch {
            return ((ContinuousClock.now - start).wholeMilliseconds, error)
        }
    }
}
