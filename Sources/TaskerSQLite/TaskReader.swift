import GRDB
import TaskerEngine
import TaskerProtocol
import TaskerStore

/// Builds tasks again from their rows: two queries each.
struct TaskReader {
    private let database: Database
    private let plans: any PlanSource
    private let task: PreparedStatement
    private let steps: PreparedStatement

    init(_ database: Database, plans: any PlanSource) throws {
        self.database = database
        self.plans = plans
        task = try PreparedStatement(cachedBy: database, Self.taskSQL)
        steps = try PreparedStatement(cachedBy: database, Self.stepsSQL)
    }

    func task(_ id: TaskID) throws -> StoredTask? {
        guard let parts = try task.first({ $0.add(id) }, { try Self.parts(id, from: &$0) }) else { return nil }
        let plan = try plans.plan(hash: parts.planHash) { try Self.canonical(of: parts.planHash, in: database) }
        let first = parts.row << Schema.placeBits
        let records = try steps.all({
            $0.add(first)
            $0.add(first + (1 << Schema.placeBits) - 1)
        }) { row in
            let place = Int(row.int64() - first)
            let record = try StepColumns.record(at: place, from: &row)
            guard plan.nodes.indices.contains(record.node) else {
                throw StoreError.unreadable("step, which its template lacks")
            }
            return record
        }
        let task = WorkflowTask(
            header: parts.header, plan: plan, state: parts.state, revision: parts.revision,
            updatedAt: parts.updatedAt, completedAt: parts.completedAt, deadLetter: parts.deadLetter, records: records)
        return StoredTask(task: task, planHash: parts.planHash)
    }

    static func canonical(of hash: String, in database: Database) throws -> RawJSON {
        let statement = try PreparedStatement(cachedBy: database, "SELECT canonical FROM plans WHERE hash = ?")
        guard let canonical = try statement.first({ $0.add(hash) }, { $0.json() }) else {
            throw StoreError.planMissing(hash)
        }
        return canonical
    }

    // MARK: -

    private struct Parts {
        var row: Int64
        var header: TaskHeader
        var planHash: String
        var state: TaskState
        var revision: Int64
        var updatedAt: Timestamp
        var completedAt: Timestamp?
        var deadLetter: DeadLetterEntry?
    }

    private static func parts(_ id: TaskID, from row: inout RowReader) throws -> Parts {
        Parts(
            row: row.int64(), header: try HeaderColumns.header(id, from: &row), planHash: row.string(),
            state: try TaskState(code: row.int64()), revision: row.int64(), updatedAt: row.timestamp(),
            completedAt: row.optionalTimestamp(), deadLetter: try DeadLetterColumns.optionalEntry(id, from: &row))
    }

    private static let taskSQL = """
        SELECT t.id, \(HeaderColumns.list), p.hash, t.state, t.revision, t.updated_at, t.completed_at,
            \(DeadLetterColumns.list)
        FROM tasks t JOIN task_details d ON d.task = t.id JOIN plans p ON p.id = t.plan
        LEFT JOIN dead_letters l ON l.task = t.id AND l.resolution = 'pending'
        WHERE t.uuid = ?
        """

    private static let stepsSQL = """
        SELECT s.id, s.uuid, s.name, s.created_at, s.node, s.batch_item, \(StepColumns.changing.map { "s.\($0)" }.joined(separator: ", ")),
            e.envelope, e.last_error, e.checkpoint
        FROM steps s LEFT JOIN step_data e ON e.id = s.data
        WHERE s.id BETWEEN ? AND ? ORDER BY s.id
        """
}

/// A task's header, from `tasks t` and `task_details d`.
enum HeaderColumns {
    static let list = """
        t.created_at, t.requested_at, t.priority, t.correlation_id, t.initiator, t.source_system, d.context, d.options,
        d.reason, d.tags, d.parent_correlation_id, d.environment, d.trace_parent, d.trace_state
        """

    static func header(_ id: TaskID, from row: inout RowReader) throws -> TaskHeader {
        let createdAt = row.timestamp()
        let requestedAt = row.timestamp()
        let priority = row.int()
        let correlationID: CorrelationID = try row.id()
        let initiator = row.string()
        let sourceSystem = row.string()
        let context = row.json()
        let options = row.optionalJSON()
        let reason = row.string()
        let tags = row.optionalJSON()?.items?.compactMap(\.string) ?? []
        let parent: CorrelationID? = try row.optionalID()
        return TaskHeader(
            id: id, context: context, correlationID: correlationID, parentCorrelationID: parent,
            initiator: initiator, sourceSystem: sourceSystem, reason: reason, tags: tags, priority: priority,
            requestedAt: requestedAt, createdAt: createdAt, environment: row.string(), options: options,
            traceParent: row.optionalString(), traceState: row.optionalString())
    }
}

/// A dead-letter entry, from `dead_letters l`.
enum DeadLetterColumns {
    /// In the order of the table, which is the one of its primary key.
    private static let failures = """
        (SELECT '[' || group_concat(CAST(f.failure AS TEXT)) || ']' FROM (
            SELECT failure FROM dead_letter_failures WHERE entry = l.id ORDER BY number) f)
        """

    static let list = """
        l.uuid, l.reason, l.original_state, l.created_at, \(failures), l.resolution, l.resolved_at, l.resolved_by, l.notes,
            l.metadata, l.threshold_minutes, l.minutes_in_state
        """

    static func optionalEntry(_ task: TaskID, from row: inout RowReader) throws -> DeadLetterEntry? {
        guard let id: DeadLetterID = try row.optionalID() else { return nil }
        let reason = row.string()
        let state = row.string()
        let createdAt = row.timestamp()
        let failures = row.json().items ?? []
        let resolution = row.string()
        return DeadLetterEntry(
            id: id, taskID: task, reason: try required(DeadLetterReason(rawValue: reason), "reason \(reason)"),
            originalState: try required(TaskState(rawValue: state), "state \(state)"), createdAt: createdAt,
            failures: try failures.map { try required(DeadLetterEntry.Failure($0), "failure of a dead-letter entry") },
            resolution: try required(DeadLetterResolution(rawValue: resolution), "resolution \(resolution)"),
            resolvedAt: row.optionalTimestamp(), resolvedBy: row.optionalString(), notes: row.optionalString(),
            metadata: row.optionalJSON(), thresholdMinutes: row.optionalInt64().map(Int.init), minutesInState: row.int()
        )
    }
}
