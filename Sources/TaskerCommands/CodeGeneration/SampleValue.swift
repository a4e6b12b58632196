import TaskerProtocol

/// Values that fit a schema, for generated handlers and tests.
enum SampleValue {
    static func make(_ given: JSONValue?, root: JSONValue? = nil, depth: Int = 0) -> JSONValue {
        guard let given, depth < 16 else { return [:] }
        let root = root ?? given
        if let pointer = given["$ref"]?.stringValue { return make(follow(pointer, root), root: root, depth: depth + 1) }
        if let stated = given["const"] ?? given["default"] ?? given["examples"]?[0] { return stated }
        if let first = given["enum"]?[0] { return first }
        for key in ["allOf", "anyOf", "oneOf"] {
            if given["type"] == nil, given["properties"] == nil, let first = given[key]?[0] {
                return make(first, root: root, depth: depth + 1)
            }
        }
        let type =
            given["type"]?.stringValue ?? given["type"]?[0]?.stringValue ?? (given["properties"] != nil ? "object" : "")
        switch type {
        case "string":
            return .string(String(repeating: "x", count: Int(given["minLength"]?.integerValue ?? 4).clamped(1, 1000)))
        case "integer":
            let least = given["minimum"]?.integerValue ?? given["exclusiveMinimum"]?.integerValue.map { $0 + 1 }
            return .integer(least ?? given["maximum"]?.integerValue.map { min($0, 1) } ?? 1)
        case "number":
            let least = given["minimum"]?.doubleValue ?? given["exclusiveMinimum"]?.doubleValue.map { $0 + 1 }
            return .double((least ?? given["maximum"]?.doubleValue.map { min($0, 1) } ?? 1) + 0.5)
        case "boolean": return true
        case "array":
            let count = Int(given["minItems"]?.integerValue ?? 1).clamped(1, 100)
            guard let items = given["items"], items["$ref"]?.stringValue != "#" else { return [] }
            return .array(Array(repeating: make(items, root: root, depth: depth + 1), count: count))
        case "object":
            var members: [String: JSONValue] = [:]
            let required = (given["required"]?.arrayValue ?? []).compactMap(\.stringValue)
            let properties = given["properties"]?.objectValue ?? [:]
            for key in required { members[key] = make(properties[key] ?? true, root: root, depth: depth + 1) }
            return .object(members)
        default: return .string("value")
        }
    }

    /// The same value with one thing wrong: a field missing or of another type; nil when nothing can be wrong.
    static func broken(_ model: CodeModel.Model, _ sample: JSONValue) -> JSONValue? {
        guard case .object(var members) = sample else { return nil }
        guard let field = model.fields.first(where: \.isRequired) else { return nil }
        members[field.jsonName] = nil
        return .object(members)
    }

    private static func follow(_ pointer: String, _ root: JSONValue) -> JSONValue {
        var value = root
        for token in pointer.dropFirst(1).split(separator: "/") {
            value = value[String(token.replacing("~1", with: "/").replacing("~0", with: "~"))] ?? true
        }
        return value
    }
}

extension Int {
    fileprivate func clamped(_ low: Int, _ high: Int) -> Int { Swift.min(Swift.max(self, low), high) }
}
