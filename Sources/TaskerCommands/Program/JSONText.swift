import TaskerProtocol

/// JSON for people: members in order, indented.
public enum JSONText {
    /// - Throws: ``JSONError``.
    public static func parse(_ text: String) throws -> JSONValue { try parse(Array(text.utf8)) }

    public static func parse(_ bytes: [UInt8]) throws -> JSONValue {
        try RawJSON(validating: bytes, limits: .message).value
    }

    /// Two spaces a level, members sorted, no newline at the end.
    public static func indented(_ value: JSONValue, level: Int = 0) -> String {
        let pad = String(repeating: "  ", count: level + 1)
        let end = String(repeating: "  ", count: level)
        switch value {
        case .array(let items) where !items.isEmpty:
            return "[\n" + items.map { pad + indented($0, level: level + 1) }.joined(separator: ",\n") + "\n\(end)]"
        case .object(let members) where !members.isEmpty:
            let lines = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { key, value in
                pad + JSONValue.string(key).canonicalText + ": " + indented(value, level: level + 1)
            }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(end)}"
        default: return value.canonicalText
        }
    }
}
