import GRDBSQLite
import TaskerProtocol
import TaskerStore

/// Reads the columns of a row from left to right.
struct RowReader {
    private let handle: OpaquePointer
    private var index: Int32 = -1

    init(_ handle: OpaquePointer) { self.handle = handle }

    mutating func skip(_ columns: Int32) { index += columns }

    mutating func int64() -> Int64 {
        index += 1
        return sqlite3_column_int64(handle, index)
    }

    mutating func int() -> Int { Int(int64()) }
    mutating func bool() -> Bool { int64() != 0 }
    mutating func timestamp() -> Timestamp { Timestamp(milliseconds: int64()) }

    mutating func optionalInt64() -> Int64? {
        index += 1
        return sqlite3_column_type(handle, index) == SQLITE_NULL ? nil : sqlite3_column_int64(handle, index)
    }

    mutating func optionalTimestamp() -> Timestamp? { optionalInt64().map(Timestamp.init(milliseconds:)) }

    mutating func optionalString() -> String? {
        index += 1
        guard let text = sqlite3_column_text(handle, index) else { return nil }
        let count = Int(sqlite3_column_bytes(handle, index))
        return String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
    }

    mutating func string() -> String { optionalString() ?? "" }

    /// nil for NULL.
    mutating func withBlob<Value>(_ body: (UnsafeRawBufferPointer) throws -> Value) rethrows -> Value? {
        index += 1
        guard sqlite3_column_type(handle, index) != SQLITE_NULL else { return nil }
        let start = sqlite3_column_blob(handle, index)
        return try body(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, index))))
    }

    mutating func optionalJSON() -> RawJSON? { withBlob { RawJSON(trusting: [UInt8]($0)) } }
    mutating func json() -> RawJSON { optionalJSON() ?? .null }
    mutating func bytes() -> [UInt8] { withBlob { [UInt8]($0) } ?? [] }

    mutating func optionalUUID() throws -> UUIDValue? {
        try withBlob { bytes in
            guard bytes.count == 16 else { throw StoreError.unreadable("id of \(bytes.count) bytes") }
            return UUIDValue(
                high: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
    }

    mutating func id<Kind>(_ kind: Identifier<Kind>.Type = Identifier<Kind>.self) throws -> Identifier<Kind> {
        Identifier(try required(optionalUUID(), "empty id"))
    }

    mutating func optionalID<Kind>(
        _ kind: Identifier<Kind>.Type = Identifier<Kind>.self
    ) throws -> Identifier<Kind>? {
        try optionalUUID().map { Identifier($0) }
    }
}
