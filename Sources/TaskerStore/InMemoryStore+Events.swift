import TaskerEngine
import TaskerProtocol

/// The event stream, lists behind a position, and timings.
extension InMemoryStore {
    public func events(after number: Int64, limit: Int) async throws -> [LifecycleEvent] {
        try reading { $0.events(after: number, limit: limit) }
    }

    public func eventRange() async throws -> (first: Int64, last: Int64) {
        let range = try reading { rows in
            (rows.eventRows.first?.first ?? 0, rows.eventRows.last.map { $0.first + $0.entries.eventCount - 1 } ?? 0)
        }
        return (range.0, range.1)
    }

    public func firstEvent(since time: Timestamp, after number: Int64) async throws -> Int64? {
        try reading { rows in rows.eventRows.first { $0.first > number && $0.at >= time }?.first }
    }

    public func list(_ filter: TaskFilter, after position: TaskPosition?, limit: Int) async throws -> [TaskSummary] {
        try reading { $0.list(filter, after: position, limit: limit) }
    }

    public func timings(since time: Timestamp, limit: Int) async throws -> [TaskTiming] {
        try reading { $0.timings(since: time, limit: limit) }
    }
}

/// A journal row as the stream sees it.
struct InMemoryEventRow: Sendable {
    var first: Int64
    var at: Timestamp
    var taskID: TaskID?
    var entries: [JournalEntry]
}

extension InMemoryRows {
    func events(after number: Int64, limit: Int) -> [LifecycleEvent] {
        var found: [LifecycleEvent] = []
        for row in eventRows where row.first + row.entries.eventCount - 1 > number {
            let task = row.taskID.flatMap { tasks[$0] }
            let plan = task.flatMap { plans[$0.planHash] }
            let source = EventSource(
                at: row.at, taskID: row.taskID, namespace: plan?.namespace, taskName: plan?.name)
            let events = source.events(of: row.entries, first: row.first) { place in
                task.map { ($0.steps[place].id, $0.steps[place].name) }
            }
            found += events.filter { $0.number > number }
            if found.count >= limit { break }
        }
        return Array(found.prefix(max(0, limit)))
    }

    func timings(since time: Timestamp, limit: Int) -> [TaskTiming] {
        tasks.values.filter { $0.header.createdAt >= time }
            .sorted { ($0.header.createdAt, $0.number) > ($1.header.createdAt, $1.number) }.prefix(max(0, limit))
            .compactMap { row in
                guard let plan = plans[row.planHash] else { return nil }
                return TaskTiming(
                    namespace: plan.namespace, name: plan.name, version: plan.version, state: row.state,
                    createdAt: row.header.createdAt, updatedAt: row.updatedAt, completedAt: row.completedAt,
                    steps: row.steps.map { step in
                        TaskTiming.Step(
                            name: step.name, state: step.state, runMilliseconds: step.executionMilliseconds,
                            totalAttempts: step.totalAttempts, completedAt: step.completedAt,
                            lastFailureAt: step.lastFailureAt, lastAttemptedAt: step.lastAttemptedAt)
                    })
            }
    }
}
