import GRDB
import TaskerEngine
import TaskerProtocol
import TaskerStore

/// One page of tasks. Every order and every selective filter has an index to follow; which one is decided here, since
/// the figures that SQLite would decide by are not kept.
struct ListQuery {
    /// Of `tasks t`.
    private var conditions: [String] = []
    private var values: [Value] = []
    private let filter: TaskFilter

    private enum Value {
        case number(Int64)
        case text(String)
        case uuid(UUIDValue)
    }

    /// - Returns: nil when no task can match.
    /// - Parameter position: begins behind it; not to be used with an order by update.
    init?(_ filter: TaskFilter, after position: TaskPosition? = nil, in database: Database) throws {
        self.filter = filter
        if filter.namespace != nil || filter.name != nil || filter.version != nil {
            let plans = try Self.plans(of: filter, in: database)
            if plans.isEmpty { return nil }
            // Several plans are no order: the index of the order is followed then, and the others skipped.
            conditions.append(
                plans.count == 1
                    ? "t.plan = \(plans[0])" : "+t.plan IN (\(plans.map(String.init).joined(separator: ", ")))")
        }
        if !filter.states.isEmpty { addStates() }
        if let correlation = filter.correlationID {
            add("t.correlation_id = ?", .uuid(correlation.uuid))
        }
        if let tag = filter.tag {
            add("t.id IN (SELECT task FROM task_tags WHERE tag = ?)", .text(tag))
        }
        if let initiator = filter.initiator { add("t.initiator = ?", .text(initiator)) }
        if let source = filter.sourceSystem { add("t.source_system = ?", .text(source)) }
        if let after = filter.createdAfter { add("t.created_at >= ?", .number(after.milliseconds)) }
        if let before = filter.createdBefore { add("t.created_at < ?", .number(before.milliseconds)) }
        if let position {
            let find = try PreparedStatement(cachedBy: database, "SELECT id FROM tasks WHERE uuid = ?")
            guard let row = try find.first({ $0.add(position.task) }, { $0.int64() }) else { return nil }
            add(position, row: row)
        }
    }

    private mutating func add(_ position: TaskPosition, row: Int64) {
        switch filter.order {
        case .newestFirst: conditions.append("(t.created_at, t.id) < (?, ?)")
        case .oldestFirst: conditions.append("(t.created_at, t.id) > (?, ?)")
        case .priority:
            conditions.append("(t.priority, t.created_at, t.id) < (?, ?, ?)")
            values.append(.number(Int64(position.priority)))
        case .recentlyUpdated: return
        }
        values += [.number(position.createdAt.milliseconds), .number(row)]
    }

    func count(in database: Database) throws -> Int {
        let statement = try PreparedStatement(database, "SELECT count(*) FROM tasks t WHERE \(condition)")
        return try statement.first({ bind(&$0) }, { $0.int() }) ?? 0
    }

    func page(offset: Int, limit: Int, in database: Database) throws -> [TaskSummary] {
        let ids = try rows(offset: offset, limit: limit, in: database)
        let statement = try PreparedStatement(cachedBy: database, Self.summarySQL)
        return try ids.compactMap { id in try statement.first({ $0.add(id) }, Self.summary) }
    }

    // MARK: -

    private var condition: String { conditions.isEmpty ? "1" : conditions.joined(separator: " AND ") }

    private mutating func add(_ condition: String, _ value: Value) {
        conditions.append(condition)
        values.append(value)
    }

    /// Finished and unfinished tasks have an index each.
    private mutating func addStates() {
        let codes = filter.states.map(\.code).sorted()
        let list = codes.map(String.init).joined(separator: ", ")
        let plain = codes.count == 1 ? "t.state = \(list)" : "t.state IN (\(list))"
        if filter.states.allSatisfy({ !$0.isTerminal }) {
            conditions.append("\(plain) AND t.state < 10")
        } else if filter.states.allSatisfy(\.isTerminal) {
            conditions.append("\(plain) AND t.state >= 10")
        } else {
            conditions.append(plain)
        }
    }

    private var pageSQL: String {
        switch filter.order {
        case .newestFirst: return ordered("t.created_at DESC, t.id DESC")
        case .oldestFirst: return ordered("t.created_at, t.id")
        case .priority: return ordered("t.priority DESC, t.created_at DESC, t.id DESC")
        case .recentlyUpdated:
            // Finished tasks are indexed by it; the others move all the time, and are few.
            return """
                SELECT id FROM (
                    SELECT * FROM (SELECT t.id AS id, t.updated_at AS at FROM tasks t WHERE \(condition) AND t.state < 10
                        ORDER BY t.updated_at DESC, t.id DESC LIMIT ?)
                    UNION ALL
                    SELECT * FROM (SELECT t.id AS id, t.updated_at AS at FROM tasks t WHERE \(condition) AND t.state >= 10
                        ORDER BY t.updated_at DESC, t.id DESC LIMIT ?)
                ) ORDER BY at DESC, id DESC LIMIT ? OFFSET ?
                """
        }
    }

    private func rows(offset: Int, limit: Int, in database: Database) throws -> [Int64] {
        try PreparedStatement(database, pageSQL).all({ row in
            if filter.order == .recentlyUpdated {
                for _ in 0..<2 {
                    bind(&row)
                    row.add(offset + limit)
                }
            } else {
                bind(&row)
            }
            row.add(limit)
            row.add(offset)
        }) { $0.int64() }
    }

    /// How SQLite would go about it, one line per loop.
    func explanation(in database: Database) throws -> String {
        let lines = try PreparedStatement(database, "EXPLAIN QUERY PLAN " + pageSQL).all({ _ in }) { row in
            row.skip(3)
            return row.string() + "\n"
        }
        return lines.joined()
    }

    private func ordered(_ order: String) -> String {
        "SELECT t.id FROM tasks t WHERE \(condition) ORDER BY \(order) LIMIT ? OFFSET ?"
    }

    private func bind(_ row: inout Binder) {
        for value in values {
            switch value {
            case .number(let number): row.add(number)
            case .text(let text): row.add(text)
            case .uuid(let uuid): row.add(uuid)
            }
        }
    }

    private static func plans(of filter: TaskFilter, in database: Database) throws -> [Int64] {
        let statement = try PreparedStatement(
            cachedBy: database,
            """
            SELECT id FROM plans WHERE namespace = ifnull(?1, namespace) AND name = ifnull(?2, name)
                AND version = ifnull(?3, version) ORDER BY id
            """)
        return try statement.all({
            $0.add(filter.namespace)
            $0.add(filter.name)
            $0.add(filter.version)
        }) { $0.int64() }
    }

    private static let summarySQL = """
        SELECT t.uuid, \(HeaderColumns.list), p.namespace, p.name, p.version, t.state, t.revision, t.updated_at,
            t.completed_at, p.hash, t.step_counts, t.held_steps
        FROM tasks t JOIN task_details d ON d.task = t.id JOIN plans p ON p.id = t.plan WHERE t.id = ?
        """

    private static func summary(_ row: inout RowReader) throws -> TaskSummary {
        let header = try HeaderColumns.header(row.id(), from: &row)
        return TaskSummary(
            header: header, namespace: row.string(), name: row.string(), version: row.string(),
            state: try TaskState(code: row.int64()), revision: row.int64(), updatedAt: row.timestamp(),
            completedAt: row.optionalTimestamp(), planHash: row.string(),
            stepCounts: try StepCounts.decode(row.bytes()), heldSteps: row.int())
    }
}
