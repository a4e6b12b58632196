import TaskerEngine
import TaskerProtocol
import TaskerTemplates

/// TaskSummaryResponse of the REST contract: a task at a glance, without payloads.
enum TaskSummaryView {
    static func write(_ task: WorkflowTask, entry: DeadLetterEntry?) -> [UInt8] {
        var writer = JSONWriter(reserving: 1024 + 700 * task.steps.count)
        writer.beginObject()
        writer.key("task")
        writeTask(task, to: &writer)
        writer.key("template")
        writer.beginObject()
        writer.key("steps")
        writer.beginArray()
        for node in task.plan.nodes { write(node.template, to: &writer) }
        writer.endArray()
        writer.endObject()
        writer.key("steps")
        writer.beginArray()
        for place in task.topologicalOrder { write(task.steps[place], of: task, to: &writer) }
        writer.endArray()
        writer.key("dlq")
        writer.beginObject()
        writer.key("in_dlq")
        writer.value(entry?.resolution == .pending)
        writer.key("dlq_reason")
        writer.value(entry.map { DeadLetterView.word(for: $0.reason) })
        writer.key("resolution_status")
        writer.value(entry.map { DeadLetterView.word(for: $0.resolution) })
        writer.endObject()
        writer.key("links")
        writer.value(
            [
                "task": .string("/v1/tasks/\(task.id)"), "steps": .string("/v1/tasks/\(task.id)/workflow_steps"),
                "dlq": entry == nil ? .null : .string("/v1/dlq/task/\(task.id)"),
            ] as JSONValue)
        writer.endObject()
        return writer.finish()
    }

    private static func writeTask(_ task: WorkflowTask, to writer: inout JSONWriter) {
        let template = task.plan.template
        writer.beginObject()
        writer.key("task_uuid")
        writer.value(task.id)
        writer.key("name")
        writer.value(template.name)
        writer.key("namespace")
        writer.value(template.namespace)
        writer.key("version")
        writer.value(template.version)
        writer.key("status")
        writer.value(task.state.rawValue)
        writer.key("created_at")
        writer.value(task.header.createdAt)
        writer.key("updated_at")
        writer.value(task.updatedAt)
        writer.key("completed_at")
        writer.value(task.completedAt)
        writer.key("initiator")
        writer.value(task.header.initiator)
        writer.key("source_system")
        writer.value(task.header.sourceSystem)
        writer.key("reason")
        writer.value(task.header.reason)
        writer.key("correlation_id")
        writer.value(task.header.correlationID)
        TaskFigures(task).write(to: &writer)
        writer.endObject()
    }

    private static func write(_ step: StepTemplate, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("name")
        writer.value(step.name)
        writer.key("step_type")
        writer.value(step.type.rawValue)
        writer.key("handler")
        writer.value(step.handler.callable)
        writer.key("dependencies")
        writer.beginArray()
        for name in step.dependencies { writer.value(name) }
        writer.endArray()
        writer.key("retryable")
        writer.value(step.retry.isRetryable)
        writer.key("max_attempts")
        writer.value(step.retry.attemptLimit)
        writer.endObject()
    }

    private static func write(_ step: Step, of task: WorkflowTask, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("step_uuid")
        writer.value(step.id)
        writer.key("name")
        writer.value(step.name)
        writer.key("created_at")
        writer.value(step.createdAt)
        writer.key("completed_at")
        writer.value(step.completedAt)
        StepView.writeProgress(step, of: task, to: &writer)
        writer.key("execution_time_ms")
        if let milliseconds = step.executionMilliseconds { writer.value(milliseconds) } else { writer.null() }
        writer.key("error")
        if let error = step.lastError, !step.state.isSatisfied {
            writer.beginObject()
            writer.key("error_type")
            writer.value(error.member("error_type")?.string)
            writer.key("retryable")
            writer.value(error.member("retryable")?.bool ?? false)
            writer.key("status_code")
            writer.value(error.member("status_code"))
            writer.endObject()
        } else {
            writer.null()
        }
        writer.endObject()
    }
}
