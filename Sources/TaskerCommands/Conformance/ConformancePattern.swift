import TaskerProtocol

/// The patterns of the conformance files: compares a value with one and says where they differ.
enum ConformancePattern {
    static let maximumShown = 200

    /// - Parameter value: nil for a member that is not there.
    /// - Returns: why the value does not match, nil when it does.
    static func difference(
        _ pattern: JSONValue, _ value: JSONValue?, _ variables: [String: JSONValue] = [:], at place: String = ""
    ) -> String? {
        switch pattern {
        case .object(let members):
            if members.keys.contains(where: { $0.hasPrefix("$") }) {
                for (key, wanted) in members.sorted(by: { $0.key < $1.key }) {
                    if let fault = operation(key, wanted, value, variables, place) { return fault }
                }
                return nil
            }
            guard case .object(let found) = value else { return told(place, "an object", value) }
            for (key, inner) in members.sorted(by: { $0.key < $1.key }) {
                if let fault = difference(inner, found[key], variables, at: "\(place)/\(key)") { return fault }
            }
            return nil
        case .array(let items):
            guard case .array(let found) = value, found.count == items.count else {
                return told(place, "an array of \(items.count)", value)
            }
            for (index, (inner, one)) in zip(items, found).enumerated() {
                if let fault = difference(inner, one, variables, at: "\(place)/\(index)") { return fault }
            }
            return nil
        case .null: return value == nil || value == .null ? nil : told(place, "null or nothing", value)
        default: return equal(pattern, value) ? nil : told(place, short(pattern), value)
        }
    }

    private static func operation(
        _ key: String, _ wanted: JSONValue, _ value: JSONValue?, _ variables: [String: JSONValue], _ place: String
    ) -> String? {
        let items = wanted.arrayValue ?? []
        switch key {
        case "$any_of":
            let faults = items.map { difference($0, value, variables, at: place) }
            return faults.contains(nil) ? nil : "none of: " + faults.compactMap(\.self).joined(separator: "; ")
        case "$all_of":
            return items.lazy.compactMap { difference($0, value, variables, at: place) }.first
        case "$some":
            let isThere = value?.arrayValue?.contains { difference(wanted, $0, variables) == nil } ?? false
            return isThere ? nil : told(place, "an array with an element like \(short(wanted))", value)
        default:
            return holds(key, wanted, value, variables) ? nil : told(place, "\(key) \(short(wanted))", value)
        }
    }

    private static func holds(
        _ key: String, _ wanted: JSONValue, _ value: JSONValue?, _ variables: [String: JSONValue]
    ) -> Bool {
        let text = value?.stringValue
        let count = Int(wanted.integerValue ?? -1)
        switch key {
        case "$exactly": return equal(wanted, value)
        case "$var": return wanted.stringValue.flatMap { variables[$0] }.map { equal($0, value) } ?? false
        case "$not": return difference(wanted, value, variables) != nil
        case "$type": return wanted.stringValue.map { isOf($0, value) } ?? false
        case "$contains": return text?.contains(wanted.stringValue ?? "\u{0}") ?? false
        case "$starts_with": return text?.hasPrefix(wanted.stringValue ?? "\u{0}") ?? false
        case "$at_least", "$at_most":
            guard isOf("number", value), let number = value?.doubleValue, let bound = wanted.doubleValue else {
                return false
            }
            return key == "$at_least" ? number >= bound : number <= bound
        case "$min_bytes": return text.map { $0.utf8.count >= count } ?? false
        case "$max_bytes": return text.map { $0.utf8.count <= count } ?? false
        case "$min_length": return value?.arrayValue.map { $0.count >= count } ?? false
        case "$max_length": return value?.arrayValue.map { $0.count <= count } ?? false
        case "$repeat": return text == repeated(wanted)
        default: return false
        }
    }

    /// The text of `{"text", "times"}`.
    static func repeated(_ value: JSONValue) -> String {
        String(repeating: value["text"]?.stringValue ?? "", count: Int(value["times"]?.integerValue ?? 0))
    }

    private static func isOf(_ kind: String, _ value: JSONValue?) -> Bool {
        switch (kind, value ?? .null) {
        case ("null", .null), ("string", .string), ("boolean", .bool), ("object", .object), ("array", .array),
            ("integer", .integer), ("number", .integer), ("number", .double):
            true
        default: false
        }
    }

    /// Integers exactly, other numbers as doubles; nothing equals a member that is not there.
    static func equal(_ left: JSONValue, _ right: JSONValue?) -> Bool {
        guard let right else { return false }
        switch (left, right) {
        case (.integer(let one), .integer(let other)): return one == other
        case (.integer, .double), (.double, .integer), (.double, .double): return left.doubleValue == right.doubleValue
        case (.string(let one), .string(let other)):
            // Not by canonical equivalence: every byte counts.
            return one.utf8.elementsEqual(other.utf8)
        case (.array(let one), .array(let other)):
            return one.count == other.count && zip(one, other).allSatisfy { equal($0, $1) }
        case (.object(let one), .object(let other)):
            return one.count == other.count && one.allSatisfy { equal($1, other[$0]) }
        default: return left == right
        }
    }

    private static func told(_ place: String, _ wanted: String, _ value: JSONValue?) -> String {
        "\(place.isEmpty ? "the message" : place): expected \(wanted), got \(value.map(short) ?? "nothing")"
    }

    static func short(_ value: JSONValue) -> String {
        let text = value.canonicalText
        return text.count <= maximumShown ? text : "\(text.prefix(maximumShown))… (\(text.count) characters)"
    }
}
