import GRDB
import TaskerEngine
import TaskerProtocol
import TaskerStore

extension SQLiteStore {
    public func task(_ id: TaskID, plans: any PlanSource) async throws -> StoredTask? {
        try await read { try TaskReader($0, plans: plans).task(id) }
    }

    public func tasks(_ ids: [TaskID], plans: any PlanSource) async throws -> [StoredTask] {
        var found: [StoredTask] = []
        // Short read transactions: a long one would keep the log from being reused.
        for start in stride(from: 0, to: ids.count, by: 256) {
            let chunk = ids[start..<min(start + 256, ids.count)]
            found += try await read { database in
                let reader = try TaskReader(database, plans: plans)
                return try chunk.compactMap { try reader.task($0) }
            }
        }
        return found
    }

    public func openSteps(after row: Int64, limit: Int) async throws -> [OpenStep] {
        try await read { database in
            let statement = try PreparedStatement(cachedBy: database, Self.openStepsSQL)
            return try statement.all({
                $0.add(row)
                $0.add(max(0, limit))
            }) { row in
                let id = row.int64()
                let (task, namespace, callable) = (try row.id(TaskID.self), row.string(), row.string())
                let record = try StepColumns.record(at: Int(id & (1 << Schema.placeBits - 1)), from: &row)
                return OpenStep(record: record, row: id, taskID: task, namespace: namespace, callable: callable)
            }
        }
    }

    public func tasksToWatch(all: Bool) async throws -> [TaskID] {
        try await read { database in
            let statement = try PreparedStatement(
                cachedBy: database,
                """
                SELECT t.uuid FROM plans p CROSS JOIN tasks t INDEXED BY tasks_unfinished_by_plan
                WHERE (p.has_lifecycle OR ?) AND t.plan = p.id AND t.state < 10
                """)
            return try statement.all({ $0.add(all) }) { try $0.id() }
        }
    }

    public func outbox(after id: Int64, limit: Int) async throws -> [StoredOutboxMessage] {
        try await read { database in
            let statement = try PreparedStatement(
                cachedBy: database,
                """
                SELECT id, exchange, routing_key, type, correlation_id, message_id, body, is_transient FROM outbox
                WHERE id > ? ORDER BY id LIMIT ?
                """)
            return try statement.all({
                $0.add(id)
                $0.add(max(0, limit))
            }) { row in
                OutboxMessage(
                    id: row.int64(), exchange: row.string(), routingKey: row.string(), type: row.string(),
                    correlationID: row.optionalString(), messageID: row.optionalString(), body: row.json(),
                    isTransient: row.bool())
            }
        }
    }

    public func identity(_ identity: TaskIdentity) async throws -> (task: TaskID, requestHash: String)? {
        try await read { database in
            let statement = try PreparedStatement(
                cachedBy: database,
                """
                SELECT t.uuid, i.request_hash FROM identities i JOIN tasks t ON t.id = i.task
                WHERE i.namespace = ? AND i.name = ? AND i.key = ?
                """)
            return try statement.first({
                $0.add(identity.namespace)
                $0.add(identity.name)
                $0.add(identity.key)
            }) { (try $0.id(), $0.string()) }
        }
    }

    public func list(_ filter: TaskFilter, page: Int, perPage: Int) async throws -> (tasks: [TaskSummary], total: Int) {
        try await read { database in
            guard let query = try ListQuery(filter, in: database) else { return ([], 0) }
            let size = max(0, perPage)
            let tasks = try query.page(offset: max(0, page - 1) * size, limit: size, in: database)
            return (tasks, try query.count(in: database))
        }
    }

    public func taskCounts() async throws -> [TaskState: Int] {
        try await read { database in
            let statement = try PreparedStatement(
                cachedBy: database,
                """
                SELECT state, count(*) FROM tasks INDEXED BY tasks_unfinished WHERE state < 10 GROUP BY state
                UNION ALL
                SELECT state, count(*) FROM tasks INDEXED BY tasks_finished WHERE state >= 10 GROUP BY state
                """)
            let pairs = try statement.all({ _ in }) { (try TaskState(code: $0.int64()), $0.int()) }
            return Dictionary(uniqueKeysWithValues: pairs)
        }
    }

    public func openTaskCounts() async throws -> [String: Int] {
        try await read { database in
            let statement = try PreparedStatement(
                cachedBy: database,
                """
                SELECT p.namespace, sum(c.tasks) FROM (
                    SELECT plan, count(*) AS tasks FROM tasks INDEXED BY tasks_unfinished_by_plan WHERE state < 10
                    GROUP BY plan
                ) c JOIN plans p ON p.id = c.plan GROUP BY p.namespace
                """)
            return Dictionary(uniqueKeysWithValues: try statement.all({ _ in }) { ($0.string(), $0.int()) })
        }
    }

    public func journal(of task: TaskID, after sequence: Int64, limit: Int) async throws -> [StoredJournalEntry] {
        guard limit > 0 else { return [] }
        return try await read { database in
            let statement = try PreparedStatement(
                cachedBy: database,
                """
                SELECT sequence, at, entries FROM journal
                WHERE task = (SELECT id FROM tasks WHERE uuid = ?) AND sequence > ? ORDER BY sequence
                """)
            var entries: [StoredJournalEntry] = []
            try statement.forEach({
                $0.add(task)
                $0.add(sequence)
            }) { row in
                let (sequence, at) = (row.int64(), row.timestamp())
                for item in row.json().items ?? [] {
                    let entry = try required(JournalEntry(item), "journal entry")
                    entries.append(StoredJournalEntry(sequence: sequence, taskID: task, at: at, entry: entry))
                }
                return entries.count < limit
            }
            return entries
        }
    }

    private static let openStepsSQL = """
        SELECT s.id, t.uuid, p.namespace, c.callable, s.uuid, s.name, s.created_at, s.node, NULL,
            \(StepColumns.changing.map { "s.\($0)" }.joined(separator: ", ")), NULL, NULL, NULL
        FROM steps s INDEXED BY steps_open
        JOIN tasks t ON t.id = s.id >> \(Schema.placeBits)
        JOIN plans p ON p.id = t.plan
        JOIN plan_steps c ON c.plan = t.plan AND c.place = s.node
        WHERE s.open = 1 AND s.id > ? AND t.state < 10 ORDER BY s.id LIMIT ?
        """
}
