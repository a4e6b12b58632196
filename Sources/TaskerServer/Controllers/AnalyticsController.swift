import Hummingbird
import TaskerOrchestrator
import TaskerProtocol
import TaskerStore

/// `/v1/analytics` (REST contract, section 7).
struct AnalyticsController<Context: RequestContext>: Sendable {
    let orchestrator: Orchestrator

    func addRoutes(to group: RouterGroup<Context>) {
        group.get("analytics/performance", use: performance)
        group.get("analytics/bottlenecks", use: bottlenecks)
    }

    @Sendable func performance(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: ["hours"])
        let analytics = try await analytics(hours: try request.query("hours", in: 1...720, default: 24))
        return .json(analytics.performance(queueTime: try await orchestrator.liveState().metrics.stepQueue))
    }

    @Sendable func bottlenecks(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: ["limit", "min_executions"])
        let limit = try request.query("limit", in: 1...100, default: 10)
        let minimum = try request.query("min_executions", in: 1...1_000_000, default: 5)
        let analytics = try await analytics(hours: 720)
        return .json(
            analytics.bottlenecks(
                limit: limit, minimum: minimum, counts: try await orchestrator.store.taskCounts(),
                state: try await orchestrator.liveState(), cacheLimit: orchestrator.settings.taskCacheLimit))
    }

    private func analytics(hours: Int) async throws -> Analytics {
        let now = Orchestrator.wallClock()
        let since = now.advanced(byMilliseconds: -Int64(hours) * 3_600_000)
        return Analytics(
            timings: try await orchestrator.store.timings(since: since, limit: Analytics.limit), since: since, now: now)
    }
}
