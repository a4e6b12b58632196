import HTTPTypes
import Hummingbird
import NIOCore
import TaskerEngine
import TaskerMessaging
import TaskerOrchestrator
import TaskerProtocol
import TaskerStore

/// `/metrics` (REST contract, section 8).
struct MetricsController<Context: RequestContext>: Sendable {
    let orchestrator: Orchestrator
    let counter: RequestCounter
    let settings: ServerSettings

    func addRoutes(to router: Router<Context>) {
        router.get("metrics", use: metrics)
    }

    @Sendable func metrics(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: [])
        let state = try await orchestrator.liveState()
        var text = MetricsText()
        tasks(state, try await orchestrator.store.taskCounts(), &text)
        steps(state, &text)
        deadLetters(state, try await orchestrator.store.deadLetterStatistics(), &text)
        await queues(state, &text)
        plumbing(state, &text)
        api(&text)
        return Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text.text)))
    }

    private func tasks(_ state: LiveState, _ counts: [TaskState: Int], _ text: inout MetricsText) {
        let metrics = state.metrics
        func entered(_ wanted: TaskState) -> Int {
            metrics.taskTransitions.reduce(0) { $0 + ($1.key.to == wanted ? $1.value : 0) }
        }
        text.single("tasker_tasks_requests_total", .counter, "Tasks created.", metrics.taskRequests)
        text.single("tasker_tasks_completions_total", .counter, "Tasks completed.", entered(.complete))
        text.single("tasker_tasks_failures_total", .counter, "Tasks that went to error.", entered(.error))
        text.single(
            "tasker_tasks_active", .gauge, "Unfinished tasks.",
            counts.reduce(0) { $0 + ($1.key.isTerminal ? 0 : $1.value) })
        text.family(
            "tasker_task_state_transitions_total", .counter, "Transitions of tasks.", labels: ["from", "to"],
            metrics.taskTransitions.map { ([$0.key.from.rawValue, $0.key.to.rawValue], Double($0.value)) })
        text.histogram(
            "tasker_task_completion_duration_seconds", "From creation to completion.", metrics.taskDuration)
    }

    private func steps(_ state: LiveState, _ text: inout MetricsText) {
        let metrics = state.metrics
        text.single("tasker_steps_enqueued_total", .counter, "Dispatches of steps.", metrics.stepsEnqueued)
        text.family(
            "tasker_steps_results_processed_total", .counter, "Results, by what became of them.", label: "disposition",
            metrics.results)
        text.single("tasker_steps_successes_total", .counter, "Steps completed.", metrics.successes)
        text.family(
            "tasker_steps_failures_total", .counter, "Failed attempts.", label: "error_type", metrics.failures)
        text.single("tasker_step_attempts_total", .counter, "Attempts begun.", metrics.attempts)
        text.family(
            "tasker_steps_in_flight", .gauge, "Steps dispatched and not answered.", label: "queue",
            Dictionary(state.queues.map { ($0.queue, $0.dispatched) }, uniquingKeysWith: +))
        text.histogram(
            "tasker_step_execution_duration_seconds", "As workers report it.", metrics.stepRun)
        text.histogram("tasker_step_queue_duration_seconds", "From publishing to start.", metrics.stepQueue)
        text.histogram("tasker_step_retry_delay_seconds", "Delays before retries.", metrics.retryDelay)
        text.histogram(
            "tasker_step_result_processing_duration_seconds", "From the arrival of a result to its commit.",
            metrics.resultProcessing)
        text.single(
            "tasker_decision_points_outcomes_processed_total", .counter, "Outcomes of decisions.", metrics.decisions)
        text.family(
            "tasker_decision_points_validation_errors_total", .counter, "Outcomes that could not be used.",
            label: "error_type", metrics.decisionErrors)
    }

    private func deadLetters(_ state: LiveState, _ entries: [DeadLetterStatistics], _ text: inout MetricsText) {
        text.family(
            "tasker_dlq_entries_created_total", .counter, "Dead-letter entries made.", label: "reason",
            state.metrics.deadLetters)
        text.single(
            "tasker_dlq_pending_investigations", .gauge, "Entries that are pending.",
            entries.reduce(0) { $0 + ($1.counts[.pending] ?? 0) })
        text.single(
            "tasker_staleness_tasks_detected_total", .counter, "Tasks found past a limit.", state.metrics.staleTasks)
    }

    private func queues(_ state: LiveState, _ text: inout MetricsText) async {
        var depth: [String: Int] = [:]
        var consumers: [String: Int] = [:]
        if case .connected = state.broker {
            for queue in state.queues.prefix(200) {
                let name = orchestrator.settings.names.steps(queue.queue)
                guard let figures = try? await orchestrator.inspect(queue: name) else { continue }
                depth[queue.queue] = figures.ready
                consumers[queue.queue] = figures.consumers
            }
        }
        text.family("tasker_queue_depth", .gauge, "Messages ready in a queue.", label: "queue", depth)
        text.family("tasker_queue_consumers", .gauge, "Consumers of a queue.", label: "queue", consumers)
    }

    private func plumbing(_ state: LiveState, _ text: inout MetricsText) {
        let metrics = state.metrics
        text.single("tasker_outbox_depth", .gauge, "Messages not yet confirmed.", state.outboxDepth)
        text.single(
            "tasker_outbox_oldest_age_seconds", .gauge, "Age of the oldest of them.",
            state.outboxOldestAt.map { Double(max(0, state.at.millisecondsSince($0))) / 1000 } ?? 0)
        text.histogram(
            "tasker_publish_confirm_duration_seconds", "From publishing a step to the broker's confirm.",
            metrics.publishConfirm)
        text.histogram("tasker_store_transaction_duration_seconds", "Commits.", metrics.storeTransaction)
        var isConnected = 0
        if case .connected = state.broker { isConnected = 1 }
        text.single("tasker_broker_connected", .gauge, "1 while the broker takes messages.", isConnected)
        text.family(
            "tasker_build_info", .gauge, "Always 1.", label: "version", [settings.version: 1])
        text.single("tasker_messages_sent_total", .counter, "Messages that the broker confirmed.", metrics.messagesSent)
        text.single(
            "tasker_messages_unroutable_total", .counter, "Messages that no queue took.", metrics.messagesUnroutable)
        text.family(
            "tasker_workers", .gauge, "Workers by status.", label: "status",
            Dictionary(state.workers.map { ($0.status.rawValue, 1) }, uniquingKeysWith: +))
        text.single(
            "tasker_event_streams", .gauge, "Open event streams.", orchestrator.events.listeners)
    }

    private func api(_ text: inout MetricsText) {
        let figures = counter.figures
        text.family(
            "tasker_api_requests_total", .counter, "Requests by route.", labels: ["route", "method", "status"],
            figures.requests.map { ([$0.key.route, $0.key.method, "\($0.key.status)"], Double($0.value)) })
        text.histogram("tasker_api_request_duration_seconds", "Until the response's head.", figures.duration)
        text.family(
            "tasker_api_requests_rejected_total", .counter, "Requests turned away.", label: "reason", figures.rejected)
        text.family("tasker_auth_failures_total", .counter, "Failed authentications.", label: "reason", [:])
        text.single("tasker_internal_defects_total", .counter, "Defects that were met.", figures.defects)
    }
}
