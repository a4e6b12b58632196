import GRDB
import TaskerEngine
import TaskerProtocol
import TaskerStore

/// The embedded store: one file, one orchestrator, no service to run.
///
/// SQLite in WAL mode. One connection writes, on a queue of its own; others read, each read seeing one moment. A commit
/// returns when its batch is on the disk (see ``Durability``). A second process that opens the file is refused.
public final class SQLiteStore: Store {
    public let path: String
    let pool: DatabasePool
    private let writing: WritingSide

    /// Opens the database, creating it if need be, and brings its tables up to date. Blocks for as long as that takes.
    ///
    /// - Parameter path: of the database file. Its directory must exist; files beside it get the suffixes `-wal`,
    ///   `-shm` and `.lock`.
    /// - Throws: ``StoreError`` `locked` when another orchestrator uses it, `unavailable`, `corrupt`, `tooNew`, `full`.
    public init(path: String, settings: SQLiteSettings = SQLiteSettings()) throws {
        self.path = path
        let lock = try FileLock(database: path)
        do {
            pool = try DatabasePool(path: path, configuration: Self.configuration(settings, path: path))
            try Schema.migrator.migrate(pool)
            let writer = try pool.writeWithoutTransaction { database in
                try Self.prepareWriting(database, settings)
                return try CommitWriter(database)
            }
            writing = WritingSide(writer, lock)
        } catch {
            throw StoreError.translating(error, path: path)
        }
    }

    public func acquire(partition: Int, owner: String, at now: Timestamp) async throws -> OwnershipEpoch {
        try await write { try $0.acquire(partition: partition, owner: owner, at: now) }
    }

    public func commit(_ batch: CommitBatch, epoch: OwnershipEpoch) async throws {
        try await write { try $0.commit(batch, epoch: epoch) }
    }

    public func checkWritable() async throws {
        try await write { try $0.checkWritable() }
    }

    public func close() async {
        await withCheckedContinuation { continuation in
            pool.asyncWriteWithoutTransaction { [writing] _ in
                // Open statements would keep the connection open.
                writing.writer = nil
                continuation.resume()
            }
        }
        try? pool.close()
        writing.unlock()
    }

    // MARK: - Queues

    /// Runs `body` on the writing connection. Not cancelled with the calling task: a commit happens, or fails.
    func write<Value: Sendable>(_ body: @escaping @Sendable (CommitWriter) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            pool.asyncWriteWithoutTransaction { [writing, path] _ in
                continuation.resume(
                    with: Result {
                        guard let writer = writing.writer else { throw StoreError.closed }
                        return try body(writer)
                    }.mapError { StoreError.translating($0, path: path) })
            }
        }
    }

    /// Runs `body` on a reading connection, in one read transaction.
    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            pool.asyncRead { [path] database in
                continuation.resume(
                    with: Result { try body(database.get()) }.mapError { StoreError.translating($0, path: path) })
            }
        }
    }
}
