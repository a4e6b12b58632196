import GRDB

/// Every statement of a commit, prepared once.
struct WriterStatements {
    let begin, commit, rollback: PreparedStatement
    let owner, setOwner: PreparedStatement
    let findPlan, insertPlan, insertPlanStep: PreparedStatement
    let findTask, insertTask, insertDetails, insertTag, insertIdentity: PreparedStatement
    /// The second one leaves the index of states alone.
    let updateTask, updateTaskInState: PreparedStatement
    let insertStep, updateStep, replaceStep, findStepData: PreparedStatement
    let insertData, readData, updateData, deleteData: PreparedStatement
    let insertJournal: PreparedStatement
    let insertDeadLetter, insertDeadLetterFailure, updateDeadLetter: PreparedStatement
    let putOutbox, deleteOutbox, putTemplate, putRouting: PreparedStatement
    let lastTask, lastData, lastSequence: PreparedStatement
    let replays: ReplayStatements

    init(_ database: Database) throws {
        func prepare(_ sql: String) throws -> PreparedStatement { try PreparedStatement(database, sql) }

        begin = try prepare("BEGIN IMMEDIATE")
        commit = try prepare("COMMIT")
        rollback = try prepare("ROLLBACK")

        owner = try prepare("SELECT epoch, owner FROM owners WHERE partition = ?")
        setOwner = try prepare(
            "INSERT OR REPLACE INTO owners (partition, epoch, owner, acquired_at) VALUES (?, ?, ?, ?)")

        findPlan = try prepare("SELECT id FROM plans WHERE hash = ?")
        insertPlan = try prepare(
            "INSERT INTO plans (hash, namespace, name, version, canonical, has_lifecycle) VALUES (?, ?, ?, ?, ?, ?) RETURNING id"
        )
        insertPlanStep = try prepare("INSERT INTO plan_steps (plan, place, callable) VALUES (?, ?, ?)")

        findTask = try prepare("SELECT id, state FROM tasks WHERE uuid = ?")
        insertTask = try prepare(
            """
            INSERT INTO tasks (id, uuid, plan, created_at, requested_at, priority, partition, correlation_id, initiator,
                source_system, state, revision, updated_at, completed_at, step_counts, held_steps)
            VALUES (\(Self.marks(16)))
            """)
        insertDetails = try prepare(
            """
            INSERT INTO task_details (task, context, options, reason, tags, parent_correlation_id, environment,
                trace_parent, trace_state)
            VALUES (\(Self.marks(9)))
            """)
        insertTag = try prepare("INSERT OR IGNORE INTO task_tags (tag, task) VALUES (?, ?)")
        insertIdentity = try prepare(
            "INSERT INTO identities (namespace, name, key, task, request_hash) VALUES (?, ?, ?, ?, ?)")
        updateTask = try prepare(
            """
            UPDATE tasks SET state = ?, revision = ?, updated_at = ?, completed_at = ?, step_counts = ?, held_steps = ?
            WHERE id = ?
            """)
        updateTaskInState = try prepare(
            """
            UPDATE tasks SET revision = ?, updated_at = ?, completed_at = ?, step_counts = ?, held_steps = ?
            WHERE id = ?
            """)

        let columns = StepColumns.changing
        let assignments = columns.map { "\($0) = ?" }.joined(separator: ", ")
        insertStep = try prepare(
            """
            INSERT INTO steps (id, uuid, name, created_at, node, batch_item, \(columns.joined(separator: ", ")), data)
            VALUES (\(Self.marks(columns.count + 7)))
            """)
        updateStep = try prepare("UPDATE steps SET \(assignments), data = ? WHERE id = ? AND data IS NULL")
        replaceStep = try prepare("UPDATE steps SET \(assignments), data = ? WHERE id = ?")
        findStepData = try prepare("SELECT data FROM steps WHERE id = ?")

        insertData = try prepare("INSERT INTO step_data (id, envelope, last_error, checkpoint) VALUES (?, ?, ?, ?)")
        readData = try prepare("SELECT envelope, last_error, checkpoint FROM step_data WHERE id = ?")
        updateData = try prepare("UPDATE step_data SET envelope = ?, last_error = ?, checkpoint = ? WHERE id = ?")
        deleteData = try prepare("DELETE FROM step_data WHERE id = ?")

        insertJournal = try prepare(
            "INSERT INTO journal (sequence, task, at, entries, event) VALUES (?, ?, ?, ?, ?)")
        insertDeadLetter = try prepare(
            """
            INSERT INTO dead_letters (uuid, task, reason, original_state, created_at, threshold_minutes, minutes_in_state,
                resolution, resolved_at, resolved_by, notes, metadata)
            VALUES (\(Self.marks(12)))
            """)
        insertDeadLetterFailure = try prepare(
            """
            INSERT INTO dead_letter_failures (number, failure, entry)
            SELECT ?, ?, id FROM dead_letters WHERE uuid = ?
            """)
        updateDeadLetter = try prepare(
            """
            UPDATE dead_letters SET resolution = ?, resolved_at = ?, resolved_by = ?, notes = ?, metadata = ?
            WHERE uuid = ?
            """)
        putOutbox = try prepare(
            """
            INSERT OR REPLACE INTO outbox (id, exchange, routing_key, type, correlation_id, message_id, body, is_transient)
            VALUES (\(Self.marks(8)))
            """)
        deleteOutbox = try prepare("DELETE FROM outbox WHERE id = ?")
        putTemplate = try prepare(
            """
            INSERT OR REPLACE INTO templates (namespace, name, version, revision, hash, canonical, registered_at)
            VALUES (\(Self.marks(7)))
            """)
        putRouting = try prepare("INSERT OR REPLACE INTO routing (id, routes) VALUES (1, ?)")

        lastTask = try prepare("SELECT ifnull(max(id), 0) FROM tasks")
        lastData = try prepare("SELECT ifnull(max(id), 0) FROM step_data")
        lastSequence = try prepare("SELECT ifnull(max(sequence), 0) FROM journal")
        replays = try ReplayStatements(database)
    }

    private static func marks(_ count: Int) -> String {
        Array(repeating: "?", count: count).joined(separator: ", ")
    }
}
