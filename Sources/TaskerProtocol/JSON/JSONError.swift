/// Why bytes are no acceptable JSON. `offset` counts bytes from the start of the text.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        case empty, byteOrderMark, unexpectedByte, truncated, trailingBytes, tooDeep, tooManyItems, stringTooLong
        case badNumber, numberOutOfRange, badEscape, loneSurrogate, nullCharacter, controlCharacter, badUTF8
        case duplicateMember
    }

    public var code: Code
    public var offset: Int

    public init(_ code: Code, at offset: Int) {
        self.code = code
        self.offset = offset
    }

    public var description: String {
        let what =
            switch code {
            case .empty: "there is no JSON value"
            case .byteOrderMark: "the text starts with a byte order mark, which RFC 8259 forbids"
            case .unexpectedByte: "an unexpected character"
            case .truncated: "the text ends in the middle of a value"
            case .trailingBytes: "there is text after the value"
            case .tooDeep: "arrays and objects are nested too deep"
            case .tooManyItems: "an array or object has too many items"
            case .stringTooLong: "a string is too long"
            case .badNumber: "a malformed number"
            case .numberOutOfRange: "a number outside the 64-bit integer or double range"
            case .badEscape: "an unknown escape in a string"
            case .loneSurrogate: "an escape for half a surrogate pair"
            case .nullCharacter: "the character U+0000"
            case .controlCharacter: "an unescaped control character in a string"
            case .badUTF8: "bytes that are not UTF-8"
            case .duplicateMember: "an object has the same member twice"
            }
        return "\(what) (at byte \(offset))"
    }
}

/// Bounds on accepted text, so that hostile input costs bounded work and memory.
public struct JSONLimits: Sendable, Hashable {
    /// Nesting of arrays and objects.
    public var depth: Int
    /// Items of one array, members of one object.
    public var itemsPerContainer: Int
    /// Bytes of one string as sent.
    public var stringBytes: Int
    /// Refuse an object that has the same member twice (costs a set per object).
    public var rejectsDuplicateMembers: Bool

    public init(
        depth: Int = 64, itemsPerContainer: Int = .max, stringBytes: Int = .max, rejectsDuplicateMembers: Bool = false
    ) {
        self.depth = depth
        self.itemsPerContainer = itemsPerContainer
        self.stringBytes = stringBytes
        self.rejectsDuplicateMembers = rejectsDuplicateMembers
    }

    /// What a worker or a program reads: a legal result of 64 levels comes to it inside a message that wraps it.
    public static let message = JSONLimits(depth: 70)
    /// What the orchestrator takes from others: depth 64; sizes are bounded by the message limit.
    public static let received = JSONLimits(depth: 64)
    /// HTTP request bodies (REST contract, section 1.3).
    public static let request = JSONLimits(
        depth: 64, itemsPerContainer: 10_000, stringBytes: 262_144, rejectsDuplicateMembers: true)
}
