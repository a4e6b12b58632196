import TaskerEngine
import TaskerProtocol
import TaskerStore

/// The task execution context of the engine contract, section 13: what the counters say about a task.
struct TaskFigures {
    var total: Int
    var pending: Int
    var inProgress: Int
    var completed: Int
    var failed: Int
    var ready: Int
    var cancelled: Int
    var waitingRetry: Int
    /// Of the failed ones, batch workers that their set goes on without.
    var tolerated: Int
    /// Rows may still come to exist.
    var isGrowing: Bool
    var state: TaskState

    init(
        counts: (StepState) -> Int, ready: Int, tolerated: Int = 0, isGrowing: Bool = false, state: TaskState
    ) {
        total = StepState.allCases.reduce(0) { $0 + counts($1) }
        waitingRetry = counts(.waitingForRetry)
        pending = counts(.pending) + waitingRetry
        inProgress =
            counts(.enqueued) + counts(.inProgress) + counts(.enqueuedForOrchestration)
            + counts(.enqueuedAsErrorForOrchestration)
        completed = counts(.complete) + counts(.resolvedManually)
        failed = counts(.error)
        cancelled = counts(.cancelled)
        self.ready = ready
        self.tolerated = tolerated
        self.isGrowing = isGrowing
        self.state = state
    }

    init(_ task: WorkflowTask) {
        let ready = task.steps.count { $0.hold != nil || task.batchHold($0.place) != nil }
        self.init(
            counts: task.count, ready: ready, tolerated: task.toleratedCount,
            // Looked up only where it matters: it goes through the whole plan.
            isGrowing: task.isAllSatisfied && !task.plan.isStatic
                && task.fates().contains { if case .undetermined = $0 { true } else { false } },
            state: task.state)
    }

    /// Right for tasks whose steps were all there from the beginning.

    init(_ summary: TaskSummary) {
        self.init(counts: { summary.stepCounts[$0] ?? 0 }, ready: summary.heldSteps, state: summary.state)
    }

    var executionStatus: String {
        if state == .error { return "blocked_by_failures" }
        if state == .cancelled { return "waiting_for_dependencies" }
        if (total > 0 && completed + tolerated == total && !isGrowing) || state == .complete
            || state == .resolvedManually
        {
            return "all_complete"
        }
        if ready > 0 { return "has_ready_steps" }
        if inProgress > 0 { return "processing" }
        if failed > tolerated, waitingRetry == 0 { return "blocked_by_failures" }
        return "waiting_for_dependencies"
    }

    var recommendedAction: String? {
        if state == .cancelled { return nil }
        return switch executionStatus {
        case "all_complete": "finalize_task"
        case "has_ready_steps": "execute_ready_steps"
        case "processing": "wait_for_completion"
        case "blocked_by_failures": "handle_failures"
        default: "wait_for_dependencies"
        }
    }

    var healthStatus: String {
        if total == 0 { return "unknown" }
        if executionStatus == "blocked_by_failures" { return "blocked" }
        return (failed > 0 || waitingRetry > 0) && inProgress + ready > 0 ? "recovering" : "healthy"
    }

    /// Two decimals, half up, at most 99.99 until all are.
    var completionPercentage: Double {
        guard total > 0 else { return 0 }
        let completed = completed + tolerated
        if completed == total { return isGrowing ? 99.99 : 100 }
        // In hundredths of a per cent, so that rounding is exact.
        let hundredths = (completed * 20_000 + total) / (2 * total)
        return Double(min(9999, hundredths)) / 100
    }

    func write(to writer: inout JSONWriter) {
        writer.key("total_steps")
        writer.value(total)
        writer.key("pending_steps")
        writer.value(pending)
        writer.key("in_progress_steps")
        writer.value(inProgress)
        writer.key("completed_steps")
        writer.value(completed)
        writer.key("failed_steps")
        writer.value(failed)
        writer.key("ready_steps")
        writer.value(ready)
        writer.key("cancelled_steps")
        writer.value(cancelled)
        writer.key("waiting_retry_steps")
        writer.value(waitingRetry)
        writer.key("tolerated_steps")
        writer.value(tolerated)
        writer.key("execution_status")
        writer.value(executionStatus)
        writer.key("recommended_action")
        writer.value(recommendedAction)
        writer.key("completion_percentage")
        writer.value(completionPercentage)
        writer.key("health_status")
        writer.value(healthStatus)
    }
}
