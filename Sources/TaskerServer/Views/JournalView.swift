import TaskerEngine
import TaskerProtocol
import TaskerStore

/// History and audit of a task.
enum JournalView {
    static func audit(_ entries: [StoredJournalEntry], place: Int, of task: WorkflowTask) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginArray()
        for stored in entries {
            guard case .audit(let record) = stored.entry, record.place == place else { continue }
            writer.beginObject()
            writer.key("sequence")
            writer.value(stored.sequence)
            writer.key("workflow_step_uuid")
            writer.value(task.steps[place].id)
            writer.key("task_uuid")
            writer.value(task.id)
            writer.key("step_name")
            writer.value(task.steps[place].name)
            writer.key("recorded_at")
            writer.value(stored.at)
            writer.key("correlation_id")
            writer.value(task.header.correlationID)
            writer.key("disposition")
            writer.value(record.disposition.rawValue)
            writer.key("status")
            writer.value(record.status)
            writer.key("success")
            writer.value(record.status == "completed")
            writer.key("attempt")
            writer.value(record.attempt)
            writer.key("dispatch_id")
            writer.value(record.dispatch)
            writer.key("from_state")
            writer.value(record.fromState.rawValue)
            writer.key("to_state")
            writer.value(record.toState.rawValue)
            writer.key("worker_uuid")
            writer.value(record.workerID)
            writer.key("worker_language")
            writer.value(record.workerLanguage)
            writer.key("execution_time_ms")
            if let milliseconds = record.executionMilliseconds { writer.value(milliseconds) } else { writer.null() }
            writer.key("error_type")
            writer.value(record.errorType)
            writer.key("reason")
            writer.value(record.message)
            writer.key("actor")
            writer.value(record.actor)
            writer.endObject()
        }
        writer.endArray()
        return writer.finish()
    }

    static func history(_ entries: [StoredJournalEntry], of task: WorkflowTask, next: Int64?) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("transitions")
        writer.beginArray()
        for stored in entries {
            switch stored.entry {
            case .task(let from, let to, let event):
                writer.beginObject()
                writer.key("subject")
                writer.value("task")
                writer.key("from_state")
                writer.value(from.rawValue)
                writer.key("to_state")
                writer.value(to.rawValue)
                writer.key("event")
                writer.value(event)
            case .step(let place, let from, let to, let attempt, let dispatch, let detail):
                writer.beginObject()
                writer.key("subject")
                writer.value("step")
                writer.key("step_uuid")
                writer.value(task.steps[place].id)
                writer.key("step_name")
                writer.value(task.steps[place].name)
                writer.key("from_state")
                writer.value(from.rawValue)
                writer.key("to_state")
                writer.value(to.rawValue)
                writer.key("attempt")
                writer.value(attempt)
                writer.key("dispatch_id")
                writer.value(dispatch)
                writer.key("detail")
                writer.value(detail)
            case .audit, .created: continue
            }
            writer.key("sequence")
            writer.value(stored.sequence)
            writer.key("at")
            writer.value(stored.at)
            writer.endObject()
        }
        writer.endArray()
        writer.key("next_cursor")
        writer.value(next.map { String($0) })
        writer.endObject()
        return writer.finish()
    }
}
