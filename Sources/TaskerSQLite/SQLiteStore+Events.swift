import GRDB
import TaskerEngine
import TaskerProtocol
import TaskerStore

/// The event stream, lists behind a position, and timings.
extension SQLiteStore {
    public func events(after number: Int64, limit: Int) async throws -> [LifecycleEvent] {
        guard limit > 0 else { return [] }
        return try await read { database in
            let rows = try PreparedStatement(
                cachedBy: database,
                """
                SELECT j.event, j.at, j.task, t.uuid, p.namespace, p.name, j.entries FROM journal j
                LEFT JOIN tasks t ON t.id = j.task LEFT JOIN plans p ON p.id = t.plan
                WHERE j.event >= ifnull((SELECT max(event) FROM journal WHERE event <= ?), 0) ORDER BY j.event
                """)
            let step = try PreparedStatement(cachedBy: database, "SELECT uuid, name FROM steps WHERE id = ?")
            var found: [LifecycleEvent] = []
            // The row that holds the wanted one may have begun before it.
            try rows.forEach({ $0.add(number + 1) }) { row in
                let (first, at, task) = (row.int64(), row.timestamp(), row.int64())
                let source = EventSource(
                    at: at, taskID: try row.optionalID(), namespace: row.optionalString(),
                    taskName: row.optionalString())
                let entries = try (row.json().items ?? []).map { try required(JournalEntry($0), "journal entry") }
                let events = try source.events(of: entries, first: first) { place in
                    try step.first({ $0.add(task << Schema.placeBits + Int64(place)) }) { (try $0.id(), $0.string()) }
                }
                found += events.filter { $0.number > number }
                return found.count < limit
            }
            return Array(found.prefix(limit))
        }
    }

    public func eventRange() async throws -> (first: Int64, last: Int64) {
        try await read { database in
            let bounds = try PreparedStatement(
                cachedBy: database,
                "SELECT (SELECT min(event) FROM journal WHERE event > 0), (SELECT max(event) FROM journal WHERE event > 0)"
            )
            guard let (first, last) = try bounds.first({ _ in }, { ($0.optionalInt64(), $0.optionalInt64()) }),
                let first, let last
            else { return (0, 0) }
            let row = try PreparedStatement(cachedBy: database, "SELECT entries FROM journal WHERE event = ?")
            let entries = try row.first({ $0.add(last) }) { $0.json().items ?? [] } ?? []
            return (first, last + entries.compactMap { JournalEntry($0) }.eventCount - 1)
        }
    }

    public func firstEvent(since time: Timestamp, after number: Int64) async throws -> Int64? {
        try await read { database in
            let statement = try PreparedStatement(
                cachedBy: database, "SELECT event FROM journal WHERE event > ? AND at >= ? ORDER BY event LIMIT 1")
            return try statement.first({
                $0.add(number)
                $0.add(time)
            }) { $0.int64() }
        }
    }

    public func list(_ filter: TaskFilter, after position: TaskPosition?, limit: Int) async throws -> [TaskSummary] {
        try await read { database in
            guard let query = try ListQuery(filter, after: position, in: database) else { return [] }
            return try query.page(offset: 0, limit: max(0, limit), in: database)
        }
    }

    public func timings(since time: Timestamp, limit: Int) async throws -> [TaskTiming] {
        try await read { database in
            let tasks = try PreparedStatement(
                cachedBy: database,
                """
                SELECT t.id, p.namespace, p.name, p.version, t.state, t.created_at, t.updated_at, t.completed_at
                FROM tasks t INDEXED BY tasks_by_creation CROSS JOIN plans p ON p.id = t.plan
                WHERE t.created_at >= ? ORDER BY t.created_at DESC, t.id DESC LIMIT ?
                """)
            let steps = try PreparedStatement(
                cachedBy: database,
                """
                SELECT name, state, execution_ms, total_attempts, completed_at, last_failure_at, last_attempted_at
                FROM steps WHERE id BETWEEN ? AND ? ORDER BY id
                """)
            return try tasks.all({
                $0.add(time)
                $0.add(max(0, limit))
            }) { row in
                let first = row.int64() << Schema.placeBits
                var timing = TaskTiming(
                    namespace: row.string(), name: row.string(), version: row.string(),
                    state: try TaskState(code: row.int64()), createdAt: row.timestamp(), updatedAt: row.timestamp(),
                    completedAt: row.optionalTimestamp(), steps: [])
                timing.steps = try steps.all({
                    $0.add(first)
                    $0.add(first + (1 << Schema.placeBits) - 1)
                }) { step in
                    TaskTiming.Step(
                        name: step.string(), state: try StepState(code: step.int64()),
                        runMilliseconds: step.optionalInt64(), totalAttempts: step.int(),
                        completedAt: step.optionalTimestamp(), lastFailureAt: step.optionalTimestamp(),
                        lastAttemptedAt: step.optionalTimestamp())
                }
                return timing
            }
        }
    }
}
