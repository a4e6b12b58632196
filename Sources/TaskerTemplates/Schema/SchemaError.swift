/// Why a schema cannot be used.
public struct SchemaError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        /// It does not compile.
        case invalid
        /// It refers to another document, which is never fetched.
        case remoteReference
        /// Its root is neither a map nor a boolean.
        case notObject
    }

    public var kind: Kind
    /// Where in the schema, as the tokens of a JSON pointer.
    public var tokens: [String]
    public var message: String
    public var hint: String?

    public init(_ kind: Kind, at tokens: [String], _ message: String, hint: String? = nil) {
        self.kind = kind
        self.tokens = tokens
        self.message = message
        self.hint = hint
    }

    /// Where in the schema, as a JSON pointer.
    public var pointer: String { JSONPointer.text(tokens) }

    public var description: String { pointer.isEmpty ? message : "\(pointer): \(message)" }
}
