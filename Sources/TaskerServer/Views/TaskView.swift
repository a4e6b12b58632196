import TaskerEngine
import TaskerProtocol
import TaskerStore
import TaskerTemplates

/// TaskResponse of the REST contract.
enum TaskView {
    static func write(_ task: WorkflowTask, to writer: inout JSONWriter) {
        writer.beginObject()
        writeHeader(
            task.header, template: task.plan.template, state: task.state, revision: task.revision,
            updatedAt: task.updatedAt, completedAt: task.completedAt, to: &writer)
        writer.key("context")
        writer.value(task.header.context)
        writer.key("template_hash")
        writer.value(task.plan.hash)
        TaskFigures(task).write(to: &writer)
        writer.key("next_retry_at")
        writer.value(task.steps.compactMap(\.retryAt).min())
        writeSteps(of: task, to: &writer)
        writer.endObject()
    }

    private static func writeSteps(of task: WorkflowTask, to writer: inout JSONWriter) {
        writer.key("steps")
        writer.beginArray()
        for step in task.steps { StepView.writeReadiness(step, of: task, to: &writer) }
        writer.endArray()
    }

    /// An item of a list.
    /// - Parameter task: the same one, where the summary alone does not tell enough: always when a step waits for a retry.
    static func write(
        _ summary: TaskSummary, task: WorkflowTask?, withContext: Bool, withSteps: Bool, to writer: inout JSONWriter
    ) {
        writer.beginObject()
        writeHeader(
            summary.header, name: summary.name, namespace: summary.namespace, version: summary.version,
            state: summary.state, revision: summary.revision, updatedAt: summary.updatedAt,
            completedAt: summary.completedAt, to: &writer)
        if withContext {
            writer.key("context")
            writer.value(summary.header.context)
        }
        writer.key("template_hash")
        writer.value(summary.planHash)
        (task.map { TaskFigures($0) } ?? TaskFigures(summary)).write(to: &writer)
        writer.key("next_retry_at")
        writer.value(task.flatMap { $0.steps.compactMap(\.retryAt).min() })
        if let task, withSteps { writeSteps(of: task, to: &writer) }
        writer.endObject()
    }

    private static func writeHeader(
        _ header: TaskHeader, template: TaskTemplate, state: TaskState, revision: Int64, updatedAt: Timestamp,
        completedAt: Timestamp?, to writer: inout JSONWriter
    ) {
        writeHeader(
            header, name: template.name, namespace: template.namespace, version: template.version, state: state,
            revision: revision, updatedAt: updatedAt, completedAt: completedAt, to: &writer)
    }

    private static func writeHeader(
        _ header: TaskHeader, name: String, namespace: String, version: String, state: TaskState, revision: Int64,
        updatedAt: Timestamp, completedAt: Timestamp?, to writer: inout JSONWriter
    ) {
        writer.key("task_uuid")
        writer.value(header.id)
        writer.key("name")
        writer.value(name)
        writer.key("namespace")
        writer.value(namespace)
        writer.key("version")
        writer.value(version)
        writer.key("status")
        writer.value(state.rawValue)
        writer.key("created_at")
        writer.value(header.createdAt)
        writer.key("updated_at")
        writer.value(updatedAt)
        writer.key("completed_at")
        writer.value(completedAt)
        writer.key("requested_at")
        writer.value(header.requestedAt)
        writer.key("initiator")
        writer.value(header.initiator)
        writer.key("source_system")
        writer.value(header.sourceSystem)
        writer.key("reason")
        writer.value(header.reason)
        writer.key("priority")
        writer.value(header.priority)
        writer.key("tags")
        writer.beginArray()
        for tag in header.tags { writer.value(tag) }
        writer.endArray()
        writer.key("correlation_id")
        writer.value(header.correlationID)
        writer.key("parent_correlation_id")
        writer.value(header.parentCorrelationID)
        writer.key("environment")
        writer.value(header.environment)
        writer.key("revision")
        writer.value(revision)
    }
}
