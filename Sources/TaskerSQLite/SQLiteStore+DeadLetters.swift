import GRDB
import TaskerEngine
import TaskerProtocol
import TaskerStore

/// Reads of dead-letter entries.
extension SQLiteStore {
    public func deadLetter(_ id: DeadLetterID) async throws -> StoredDeadLetter? {
        try await read { database in
            let statement = try PreparedStatement(cachedBy: database, "\(Self.select) WHERE l.uuid = ?")
            return try statement.first({ $0.add(id) }, Self.stored)
        }
    }

    public func newestDeadLetter(of task: TaskID) async throws -> StoredDeadLetter? {
        try await read { database in
            let statement = try PreparedStatement(
                cachedBy: database,
                """
                \(Self.select) WHERE l.task = (SELECT id FROM tasks WHERE uuid = ?)
                ORDER BY l.created_at DESC, l.id DESC LIMIT 1
                """)
            return try statement.first({ $0.add(task) }, Self.stored)
        }
    }

    public func deadLetters(
        _ filter: DeadLetterFilter, limit: Int, offset: Int
    ) async throws -> [StoredDeadLetter] {
        try await read { database in
            var conditions: [String] = []
            if filter.resolution != nil { conditions.append("l.resolution = ?") }
            if filter.reason != nil { conditions.append("l.reason = ?") }
            if filter.namespace != nil { conditions.append("p.namespace = ?") }
            let condition = conditions.isEmpty ? "1" : conditions.joined(separator: " AND ")
            let order = filter.order == .mostUrgentFirst ? "\(Self.urgency) DESC, " : ""
            let statement = try PreparedStatement(
                cachedBy: database,
                """
                \(Self.select) WHERE \(condition)
                ORDER BY \(order)l.created_at DESC, l.id DESC LIMIT ? OFFSET ?
                """)
            return try statement.all(
                {
                    if let resolution = filter.resolution { $0.add(resolution.rawValue) }
                    if let reason = filter.reason { $0.add(reason.rawValue) }
                    if let namespace = filter.namespace { $0.add(namespace) }
                    $0.add(max(0, limit))
                    $0.add(max(0, offset))
                }, Self.stored)
        }
    }

    public func deadLetterStatistics() async throws -> [DeadLetterStatistics] {
        try await read { database in
            let counting = DeadLetterResolution.allCases
                .map { "sum(resolution = '\($0.rawValue)')" }.joined(separator: ", ")
            let statement = try PreparedStatement(
                cachedBy: database,
                """
                SELECT reason, min(created_at), max(created_at), sum(resolved_at - created_at) / count(resolved_at),
                    \(counting)
                FROM dead_letters GROUP BY reason ORDER BY reason
                """)
            return try statement.all({ _ in }) { row in
                let reason = row.string()
                var statistics = DeadLetterStatistics(
                    reason: try required(DeadLetterReason(rawValue: reason), "reason \(reason)"), counts: [:],
                    oldest: row.timestamp(), newest: row.timestamp(),
                    averageResolution: row.optionalInt64().map { .milliseconds($0) })
                for resolution in DeadLetterResolution.allCases {
                    let count = row.int()
                    if count > 0 { statistics.counts[resolution] = count }
                }
                return statistics
            }
        }
    }

    // MARK: -

    private static let select = """
        SELECT t.uuid, \(DeadLetterColumns.list), p.namespace, p.name, t.state, t.updated_at, t.created_at,
            t.requested_at, t.correlation_id, t.priority
        FROM dead_letters l CROSS JOIN tasks t ON t.id = l.task CROSS JOIN plans p ON p.id = t.plan
        """

    /// Orders by investigation score, whenever it is asked for: all grow by a point per minute.
    private static let urgency =
        "CASE l.reason "
        + DeadLetterReason.allCases.map { "WHEN '\($0.rawValue)' THEN \($0.investigationBase * 60_000)" }
        .joined(separator: " ") + " ELSE 0 END - l.created_at"

    private static func stored(_ row: inout RowReader) throws -> StoredDeadLetter {
        let entry = try required(DeadLetterColumns.optionalEntry(row.id(), from: &row), "dead-letter entry")
        return StoredDeadLetter(
            entry: entry, namespace: row.string(), taskName: row.string(), taskState: try TaskState(code: row.int64()),
            taskUpdatedAt: row.timestamp(), taskCreatedAt: row.timestamp(), requestedAt: row.timestamp(),
            correlationID: try row.id(), priority: row.int())
    }
}
