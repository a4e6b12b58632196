import TaskerEngine
import TaskerProtocol

/// Reads of dead-letter entries.
extension InMemoryRows {
    var newestDeadLetters: [DeadLetterEntry] {
        deadLetters.enumerated()
            .sorted { ($0.element.createdAt, $0.offset) > ($1.element.createdAt, $1.offset) }
            .map(\.element)
    }

    func stored(_ entry: DeadLetterEntry) -> StoredDeadLetter? {
        guard let row = tasks[entry.taskID], let plan = plans[row.planHash] else { return nil }
        return StoredDeadLetter(
            entry: entry, namespace: plan.namespace, taskName: plan.name, taskState: row.state,
            taskUpdatedAt: row.updatedAt, taskCreatedAt: row.header.createdAt, requestedAt: row.header.requestedAt,
            correlationID: row.header.correlationID, priority: row.header.priority)
    }

    func deadLetters(_ filter: DeadLetterFilter, limit: Int, offset: Int) -> [StoredDeadLetter] {
        var found = newestDeadLetters.compactMap(stored).filter { row in
            (filter.resolution == nil || row.entry.resolution == filter.resolution)
                && (filter.reason == nil || row.entry.reason == filter.reason)
                && (filter.namespace == nil || row.namespace == filter.namespace)
        }
        if filter.order == .mostUrgentFirst {
            // Newest first where the score is equal; the sort is not stable by itself.
            found = found.enumerated()
                .sorted { (-$0.element.entry.urgency, $0.offset) < (-$1.element.entry.urgency, $1.offset) }
                .map(\.element)
        }
        return Array(found.dropFirst(max(0, offset)).prefix(max(0, limit)))
    }

    var deadLetterStatistics: [DeadLetterStatistics] {
        Dictionary(grouping: deadLetters, by: \.reason).map { reason, entries in
            let spans = entries.compactMap { entry in entry.resolvedAt?.millisecondsSince(entry.createdAt) }
            let times = entries.map(\.createdAt)
            return DeadLetterStatistics(
                reason: reason, counts: Dictionary(grouping: entries, by: \.resolution).mapValues(\.count),
                oldest: times.min() ?? Timestamp(milliseconds: 0), newest: times.max() ?? Timestamp(milliseconds: 0),
                averageResolution: spans.isEmpty
                    ? nil : .milliseconds(spans.reduce(0, +) / Int64(spans.count)))
        }.sorted { $0.reason.rawValue < $1.reason.rawValue }
    }
}

extension DeadLetterEntry {
    /// Orders entries by investigation score, whenever it is asked for: all grow by a point per minute.
    fileprivate var urgency: Int64 { Int64(reason.investigationBase) * 60_000 - createdAt.milliseconds }
}
