import GRDBSQLite
import TaskerProtocol

/// Sets the parameters of a statement from left to right.
struct Binder {
    private let handle: OpaquePointer
    private var index: Int32 = 0
    /// SQLITE_TRANSIENT, a macro with a cast: SQLite copies the bytes.
    private static let copies = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    init(_ handle: OpaquePointer) { self.handle = handle }

    mutating func add(_ value: Int64) {
        index += 1
        sqlite3_bind_int64(handle, index, value)
    }

    mutating func add(_ value: Int) { add(Int64(value)) }
    mutating func add(_ value: Bool) { add(value ? Int64(1) : 0) }
    mutating func add(_ value: Timestamp) { add(value.milliseconds) }
    mutating func add(_ value: Int64?) { if let value { add(value) } else { addNull() } }
    mutating func add(_ value: Timestamp?) { add(value?.milliseconds) }

    mutating func addNull() {
        index += 1
        sqlite3_bind_null(handle, index)
    }

    mutating func add(_ value: String) {
        index += 1
        var copy = value
        copy.withUTF8 { bytes in
            let start = bytes.baseAddress.map(UnsafeRawPointer.init) ?? Self.empty
            sqlite3_bind_text(
                handle, index, start.assumingMemoryBound(to: CChar.self), Int32(bytes.count), Self.copies)
        }
    }

    mutating func add(_ value: String?) { if let value { add(value) } else { addNull() } }

    mutating func add(_ value: UUIDValue) {
        index += 1
        withUnsafeBytes(of: (value.high.bigEndian, value.low.bigEndian)) {
            _ = sqlite3_bind_blob(handle, index, $0.baseAddress, 16, Self.copies)
        }
    }

    mutating func add<Kind>(_ value: Identifier<Kind>) { add(value.uuid) }
    mutating func add<Kind>(_ value: Identifier<Kind>?) { if let value { add(value.uuid) } else { addNull() } }

    mutating func add(blob bytes: some ContiguousBytesCollection) {
        index += 1
        bytes.withContiguousBytes {
            _ = sqlite3_bind_blob64(
                handle, index, $0.baseAddress ?? Self.empty, UInt64($0.count), Self.copies)
        }
    }

    mutating func add(_ value: RawJSON) { add(blob: value.bytes) }
    mutating func add(_ value: RawJSON?) { if let value { add(blob: value.bytes) } else { addNull() } }

    /// Somewhere to point to: a nil address would bind NULL.
    private static var empty: UnsafeRawPointer { UnsafeRawPointer(("" as StaticString).utf8Start) }
}

/// Byte arrays and slices: their bytes lie side by side.
protocol ContiguousBytesCollection {
    func withContiguousBytes<Value>(_ body: (UnsafeRawBufferPointer) throws -> Value) rethrows -> Value
}

extension [UInt8]: ContiguousBytesCollection {
    func withContiguousBytes<Value>(_ body: (UnsafeRawBufferPointer) throws -> Value) rethrows -> Value {
        try withUnsafeBytes(body)
    }
}

extension ArraySlice<UInt8>: ContiguousBytesCollection {
    func withContiguousBytes<Value>(_ body: (UnsafeRawBufferPointer) throws -> Value) rethrows -> Value {
        try withUnsafeBytes(body)
    }
}
