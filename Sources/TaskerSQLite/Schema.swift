import GRDB

/// The tables. Times are milliseconds since 1970, ids are 16 bytes, states are the numbers of `StateCodes.swift`.
///
/// What keeps a step cheap, however many have finished:
/// * A step's row id is `task << 20 | place`: a task's steps lie side by side, and no second index finds them.
/// * Rows that change often are small. Payloads go to `step_data`, which only grows at its end, so a result does not
///   push other rows from page to page; later changes of the step do not write it again.
/// * Indexes on steps are partial: finished steps are in none.
///
/// Foreign keys are neither declared nor checked: one writer puts whole tasks in, and the checks would cost a search per
/// row.
enum Schema {
    /// "Task" in ASCII: marks the file as ours.
    static let applicationID = 0x5461_736B

    /// Bits of a step's row id that hold its place: up to a million steps per task.
    static let placeBits: Int64 = 20

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator().disablingDeferredForeignKeyChecks()
        migrator.registerMigration("0001-initial") {
            try $0.execute(sql: "PRAGMA application_id = \(applicationID)")
            try $0.execute(sql: initial)
        }
        migrator.registerMigration("0002-events") { try $0.execute(sql: events) }
        migrator.registerMigration("0003-dead-letter-failures") { try $0.execute(sql: deadLetterFailures) }
        migrator.registerMigration("0004-replays") { try $0.execute(sql: replays) }
        return migrator
    }

    /// `event`: number of a row's first event in the stream; NULL for a row without events, and for rows from before
    /// there was a stream. Rows of `task` 0 are notices.
    private static let events = """
        ALTER TABLE journal ADD COLUMN event INTEGER;
        CREATE INDEX journal_by_event ON journal (event) WHERE event > 0;
        """

    /// A row for each failure: one task may collect thousands, and each is written once.
    private static let deadLetterFailures = """
        CREATE TABLE dead_letter_failures (
            entry INTEGER NOT NULL, number INTEGER NOT NULL, failure BLOB NOT NULL, PRIMARY KEY (entry, number)
        ) WITHOUT ROWID;
        INSERT INTO dead_letter_failures (entry, number, failure)
            SELECT l.id, f.key, CAST(f.value AS BLOB) FROM dead_letters l, json_each(CAST(l.failures AS TEXT)) f;
        ALTER TABLE dead_letters DROP COLUMN failures;
        """

    /// What the API remembers of its callers. A claim without an answer has no status. `size` is that of the body, which
    /// lies last, so that counting does not read it.
    private static let replays = """
        CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE replays (
            id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, request_hash TEXT NOT NULL, claimed_at INTEGER NOT NULL,
            size INTEGER NOT NULL, status INTEGER, headers BLOB, body BLOB
        );
        CREATE INDEX replays_by_time ON replays (claimed_at, id, size);
        """

    private static let initial = """
        CREATE TABLE owners (
            partition INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, owner TEXT NOT NULL, acquired_at INTEGER NOT NULL
        );

        CREATE TABLE plans (
            id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, namespace TEXT NOT NULL, name TEXT NOT NULL,
            version TEXT NOT NULL, canonical BLOB NOT NULL, has_lifecycle INTEGER NOT NULL
        );
        CREATE INDEX plans_by_name ON plans (namespace, name, version);
        CREATE TABLE plan_steps (
            plan INTEGER NOT NULL, place INTEGER NOT NULL, callable TEXT NOT NULL, PRIMARY KEY (plan, place)
        ) WITHOUT ROWID;

        CREATE TABLE tasks (
            id INTEGER PRIMARY KEY, uuid BLOB NOT NULL UNIQUE, plan INTEGER NOT NULL, state INTEGER NOT NULL,
            revision INTEGER NOT NULL, updated_at INTEGER NOT NULL, completed_at INTEGER, step_counts BLOB NOT NULL,
            held_steps INTEGER NOT NULL, created_at INTEGER NOT NULL, requested_at INTEGER NOT NULL,
            priority INTEGER NOT NULL, partition INTEGER NOT NULL, correlation_id BLOB NOT NULL,
            initiator TEXT NOT NULL, source_system TEXT NOT NULL
        );
        CREATE INDEX tasks_by_creation ON tasks (created_at);
        CREATE INDEX tasks_by_plan ON tasks (plan, created_at);
        CREATE INDEX tasks_by_priority ON tasks (priority, created_at);
        CREATE INDEX tasks_by_correlation ON tasks (correlation_id);
        CREATE INDEX tasks_unfinished ON tasks (state, created_at) WHERE state < 10;
        CREATE INDEX tasks_unfinished_by_plan ON tasks (plan) WHERE state < 10;
        CREATE INDEX tasks_finished ON tasks (state, created_at) WHERE state >= 10;
        CREATE INDEX tasks_finished_by_update ON tasks (updated_at) WHERE state >= 10;
        CREATE TABLE task_details (
            task INTEGER PRIMARY KEY, context BLOB NOT NULL, options BLOB, reason TEXT NOT NULL, tags BLOB,
            parent_correlation_id BLOB, environment TEXT NOT NULL, trace_parent TEXT, trace_state TEXT
        );
        CREATE TABLE task_tags (
            tag TEXT NOT NULL, task INTEGER NOT NULL, PRIMARY KEY (tag, task)
        ) WITHOUT ROWID;
        CREATE TABLE identities (
            namespace TEXT NOT NULL, name TEXT NOT NULL, key TEXT NOT NULL, task INTEGER NOT NULL,
            request_hash TEXT NOT NULL, PRIMARY KEY (namespace, name, key)
        ) WITHOUT ROWID;

        CREATE TABLE steps (
            id INTEGER PRIMARY KEY, uuid BLOB NOT NULL, name TEXT NOT NULL, created_at INTEGER NOT NULL,
            node INTEGER NOT NULL, batch_item BLOB, creators BLOB,
            state INTEGER NOT NULL, open INTEGER NOT NULL, updated_at INTEGER NOT NULL, attempts INTEGER NOT NULL,
            total_attempts INTEGER NOT NULL, worker_losses INTEGER NOT NULL,
            dispatch_id BLOB, dispatch_queue TEXT, dispatch_created_at INTEGER, dispatch_publication INTEGER,
            dispatch_sequence INTEGER, dispatch_begun_at INTEGER, dispatch_started_at INTEGER,
            dispatch_worker_id TEXT, dispatch_worker_language TEXT, dispatch_flags INTEGER,
            past_dispatches BLOB, retry_at INTEGER, resend_at INTEGER, handler_not_found_since INTEGER,
            handler_not_found_count INTEGER, hold INTEGER, execution_ms INTEGER, worker_id TEXT,
            worker_language TEXT, completed_at INTEGER, last_attempted_at INTEGER, last_failure_at INTEGER,
            data INTEGER
        );
        CREATE INDEX steps_open ON steps (open) WHERE open = 1;
        CREATE TABLE step_data (
            id INTEGER PRIMARY KEY, envelope BLOB, last_error BLOB, checkpoint BLOB
        );

        CREATE TABLE journal (
            sequence INTEGER PRIMARY KEY, task INTEGER NOT NULL, at INTEGER NOT NULL, entries BLOB NOT NULL
        );
        CREATE INDEX journal_by_task ON journal (task);

        CREATE TABLE dead_letters (
            id INTEGER PRIMARY KEY, uuid BLOB NOT NULL UNIQUE, task INTEGER NOT NULL, reason TEXT NOT NULL,
            original_state TEXT NOT NULL, created_at INTEGER NOT NULL, failures BLOB NOT NULL,
            resolution TEXT NOT NULL, resolved_at INTEGER, resolved_by TEXT, notes TEXT, metadata BLOB,
            threshold_minutes INTEGER, minutes_in_state INTEGER NOT NULL
        );
        CREATE INDEX dead_letters_by_task ON dead_letters (task);
        CREATE INDEX dead_letters_by_creation ON dead_letters (created_at);
        CREATE INDEX dead_letters_by_resolution ON dead_letters (resolution, created_at);

        CREATE TABLE outbox (
            id INTEGER PRIMARY KEY, exchange TEXT NOT NULL, routing_key TEXT NOT NULL, type TEXT NOT NULL,
            correlation_id TEXT, message_id TEXT, body BLOB NOT NULL, is_transient INTEGER NOT NULL
        );

        CREATE TABLE templates (
            namespace TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, revision INTEGER NOT NULL,
            hash TEXT NOT NULL, canonical BLOB NOT NULL, registered_at INTEGER NOT NULL,
            PRIMARY KEY (namespace, name, version, revision)
        );

        CREATE TABLE routing (id INTEGER PRIMARY KEY CHECK (id = 1), routes BLOB NOT NULL);
        """
}
