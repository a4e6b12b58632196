import TaskerEngine
import TaskerProtocol
import TaskerTemplates

/// StepReadinessStatus, StepResponse and StepAuditResponse of the REST contract.
enum StepView {
    static func writeReadiness(_ step: Step, of task: WorkflowTask, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("workflow_step_uuid")
        writer.value(step.id)
        writer.key("task_uuid")
        writer.value(task.id)
        writer.key("named_step_uuid")
        writer.value(namedStepID(step, of: task))
        writer.key("name")
        writer.value(step.name)
        writer.key("step_type")
        writer.value(template(step, task).type.rawValue)
        writeState(step, of: task, to: &writer)
        writer.endObject()
    }

    static func write(_ step: Step, of task: WorkflowTask, to writer: inout JSONWriter) {
        let template = template(step, task)
        writer.beginObject()
        writer.key("step_uuid")
        writer.value(step.id)
        writer.key("task_uuid")
        writer.value(task.id)
        writer.key("name")
        writer.value(step.name)
        writer.key("template_step_name")
        writer.value(template.name)
        writer.key("step_type")
        writer.value(template.type.rawValue)
        writer.key("handler")
        writer.value(template.handler.callable)
        writer.key("created_at")
        writer.value(step.createdAt)
        writer.key("updated_at")
        writer.value(step.updatedAt)
        writer.key("completed_at")
        writer.value(step.completedAt)
        writeState(step, of: task, to: &writer)
        writer.key("results")
        writer.value(step.envelope)
        writer.key("error")
        writer.value(step.lastError)
        writer.key("queue")
        writer.value(step.dispatch?.queue)
        writer.key("dispatch_id")
        writer.value(step.dispatch?.id)
        writer.key("publication")
        writer.value(step.dispatch?.publication.rawValue)
        writer.key("worker_id")
        writer.value(step.workerID)
        writer.key("worker_language")
        writer.value(step.workerLanguage)
        writer.key("worker_losses")
        writer.value(step.workerLosses)
        writer.key("execution_time_ms")
        if let milliseconds = step.executionMilliseconds { writer.value(milliseconds) } else { writer.null() }
        writer.key("checkpoint")
        writeCheckpoint(of: step, to: &writer)
        writer.key("timeout_seconds")
        if let timeout = template.timeoutMilliseconds { writer.value(Double(timeout) / 1000) } else { writer.null() }
        writer.key("parents")
        writer.beginArray()
        for parent in step.parents { writer.value(task.steps[parent].name) }
        writer.endArray()
        writer.key("children")
        writer.beginArray()
        for child in step.children { writer.value(task.steps[child].name) }
        writer.endArray()
        writer.endObject()
    }

    private static func writeState(_ step: Step, of task: WorkflowTask, to writer: inout JSONWriter) {
        writeProgress(step, of: task, to: &writer)
        let hold = step.hold?.rawValue ?? task.batchHold(step.place)?.rawValue
        writer.key("ready_for_execution")
        writer.value(hold != nil)
        writer.key("total_parents")
        writer.value(step.parents.count)
        writer.key("completed_parents")
        writer.value(step.parents.count { task.isSatisfied($0) })
        writer.key("total_attempts")
        writer.value(step.totalAttempts)
        writer.key("last_failure_at")
        writer.value(step.lastFailureAt)
        writer.key("next_retry_at")
        writer.value(step.retryAt)
        writer.key("backoff_request_seconds")
        if let seconds = step.lastError?.member("retry_after_seconds")?.double {
            writer.value(seconds)
        } else {
            writer.null()
        }
        writer.key("held")
        writer.value(hold)
        if step.hold == .noRoute {
            writer.key("held_reason")
            writer.value(
                "no worker has announced handler \(template(step, task).handler.callable) for namespace \(task.plan.template.namespace)"
            )
        }
    }

    /// What all three views of a step say of how far it is.
    static func writeProgress(_ step: Step, of task: WorkflowTask, to writer: inout JSONWriter) {
        let retry = template(step, task).retry
        let isSatisfied = step.parents.allSatisfy { task.isSatisfied($0) } && !task.waitsForUndecided(step.place)
        let mayRun = retry.isRetryable ? step.attempts < retry.attemptLimit : step.attempts == 0
        writer.key("current_state")
        writer.value(step.state.rawValue)
        writer.key("dependencies_satisfied")
        writer.value(isSatisfied)
        writer.key("retry_eligible")
        writer.value(mayRun && !step.state.isTerminal && step.state != .error)
        writer.key("attempts")
        writer.value(step.attempts)
        writer.key("max_attempts")
        writer.value(retry.attemptLimit)
        writer.key("last_attempted_at")
        writer.value(step.lastAttemptedAt)
    }

    /// How far the handler has come, without what it has gathered.
    private static func writeCheckpoint(of step: Step, to writer: inout JSONWriter) {
        guard let checkpoint = step.checkpoint else { return writer.null() }
        writer.beginObject()
        writer.key("cursor")
        writer.value(checkpoint.member("cursor"))
        writer.key("items_processed")
        writer.value(checkpoint.member("items_processed"))
        writer.key("timestamp")
        writer.value(checkpoint.member("timestamp"))
        writer.endObject()
    }

    private static func template(_ step: Step, _ task: WorkflowTask) -> StepTemplate {
        task.plan.nodes[step.node].template
    }

    /// From namespace, template and step: the same for all tasks of a template.
    private static func namedStepID(_ step: Step, of task: WorkflowTask) -> UUIDValue {
        let template = task.plan.template
        return UUIDValue(hashing: "\(template.namespace)/\(template.name)/\(step.name)")
    }
}

extension UUIDValue {
    /// A UUIDv8 (RFC 9562) from the SHA-256 of a text.
    init(hashing text: String) {
        let digest = SHA256.hash(text.utf8)
        func word(_ start: Int) -> UInt64 { digest[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) } }
        self.init(
            high: word(0) & 0xFFFF_FFFF_FFFF_0FFF | 0x8000,
            low: word(8) & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
    }
}
