/// One JSON value as the bytes it came in, checked once and passed on untouched.
///
/// Members are sliced out without a tree in between; slices share the message's buffer, so a value that outlives its
/// message should be ``compacted()``. Equality is that of bytes, not of meaning.
public struct RawJSON: Sendable, Hashable {
    /// The text, without white space around it.
    public let bytes: ArraySlice<UInt8>

    /// Checks one JSON text.
    /// - Throws: ``JSONError`` with the byte offset of the first fault.
    public init(validating text: some Collection<UInt8>, limits: JSONLimits = .message) throws(JSONError) {
        try self.init(validating: ArraySlice(text), limits: limits)
    }

    public init(validating text: ArraySlice<UInt8>, limits: JSONLimits = .message) throws(JSONError) {
        let result: Result<Range<Int>, JSONError> = text.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer, limits: limits)
            do throws(JSONError) { return .success(try scanner.document()) } catch { return .failure(error) }
        }
        let range = try result.get()
        bytes = text[text.startIndex + range.lowerBound..<text.startIndex + range.upperBound]
    }

    public init(validating text: String, limits: JSONLimits = .message) throws(JSONError) {
        try self.init(validating: ArraySlice(text.utf8), limits: limits)
    }

    /// Text that the caller knows to be valid JSON: written by ``JSONWriter`` or checked before it was stored.
    public init(trusting bytes: ArraySlice<UInt8>) { self.bytes = bytes }
    public init(trusting bytes: [UInt8]) { self.bytes = bytes[...] }

    public init(_ value: JSONValue) { self.init(trusting: value.canonicalBytes) }

    public static let null = RawJSON(trusting: Array("null".utf8))
    public static let emptyObject = RawJSON(trusting: Array("{}".utf8))
    public static let emptyArray = RawJSON(trusting: Array("[]".utf8))

    /// The same value in a buffer of its own.
    public func compacted() -> RawJSON { RawJSON(trusting: Array(bytes)) }

    public var count: Int { bytes.count }
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    // MARK: - What it is

    private var lead: UInt8 { bytes.first ?? 0 }
    public var isNull: Bool { lead == UInt8(ascii: "n") }
    public var isObject: Bool { lead == UInt8(ascii: "{") }
    public var isArray: Bool { lead == UInt8(ascii: "[") }
    public var isString: Bool { lead == UInt8(ascii: "\"") }

    public var bool: Bool? {
        switch lead {
        case UInt8(ascii: "t"): true
        case UInt8(ascii: "f"): false
        default: nil
        }
    }

    /// The string without quotes and escapes; nil when this is no string.
    public var string: String? {
        guard isString else { return nil }
        return scanning { scanner in
            let content = 1..<scanner.input.count - 1
            return scanner.input[content].contains(UInt8(ascii: "\\"))
                ? scanner.unescape(content) : String(decoding: scanner.input[content], as: UTF8.self)
        }
    }

    /// The integer; nil when this is none, or has a fraction other than zero.
    public var integer: Int64? {
        guard isNumber else { return nil }
        return scanning { scanner in
            let range = 0..<scanner.input.count
            let plain = !scanner.input.contains { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") }
            return plain
                ? scanner.integerValue(range) : scanner.doubleValue(range).flatMap { Int64(exactly: $0) }
        }
    }

    public var double: Double? {
        guard isNumber else { return nil }
        return scanning { $0.doubleValue(0..<$0.input.count) }
    }

    public var isNumber: Bool { lead == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(lead) }

    func scanning<T>(_ body: (inout JSONScanner) throws -> T) rethrows -> T {
        try bytes.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer, limits: JSONLimits(depth: .max))
            return try body(&scanner)
        }
    }

    // MARK: - What is in it

    /// Calls `body` with each member of an object in order; does nothing for other values. Names come unescaped.
    public func forEachMember(_ body: (_ name: String, _ value: RawJSON) -> Void) {
        guard isObject else { return }
        walk { name, value in
            body(name, value)
            return true
        }
    }

    /// The first member of that name, nil when there is none.
    public func member(_ name: String) -> RawJSON? {
        guard isObject else { return nil }
        var found: RawJSON?
        walk { candidate, value in
            // By bytes: to `==` a composed and a decomposed letter are the same.
            if candidate.utf8.elementsEqual(name.utf8) { found = value }
            return found == nil
        }
        return found
    }

    /// The items of an array; nil for other values.
    public var items: [RawJSON]? {
        guard isArray else { return nil }
        return scanning { scanner in
            var items: [RawJSON] = []
            scanner.position = 1
            while true {
                scanner.skipWhitespace()
                guard scanner.position < scanner.input.count, scanner.input[scanner.position] != UInt8(ascii: "]")
                else { return items }
                let start = scanner.position
                guard (try? scanner.skipValue(depth: 0)) != nil else { return items }
                items.append(slice(start..<scanner.position))
                scanner.skipWhitespace()
                if scanner.position < scanner.input.count, scanner.input[scanner.position] == UInt8(ascii: ",") {
                    scanner.position += 1
                }
            }
        }
    }

    private func walk(_ body: (String, RawJSON) -> Bool) {
        scanning { scanner in
            scanner.position = 1
            while true {
                scanner.skipWhitespace()
                guard scanner.position < scanner.input.count, scanner.input[scanner.position] == UInt8(ascii: "\"")
                else { return }
                let nameStart = scanner.position + 1
                guard let escaped = try? scanner.skipString() else { return }
                let content = nameStart..<scanner.position - 1
                let name =
                    escaped ? scanner.unescape(content) : String(decoding: scanner.input[content], as: UTF8.self)
                scanner.skipWhitespace()
                scanner.position += 1  // the colon
                scanner.skipWhitespace()
                let start = scanner.position
                guard (try? scanner.skipValue(depth: 0)) != nil else { return }
                guard body(name, slice(start..<scanner.position)) else { return }
                scanner.skipWhitespace()
                if scanner.position < scanner.input.count, scanner.input[scanner.position] == UInt8(ascii: ",") {
                    scanner.position += 1
                }
            }
        }
    }

    private func slice(_ range: Range<Int>) -> RawJSON {
        RawJSON(trusting: bytes[bytes.startIndex + range.lowerBound..<bytes.startIndex + range.upperBound])
    }

    // MARK: - As a tree

    /// The value as a tree. Costs an allocation per value in it: not for the path of a message.
    public var value: JSONValue {
        switch lead {
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "t"): return true
        case UInt8(ascii: "f"): return false
        case UInt8(ascii: "\""): return .string(string ?? "")
        case UInt8(ascii: "["): return .array((items ?? []).map(\.value))
        case UInt8(ascii: "{"):
            var members: [String: JSONValue] = [:]
            forEachMember { name, value in if members[name] == nil { members[name] = value.value } }
            return .object(members)
        default:
            let plain = !bytes.contains { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") }
            if plain, let integer { return .integer(integer) }
            return .double(double ?? 0)
        }
    }
}

extension JSONValue {
    /// Reads JSON text.
    /// - Throws: ``JSONError``.
    public init(parsing text: String, limits: JSONLimits = .message) throws(JSONError) {
        self = try RawJSON(validating: text, limits: limits).value
    }
}
