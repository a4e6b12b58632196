import TaskerProtocol

/// YAML for output and for scalars of generated files.
public enum YAMLText {
    /// Block style, members sorted; reads back to the same value.
    public static func text(_ value: JSONValue) -> String { lines(value).joined(separator: "\n") + "\n" }

    private static func lines(_ value: JSONValue) -> [String] {
        switch value {
        case .object(let members) where !members.isEmpty:
            return members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.flatMap { key, value in
                nested(value, after: scalar(key) + ":", indent: "  ")
            }
        case .array(let items) where !items.isEmpty:
            return items.flatMap { item in
                let inner = lines(item)
                return ["- " + (inner.first ?? "")] + inner.dropFirst().map { "  " + $0 }
            }
        case .string(let text): return [scalar(text)]
        default: return [value.canonicalText]
        }
    }

    private static func nested(_ value: JSONValue, after key: String, indent: String) -> [String] {
        switch value {
        case .object(let members) where !members.isEmpty: [key] + lines(value).map { indent + $0 }
        case .array(let items) where !items.isEmpty: [key] + lines(value).map { indent + $0 }
        default: [key + " " + (lines(value).first ?? "")]
        }
    }

    /// A string as one scalar; plain only where every YAML version reads it as that string.
    public static func scalar(_ text: String) -> String {
        let first = text.unicodeScalars.first.map { $0.properties.isAlphabetic && $0.isASCII || $0 == "_" } ?? false
        let plain = text.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || "_-./".unicodeScalars.contains($0))
        }
        let reserved = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
        // JSON strings are double-quoted YAML scalars.
        return first && plain && !reserved ? text : JSONValue.string(text).canonicalText
    }
}
