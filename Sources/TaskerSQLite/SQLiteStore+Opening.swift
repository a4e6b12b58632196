import GRDB
import TaskerProtocol
import TaskerStore

extension SQLiteStore {
    static func configuration(_ settings: SQLiteSettings, path: String) -> Configuration {
        var configuration = Configuration()
        configuration.label = "TaskerSQLite"
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(Double(settings.busyTimeout.wholeMilliseconds) / 1000)
        configuration.maximumReaderCount = max(1, settings.readers)
        configuration.prepareDatabase { database in
            // The writing connection looks first, before anything is changed.
            if !database.configuration.readonly { try check(database, path: path) }
        }
        return configuration
    }

    /// Refuses files that this program must not touch.
    private static func check(_ database: Database, path: String) throws {
        let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") ?? 0
        guard tables > 0 else { return }
        guard try Int.fetchOne(database, sql: "PRAGMA application_id") == Schema.applicationID else {
            throw StoreError(
                .corrupt, "The database \(path) belongs to another program",
                remedy: "Name another file; a new one is created if it does not exist.")
        }
        if try Schema.migrator.hasBeenSuperseded(database) {
            throw StoreError(
                .tooNew, "The database \(path) was written by a newer version of this program",
                remedy: "Use that version, or a database of its own for this one.")
        }
    }

    static func prepareWriting(_ database: Database, _ settings: SQLiteSettings) throws {
        // After GRDB has set up WAL mode, which sets NORMAL.
        try database.execute(
            sql: """
                PRAGMA synchronous = \(settings.durability == .full ? "FULL" : "NORMAL");
                PRAGMA wal_autocheckpoint = \(max(1, settings.checkpointPages));
                PRAGMA journal_size_limit = \(64 << 20);
                PRAGMA cache_size = -\(max(1, settings.writerCacheKibibytes));
                """)
    }
}
