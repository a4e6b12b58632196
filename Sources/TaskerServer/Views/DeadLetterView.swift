import TaskerEngine
import TaskerProtocol
import TaskerStore
import TaskerTemplates

/// DlqEntry and its relatives of the REST contract. Enum values are Pascal case here, and taken in either way.
enum DeadLetterView {
    static func entry(_ stored: StoredDeadLetter, at now: Timestamp) -> JSONValue {
        let entry = stored.entry
        return [
            "dlq_entry_uuid": .string(entry.id.description), "task_uuid": .string(entry.taskID.description),
            "original_state": .string(entry.originalState.rawValue),
            "dlq_reason": .string(word(for: entry.reason)),
            "dlq_timestamp": .string(entry.createdAt.description),
            "resolution_status": .string(word(for: entry.resolution)),
            "resolution_timestamp": .time(entry.resolvedAt),
            "resolution_notes": .text(entry.notes), "resolved_by": .text(entry.resolvedBy),
            "task_snapshot": snapshot(stored), "metadata": metadata(of: entry),
            "created_at": .string(entry.createdAt.description),
            "updated_at": .string(updatedAt(entry).description),
        ]
    }

    /// The task as it was when the entry was made.
    private static func snapshot(_ stored: StoredDeadLetter) -> JSONValue {
        let entry = stored.entry
        return [
            "task_uuid": .string(entry.taskID.description), "namespace": .string(stored.namespace),
            "task_name": .string(stored.taskName), "current_state": .string(entry.originalState.rawValue),
            "time_in_state_minutes": .number(entry.minutesInState),
            "threshold_minutes": entry.thresholdMinutes.map { .number($0) } ?? .null,
            "snapshot_timestamp": .string(entry.createdAt.description),
            "task_details": [
                "correlation_id": .string(stored.correlationID.description), "priority": .number(stored.priority),
                "requested_at": .string(stored.requestedAt.description),
                "created_at": .string(stored.taskCreatedAt.description),
            ],
        ]
    }

    private static func metadata(of entry: DeadLetterEntry) -> JSONValue {
        var members = entry.metadata?.value.objectValue ?? [:]
        var failures = JSONWriter()
        failures.beginArray()
        for failure in entry.failures { failure.write(to: &failures) }
        failures.endArray()
        members["failures"] = RawJSON(trusting: failures.finish()).value
        return .object(members)
    }

    private static func updatedAt(_ entry: DeadLetterEntry) -> Timestamp {
        entry.failures.map(\.at).reduce(entry.resolvedAt ?? entry.createdAt, max)
    }

    static func investigation(_ stored: StoredDeadLetter, at now: Timestamp) -> JSONValue {
        let entry = stored.entry
        let minutes = max(0, now.millisecondsSince(entry.createdAt)) / 60_000
        return [
            "dlq_entry_uuid": .string(entry.id.description), "task_uuid": .string(entry.taskID.description),
            "namespace_name": .string(stored.namespace), "task_name": .string(stored.taskName),
            "original_state": .string(entry.originalState.rawValue),
            "current_state": .string(stored.taskState.rawValue),
            "dlq_reason": .string(word(for: entry.reason)),
            "dlq_timestamp": .string(entry.createdAt.description), "minutes_in_dlq": .integer(minutes),
            "time_in_state_minutes": .integer(max(0, now.millisecondsSince(stored.taskUpdatedAt)) / 60_000),
            "priority_score": .integer(Int64(entry.reason.investigationBase) + minutes),
        ]
    }

    static func statistics(_ figures: DeadLetterStatistics) -> JSONValue {
        func count(_ resolution: DeadLetterResolution) -> JSONValue { .number(figures.counts[resolution] ?? 0) }
        return [
            "dlq_reason": .string(word(for: figures.reason)),
            "total_entries": .number(figures.counts.values.reduce(0, +)), "pending": count(.pending),
            "manually_resolved": count(.manuallyResolved), "permanent_failures": count(.permanentlyFailed),
            "cancelled": count(.cancelled), "oldest_entry": .string(figures.oldest.description),
            "newest_entry": .string(figures.newest.description),
            "avg_resolution_time_minutes": figures.averageResolution
                .map { .double(Double($0.wholeMilliseconds) / 60_000) } ?? .null,
        ]
    }

    static func staleness(_ task: WorkflowTask, _ finding: StalenessFinding, at now: Timestamp) -> JSONValue {
        [
            "task_uuid": .string(task.id.description), "namespace_name": .string(task.plan.template.namespace),
            "task_name": .string(task.plan.template.name), "current_state": .string(task.state.rawValue),
            "time_in_state_minutes": .integer(max(0, now.millisecondsSince(task.updatedAt)) / 60_000),
            "task_age_minutes": .integer(max(0, now.millisecondsSince(task.header.createdAt)) / 60_000),
            "staleness_threshold_minutes": .integer(finding.threshold.wholeMilliseconds / 60_000),
            "limit": .string(finding.limit.rawValue), "health_status": .string(finding.health),
            "priority": .number(task.header.priority),
        ]
    }

    // MARK: - Words

    /// - Throws: ``Problem`` 400.
    static func resolution(_ text: String) throws -> DeadLetterResolution { try word(text, "resolution_status") }

    /// - Throws: ``Problem`` 400.
    static func reason(_ text: String) throws -> DeadLetterReason { try word(text, "reason") }

    private static func word<Word: RawRepresentable & CaseIterable>(_ text: String, _ name: String) throws -> Word
    where Word.RawValue == String {
        if let found = Word.allCases.first(where: { $0.rawValue == text || word(for: $0) == text }) { return found }
        let known = Word.allCases.map { word(for: $0) }.joined(separator: ", ")
        throw Problem.badRequest("'\(text.prefix(40))' is no \(name); known: \(known)")
    }

    /// `manual_dlq` is `ManualDlq`.
    static func word<Word: RawRepresentable>(for value: Word) -> String where Word.RawValue == String {
        value.rawValue.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }
}

extension JSONValue {
    static func time(_ time: Timestamp?) -> JSONValue { time.map { .string($0.description) } ?? .null }
    static func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
}
