#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif
import GRDB
import GRDBSQLite
import TaskerStore

/// What SQLite said, before it becomes a ``StoreError``.
struct SQLiteFailure: Error {
    /// An extended result code.
    var code: Int32
    var systemError: Int32 = 0
    var message: String

    init(_ connection: OpaquePointer?) {
        code = sqlite3_extended_errcode(connection)
        systemError = sqlite3_system_errno(connection)
        message = String(cString: sqlite3_errmsg(connection))
    }

    init(_ error: DatabaseError) {
        code = error.extendedResultCode.rawValue
        message = error.message ?? "no details"
    }

    var isConstraint: Bool { code & 0xFF == SQLITE_CONSTRAINT }

    func storeError(path: String) -> StoreError {
        let detail = "SQLite: \(message), code \(code)"
        switch code & 0xFF {
        case SQLITE_FULL: return .diskFull(path, detail)
        case SQLITE_IOERR:
            if systemError == ENOSPC || systemError == EDQUOT { return .diskFull(path, detail) }
            return StoreError(
                .unavailable, "The database \(path) cannot be read or written (\(detail))",
                remedy: "Check the disk and the permissions of the file and its directory.")
        case SQLITE_CANTOPEN:
            return StoreError(
                .unavailable, "The database \(path) cannot be opened (\(detail))",
                remedy: "Check that its directory exists and that this user may write there.")
        case SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH:
            return StoreError(
                .unavailable, "The database \(path) may not be written (\(detail))",
                remedy: "Give this user permission to write the file and its directory.")
        case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_FORMAT:
            return StoreError(
                .corrupt, "The file \(path) is no usable SQLite database (\(detail))",
                remedy: "Restore it from a backup, or name another file.")
        case SQLITE_BUSY, SQLITE_LOCKED:
            return StoreError(
                .locked, "Another program holds a lock on the database \(path) (\(detail))",
                remedy: "End the program that has it open, then try again.")
        case SQLITE_MISUSE:
            return StoreError(.unavailable, "The store \(path) is closed", remedy: "Open it again.")
        case SQLITE_TOOBIG:
            return StoreError(
                .unexpected, "A value is too large for the database \(path) (\(detail))",
                remedy: "Keep payloads small and pass references to large data.")
        default:
            return StoreError(.unexpected, "The database \(path) refused an operation (\(detail))")
        }
    }
}

extension StoreError {
    static func diskFull(_ path: String, _ detail: String) -> StoreError {
        StoreError(
            .full, "No space is left for the database \(path) (\(detail))",
            remedy: "Nothing of the last batch was written. Free space on its disk; work goes on by itself then.")
    }

    /// Any error as one that tells what to do.
    static func translating(_ error: any Error, path: String) -> any Error {
        switch error {
        case let error as SQLiteFailure: error.storeError(path: path)
        case let error as DatabaseError: SQLiteFailure(error).storeError(path: path)
        default: error
        }
    }
}

extension StoreError {
    static func unreadable(_ what: String) -> StoreError {
        StoreError(
            .corrupt, "The database holds an unknown \(what)",
            remedy: "Restore it from a backup, or use the program version that wrote it.")
    }
}

/// A value that the database must hold.
/// - Throws: ``StoreError`` `corrupt`.
func required<Value>(_ value: Value?, _ what: @autoclosure () -> String) throws -> Value {
    guard let value else { throw StoreError.unreadable(what()) }
    return value
}
