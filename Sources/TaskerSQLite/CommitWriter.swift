import GRDB
import GRDBSQLite
import TaskerEngine
import TaskerProtocol
import TaskerStore

/// The writing side: turns batches into rows. Belongs to the writing connection and is only used on its queue.
final class CommitWriter {
    /// What it knows of a task without asking.
    struct KnownTask {
        var row: Int64
        /// As written.
        var state: Int64
    }

    let sql: WriterStatements
    private let connection: OpaquePointer?

    // Caches and counters speak of what is committed; after a failure they are read anew.
    var plans: [String: Int64] = [:]
    var tasks: [TaskID: KnownTask] = [:]
    var counters: Counters?
    /// Number of the next event of the batch at hand.
    var nextEvent: Int64?

    struct Counters {
        var task: Int64
        var data: Int64
        var sequence: Int64
    }

    /// Bounds the memory of the cache; about 5 MB.
    private static let knownTasksLimit = 65_536

    init(_ database: Database) throws {
        sql = try WriterStatements(database)
        connection = database.sqliteConnection
    }

    func acquire(partition: Int, owner: String, at now: Timestamp) throws -> OwnershipEpoch {
        try transaction {
            let last = try sql.owner.first({ $0.add(partition) }, { $0.int64() }) ?? 0
            try sql.setOwner.run {
                $0.add(partition)
                $0.add(last + 1)
                $0.add(owner)
                $0.add(now)
            }
            return OwnershipEpoch(partition: partition, value: last + 1)
        }
    }

    func commit(_ batch: CommitBatch, epoch: OwnershipEpoch) throws {
        if tasks.count > Self.knownTasksLimit { tasks.removeAll(keepingCapacity: true) }
        try transaction {
            let owner = try sql.owner.first({ $0.add(epoch.partition) }, { ($0.int64(), $0.string()) })
            guard let owner, owner.0 == epoch.value else {
                throw StoreError.fenced(partition: epoch.partition, by: owner?.1)
            }
            nextEvent = batch.firstEvent
            for change in batch.tasks { try write(change, at: batch.at) }
            if !batch.notices.isEmpty { try write(batch.notices, task: 0, at: batch.at) }
            for message in batch.outbox { try write(message) }
            for id in batch.outboxDone { try sql.deleteOutbox.run { $0.add(id) } }
            for template in batch.templates { try write(template) }
            if let routing = batch.routing { try sql.putRouting.run { $0.add(routing.json) } }
        }
        for change in batch.tasks where change.task.state.isTerminal { tasks[change.task.id] = nil }
    }

    func checkWritable() throws {
        try sql.begin.run()
        try sql.rollback.run()
    }

    func transaction<Value>(_ body: () throws -> Value) throws -> Value {
        try sql.begin.run()
        do {
            let value = try body()
            try sql.commit.run()
            return value
        } catch {
            plans = [:]
            tasks = [:]
            counters = nil
            // Some failures have rolled back already.
            if sqlite3_get_autocommit(connection) == 0 { try? sql.rollback.run() }
            throw error
        }
    }

    // MARK: - Small rows

    private func write(_ message: OutboxMessage) throws {
        try sql.putOutbox.run {
            $0.add(message.id)
            $0.add(message.exchange)
            $0.add(message.routingKey)
            $0.add(message.type)
            $0.add(message.correlationID)
            $0.add(message.messageID)
            $0.add(message.body)
            $0.add(message.isTransient)
        }
    }

    private func write(_ template: TemplateRevision) throws {
        try sql.putTemplate.run {
            $0.add(template.namespace)
            $0.add(template.name)
            $0.add(template.version)
            $0.add(template.revision)
            $0.add(template.hash)
            $0.add(template.canonical)
            $0.add(template.registeredAt)
        }
    }
}
