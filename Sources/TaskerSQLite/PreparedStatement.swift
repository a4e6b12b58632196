import GRDB
import GRDBSQLite

/// A prepared statement, bound and read without boxes in between: GRDB owns it, SQLite's own functions feed it. (GRDB's
/// `StatementArguments` cost more per row than SQLite itself.)
///
/// Only to be used on the queue of its connection.
struct PreparedStatement {
    private let statement: Statement
    let handle: OpaquePointer

    init(_ database: Database, _ sql: String) throws {
        statement = try database.makeStatement(sql: sql)
        handle = statement.sqliteStatement
    }

    /// The connection's own copy, kept by GRDB.
    init(cachedBy database: Database, _ sql: String) throws {
        statement = try database.cachedStatement(sql: sql)
        handle = statement.sqliteStatement
    }

    /// Runs it to its end.
    /// - Parameter bind: sets every parameter, in order.
    func run(_ bind: (inout Binder) -> Void) throws {
        var binder = Binder(handle)
        bind(&binder)
        // The result code of reset repeats that of the last step.
        defer { sqlite3_reset(handle) }
        guard sqlite3_step(handle) == SQLITE_DONE else { throw SQLiteFailure(sqlite3_db_handle(handle)) }
    }

    func run() throws { try run { _ in } }

    /// The first row.
    func first<Value>(_ bind: (inout Binder) -> Void, _ read: (inout RowReader) throws -> Value) throws -> Value? {
        var binder = Binder(handle)
        bind(&binder)
        defer { sqlite3_reset(handle) }
        switch sqlite3_step(handle) {
        case SQLITE_ROW:
            var row = RowReader(handle)
            return try read(&row)
        case SQLITE_DONE: return nil
        default: throw SQLiteFailure(sqlite3_db_handle(handle))
        }
    }

    /// - Parameter body: gets each row; returns false to stop.
    func forEach(_ bind: (inout Binder) -> Void, _ body: (inout RowReader) throws -> Bool) throws {
        var binder = Binder(handle)
        bind(&binder)
        defer { sqlite3_reset(handle) }
        while true {
            switch sqlite3_step(handle) {
            case SQLITE_ROW:
                var row = RowReader(handle)
                if try !body(&row) { return }
            case SQLITE_DONE: return
            default: throw SQLiteFailure(sqlite3_db_handle(handle))
            }
        }
    }

    func all<Value>(_ bind: (inout Binder) -> Void, _ read: (inout RowReader) throws -> Value) throws -> [Value] {
        var values: [Value] = []
        try forEach(bind) { row in
            values.append(try read(&row))
            return true
        }
        return values
    }

    /// Rows that the last run changed.
    var changes: Int32 { sqlite3_changes(sqlite3_db_handle(handle)) }
}
