import TaskerEngine
import TaskerProtocol
import TaskerStore

/// History and audit of a task.
enum JournalView {
    static func audit(_ entries: [StoredJournalEntry], place: Int, of task: WorkflowTask) -> [UInt8] {
        let step = task.steps[place]
        let records = entries.enumerated().compactMap { index, stored -> (Int, StoredJournalEntry, AuditRecord)? in
            guard case .audit(let record) = stored.entry, record.place == place else { return nil }
            return (index, stored, record)
        }
        // Payloads are kept once, with the step: they belong to what made it complete.
        let last = records.last { $0.2.isSuccess }?.0
        var writer = JSONWriter()
        writer.beginArray()
        for (index, stored, record) in records {
            writer.beginObject()
            writer.key("audit_uuid")
            writer.value(UUIDValue(hashing: "audit \(task.id) \(stored.sequence) \(index)"))
            writer.key("workflow_step_uuid")
            writer.value(step.id)
            writer.key("transition_uuid")
            writer.value(UUIDValue(hashing: "transition \(task.id) \(stored.sequence) \(place)"))
            writer.key("task_uuid")
            writer.value(task.id)
            writer.key("recorded_at")
            writer.value(stored.at)
            writer.key("worker_uuid")
            writer.value(record.workerID)
            writer.key("worker_language")
            writer.value(record.workerLanguage)
            writer.key("correlation_id")
            writer.value(task.header.correlationID)
            writer.key("success")
            writer.value(record.isSuccess)
            writer.key("execution_time_ms")
            if let milliseconds = record.executionMilliseconds { writer.value(milliseconds) } else { writer.null() }
            writer.key("result")
            writer.value(index == last ? step.envelope?.member("result") : nil)
            writer.key("step_name")
            writer.value(step.name)
            writer.key("from_state")
            writer.value(record.fromState.rawValue)
            writer.key("to_state")
            writer.value(record.toState.rawValue)
            writer.key("sequence")
            writer.value(stored.sequence)
            writer.key("attempt")
            writer.value(record.attempt)
            writer.key("dispatch_id")
            writer.value(record.dispatch)
            writer.key("disposition")
            writer.value(record.disposition.rawValue)
            writer.key("status")
            writer.value(record.status)
            writer.key("error_type")
            writer.value(record.errorType)
            writer.key("actor")
            writer.value(record.actor)
            writer.key("reason")
            writer.value(record.message)
            writer.endObject()
        }
        writer.endArray()
        return writer.finish()
    }

    static func history(_ entries: [StoredJournalEntry], of task: WorkflowTask, next: String?) -> [UInt8] {
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
            case .created(let first, let count, let creator):
                for place in first..<first + count where task.steps.indices.contains(place) {
                    writer.beginObject()
                    writer.key("subject")
                    writer.value("step")
                    writer.key("step_uuid")
                    writer.value(task.steps[place].id)
                    writer.key("step_name")
                    writer.value(task.steps[place].name)
                    writer.key("from_state")
                    writer.null()
                    writer.key("to_state")
                    writer.value(StepState.pending.rawValue)
                    writer.key("event")
                    writer.value("created")
                    writer.key("created_by")
                    writer.value(task.steps.indices.contains(creator) ? task.steps[creator].name : nil)
                    end(stored, &writer)
                }
                continue
            case .audit, .notice: continue
            }
            end(stored, &writer)
        }
        writer.endArray()
        writer.key("next_cursor")
        writer.value(next)
        writer.endObject()
        return writer.finish()
    }

    private static func end(_ stored: StoredJournalEntry, _ writer: inout JSONWriter) {
        writer.key("sequence")
        writer.value(stored.sequence)
        writer.key("at")
        writer.value(stored.at)
        writer.endObject()
    }
}

extension AuditRecord {
    /// It made its step complete.
    fileprivate var isSuccess: Bool {
        switch disposition {
        case .accepted: status == "completed"
        case .manual: toState == .complete
        default: false
        }
    }
}
