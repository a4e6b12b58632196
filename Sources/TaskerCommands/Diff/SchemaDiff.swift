import TaskerProtocol

/// What two JSON Schemas mean for code that was written against the first.
enum SchemaDiff {
    struct Difference: Hashable {
        var effect: TemplateChange.Effect
        /// JSON pointer of the value, not of the schema.
        var path: String
        var message: String
        var consequence: String
    }

    static func compare(_ old: JSONValue?, _ new: JSONValue?) -> [Difference] {
        switch (old, new) {
        case (nil, let new?):
            guard required(new).isEmpty else {
                return [
                    Difference(
                        effect: .breaking, path: "",
                        message: "a schema is added that requires \(required(new).sorted().joined(separator: ", "))",
                        consequence: "values without them are refused")
                ]
            }
            return [
                Difference(
                    effect: .behaviour, path: "", message: "a schema is added",
                    consequence: "values are checked from now on")
            ]
        case (_?, nil):
            return [
                Difference(
                    effect: .behaviour, path: "", message: "the schema is removed",
                    consequence: "values are no longer checked")
            ]
        case (let old?, let new?):
            var walk = SchemaWalk(before: old, after: new)
            walk.compare(old, new, "", depth: 0)
            return walk.found
        case (nil, nil): return []
        }
    }

    static func required(_ schema: JSONValue) -> Set<String> {
        Set((schema["required"]?.arrayValue ?? []).compactMap(\.stringValue))
    }
}

/// One comparison of two schemas, with references followed.
private struct SchemaWalk {
    typealias Difference = SchemaDiff.Difference

    private let oldRoot: JSONValue
    private let newRoot: JSONValue
    private(set) var found: [Difference] = []
    /// Pairs of references under way or done: a schema may contain itself. Each is told of at its first place.
    private var seen: Set<[String]> = []
    /// Otherwise the same words may mean something else.
    private let haveSameDefinitions: Bool

    init(before: JSONValue, after: JSONValue) {
        oldRoot = before
        newRoot = after
        haveSameDefinitions = ["$defs", "definitions"].allSatisfy { before[$0] == after[$0] }
    }

    mutating func compare(_ old: JSONValue, _ new: JSONValue, _ path: String, depth: Int) {
        guard depth < 32, old != new || !haveSameDefinitions else { return }
        let references = [old["$ref"]?.stringValue ?? "", new["$ref"]?.stringValue ?? ""]
        guard references == ["", ""] else {
            guard seen.insert(references).inserted else { return }
            return compare(followed(old, in: oldRoot), followed(new, in: newRoot), path, depth: depth + 1)
        }
        var differences: [Difference] = []
        func add(_ effect: TemplateChange.Effect, _ message: String, _ consequence: String, at place: String? = nil) {
            differences.append(
                Difference(effect: effect, path: place ?? path, message: message, consequence: consequence))
        }
        let required = SchemaDiff.required
        let oldTypes = types(old)
        let newTypes = types(new)
        if oldTypes != newTypes {
            let text = "the type \(shown(oldTypes)) becomes \(shown(newTypes))"
            let widens = newTypes.isEmpty || (!oldTypes.isEmpty && oldTypes.isSubset(of: newTypes))
            add(
                .breaking, text,
                widens ? "code that reads it meets values it does not know" : "values of today no longer fit")
        }
        var inner: [(JSONValue, JSONValue, String)] = []
        let before = old["properties"]?.objectValue ?? [:]
        let after = new["properties"]?.objectValue ?? [:]
        let mustBefore = required(old)
        let mustAfter = required(new)
        for name in before.keys.sorted() {
            let place = path + "/" + name
            guard let property = after[name] else {
                add(.breaking, "the field is removed", "code that reads it finds nothing", at: place)
                continue
            }
            if mustBefore.contains(name), !mustAfter.contains(name) {
                add(.breaking, "the field is no longer required", "code that relies on it may find nothing", at: place)
            } else if !mustBefore.contains(name), mustAfter.contains(name) {
                add(.breaking, "the field becomes required", "whoever leaves it out is refused", at: place)
            }
            if let earlier = before[name] { inner.append((earlier, property, place)) }
        }
        for name in after.keys.sorted() where before[name] == nil {
            let must = mustAfter.contains(name)
            add(
                must ? .breaking : .harmless, must ? "a required field is new" : "an optional field is new",
                must ? "whoever leaves it out is refused" : "nobody has to write it", at: path + "/" + name)
        }
        for name in mustAfter.subtracting(mustBefore).sorted() where before[name] == nil && after[name] == nil {
            add(.breaking, "the field becomes required", "whoever leaves it out is refused", at: path + "/" + name)
        }
        values(old, new, add: { add($0, $1, $2) })
        for (key, words) in [("items", "elements"), ("additionalProperties", "other fields")] {
            let place = path + "/*"
            switch (schema(old[key]), schema(new[key])) {
            case (let earlier?, let later?): inner.append((earlier, later, place))
            case (nil, _?): add(.breaking, "\(words) must fit a schema now", "others are refused", at: place)
            case (_?, nil): add(.behaviour, "\(words) are no longer checked", "any value may come", at: place)
            default: break
            }
        }
        if old["additionalProperties"] != .bool(false), new["additionalProperties"] == .bool(false) {
            add(.breaking, "other fields are no longer allowed", "values that have them are refused")
        }
        bounds(old, new, add: { add($0, $1, $2) })
        found += differences
        for (old, new, place) in inner { compare(old, new, place, depth: depth + 1) }
    }

    /// A schema that says something.
    private func schema(_ value: JSONValue?) -> JSONValue? {
        guard case .object(let members)? = value, !members.isEmpty else { return nil }
        return value
    }

    private func followed(_ schema: JSONValue, in root: JSONValue) -> JSONValue {
        guard let pointer = schema["$ref"]?.stringValue else { return schema }
        guard pointer.hasPrefix("#") else { return [:] }
        var value = root
        for token in pointer.dropFirst().split(separator: "/") {
            value = value[String(token.replacing("~1", with: "/").replacing("~0", with: "~"))] ?? [:]
        }
        return value
    }

    private func values(
        _ old: JSONValue, _ new: JSONValue, add: (TemplateChange.Effect, String, String) -> Void
    ) {
        guard old["enum"] != new["enum"] else { return }
        let before = Set(old["enum"]?.arrayValue ?? [])
        let after = Set(new["enum"]?.arrayValue ?? [])
        let gone = before.subtracting(after).map(\.canonicalText).sorted()
        let come = after.subtracting(before).map(\.canonicalText).sorted()
        if before.isEmpty {
            add(.breaking, "only \(come.joined(separator: ", ")) are allowed", "other values are refused")
        } else if after.isEmpty {
            add(.breaking, "any value is allowed", "code that knows the old values meets others")
        } else {
            if !gone.isEmpty {
                add(.breaking, "\(gone.joined(separator: ", ")) are no longer allowed", "they are refused")
            }
            if !come.isEmpty {
                add(.breaking, "\(come.joined(separator: ", ")) are new", "code that knows the old values meets others")
            }
        }
    }

    private func bounds(
        _ old: JSONValue, _ new: JSONValue, add: (TemplateChange.Effect, String, String) -> Void
    ) {
        let lower = ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"]
        let upper = ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"]
        for key in lower + upper where old[key] != new[key] {
            let before = old[key]?.doubleValue
            let after = new[key]?.doubleValue
            let isTighter: Bool =
                switch (before, after) {
                case (nil, _?): true
                case (let before?, let after?): lower.contains(key) ? after > before : after < before
                default: false
                }
            let text = "\(key) \(old[key]?.canonicalText ?? "none") becomes \(new[key]?.canonicalText ?? "none")"
            add(
                isTighter ? .breaking : .behaviour, text,
                isTighter ? "values of today may be refused" : "more values are allowed")
        }
        for key in ["pattern", "const", "multipleOf", "uniqueItems"] where old[key] != new[key] && new[key] != nil {
            add(.breaking, "\(key) becomes \(new[key]?.canonicalText ?? "")", "values of today may be refused")
        }
    }

    private func types(_ schema: JSONValue) -> Set<String> {
        switch schema["type"] {
        case .string(let name): [name]
        case .array(let names): Set(names.compactMap(\.stringValue))
        default: []
        }
    }

    private func shown(_ types: Set<String>) -> String {
        types.isEmpty ? "any" : types.sorted().joined(separator: "|")
    }
}
