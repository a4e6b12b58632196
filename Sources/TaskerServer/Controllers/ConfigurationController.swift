import Hummingbird
import TaskerEngine
import TaskerOrchestrator
import TaskerProtocol

/// `/config`: the settings in force, without secrets; 404 unless it is switched on.
struct ConfigurationController<Context: RequestContext>: Sendable {
    let orchestrator: Orchestrator
    let settings: ServerSettings

    func addRoutes(to router: Router<Context>) {
        router.get("config", use: show)
    }

    @Sendable func show(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: [])
        guard settings.exposesConfiguration else {
            throw Problem.notFound(
                "Path", "/config is switched off", hint: "Set TASKER_EXPOSE_CONFIG=1 to switch it on")
        }
        let current = orchestrator.settings
        return .json([
            "metadata": [
                "environment": .string(current.environment), "version": .string(settings.version),
                "timestamp": .string(Orchestrator.wallClock().description),
            ],
            "auth": ["enabled": false, "checks_host": .bool(settings.checksHost)],
            "circuit_breakers": ["store_retry_delay_ms": .integer(current.storeRetryDelay.wholeMilliseconds)],
            "database_pools": [
                "store": .string("\(type(of: orchestrator.store))"),
                "task_cache_limit": .number(current.taskCacheLimit),
            ],
            "deployment_mode": "single",
            "messaging": [
                "queue_prefix": .string(current.names.prefix), "queue_type": .string(current.queueType.rawValue),
                "url": "***", "partition": .number(current.partition),
                "results_prefetch": .number(current.resultsPrefetch), "publish_window": .number(current.publishWindow),
                "max_message_bytes": .number(current.maxMessageBytes),
            ],
            "engine": [
                "default_step_timeout_seconds": .integer(current.engine.defaultStepTimeout.wholeMilliseconds / 1000),
                "lease_seconds": .integer(current.engine.lease.wholeMilliseconds / 1000),
                "max_worker_losses": .number(current.engine.maxWorkerLosses),
                "max_steps_per_decision": .number(current.engine.maxStepsPerDecision),
                "max_workers_per_batch": .number(current.engine.maxWorkersPerBatch),
                "backpressure": [
                    "outbox": .number(current.backpressure.outbox),
                    "open_steps": .number(current.backpressure.openSteps),
                    "open_tasks_per_namespace": .number(current.backpressure.openTasksPerNamespace),
                ],
            ],
        ])
    }
}
