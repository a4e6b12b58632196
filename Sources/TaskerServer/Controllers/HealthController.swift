import HTTPTypes
import Hummingbird
import TaskerMessaging
import TaskerOrchestrator
import TaskerProtocol
import TaskerStore

/// Liveness and readiness under the names of Kubernetes and of older clients (REST contract, section 8).
struct HealthController<Context: RequestContext>: Sendable {
    let orchestrator: Orchestrator

    func addRoutes(to router: Router<Context>) {
        for path in ["livez", "live", "health/live"] { router.get(RouterPath(path), use: live) }
        for path in ["readyz", "ready", "health/ready"] { router.get(RouterPath(path), use: ready) }
        router.get("health") { _, _ in
            Response.json(["status": "healthy", "timestamp": .string(Orchestrator.wallClock().description)])
        }
    }

    /// The process answers; neither store nor broker is asked.
    @Sendable func live(_ request: Request, context: Context) async throws -> Response {
        .json(["status": "alive", "timestamp": .string(Orchestrator.wallClock().description)])
    }

    /// Ready: running, and the store takes writes. A lost broker is `degraded` and ready, for intake goes on.
    @Sendable func ready(_ request: Request, context: Context) async throws -> Response {
        var checks: [String: JSONValue] = [:]
        var isReady = orchestrator.currentPhase == .running
        checks["orchestration_system"] = check(isReady, isReady ? nil : "\(orchestrator.currentPhase)")
        var isDegraded = false
        if isReady {
            do {
                try await orchestrator.store.checkWritable()
                checks["orchestration_database"] = check(true, nil)
            } catch {
                isReady = false
                checks["orchestration_database"] = check(false, "the store takes no writes")
            }
            let state = try await orchestrator.liveState()
            if state.isStoreFailing {
                isReady = false
                checks["orchestration_database"] = check(false, "the last commit was refused; it is tried again")
            }
            switch state.broker {
            case .connected: checks["broker"] = check(true, nil)
            case .blocked(let reason), .disconnected(let reason):
                isDegraded = true
                checks["broker"] = check(false, reason)
            }
        }
        let status = isReady ? (isDegraded ? "degraded" : "ready") : "not_ready"
        return .json(
            [
                "status": .string(status), "timestamp": .string(Orchestrator.wallClock().description),
                "checks": .object(checks),
            ], status: isReady ? .ok : .serviceUnavailable)
    }

    private func check(_ isGood: Bool, _ message: String?) -> JSONValue {
        ["status": isGood ? "healthy" : "unhealthy", "message": message.map { .string($0) } ?? .null]
    }
}
