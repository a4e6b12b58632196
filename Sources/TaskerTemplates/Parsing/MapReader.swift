import TaskerProtocol

/// Where in a template something stands, for messages.
struct Place: Sendable {
    /// `step 'charge_card'`, `retry of step 'charge_card'`, `the template`.
    var text: String
    /// The step's name, when it has a usable one.
    var step: String?

    static let root = Place(text: "the template")

    func inner(_ part: String) -> Place {
        Place(text: text == Place.root.text ? part : "\(part) of \(text)", step: step)
    }
}

/// Reads the map of one table: unknown keys and repeated spellings are reported once, values are checked when asked for.
struct MapReader {
    let place: Place
    let position: Position
    let findings: FindingCollector
    /// By canonical name.
    private var values: [String: Node.Entry] = [:]

    /// - Parameter node: null is the empty map.
    /// - Returns: nil after a finding when the node is no map.
    init?(_ node: Node, table: FieldTable, place: Place, what: String, hint: String? = nil, findings: FindingCollector)
    {
        self.place = place
        self.position = node.position
        self.findings = findings
        switch node.content {
        case .mapping(let entries): read(entries, table)
        case .invalid: return nil
        case _ where node.isNull: break
        default:
            findings.add(
                .typeMismatch, "\(what) must be a map, not a \(node.typeName)", at: node.position, step: place.step,
                hint: hint)
            return nil
        }
    }

    private mutating func read(_ entries: [Node.Entry], _ table: FieldTable) {
        for entry in entries {
            guard let index = table.index(of: entry.key) else {
                if table.legacy.contains(entry.key) {
                    findings.addLegacyKey(entry.key, at: entry.keyPosition)
                } else {
                    add(
                        .unknownKey, "unknown key \(quoted(entry.key)) in \(place.text)", at: entry.keyPosition,
                        hint: findings.didYouMean(entry.key, among: table.spellings))
                }
                continue
            }
            let field = table.fields[index]
            if let first = values[field.name] {
                compare(first, entry, field)
            } else {
                values[field.name] = entry
            }
        }
    }

    private func compare(_ first: Node.Entry, _ second: Node.Entry, _ field: Field) {
        if first.value.isInvalid || second.value.isInvalid { return }
        let same = field.meaning(first.key, first.value) == field.meaning(second.key, second.value)
        let related = Diagnostic.Related(
            line: first.keyPosition.line, column: first.keyPosition.column, message: "'\(first.key)' is here")
        let pair = "'\(first.key)' and '\(second.key)' in \(place.text) are two spellings of one key"
        if same {
            add(
                .aliasRepeated, "\(pair)", at: second.keyPosition, hint: "keep '\(field.name)' only",
                related: [related])
        } else {
            add(
                .aliasConflict, "\(pair) with different values", at: second.keyPosition,
                hint: "keep '\(field.name)' only", related: [related])
        }
    }

    func add(
        _ code: DiagnosticCode, _ message: String, at position: Position, hint: String? = nil,
        related: [Diagnostic.Related] = []
    ) {
        findings.add(code, message, at: position, step: place.step, hint: hint, related: related)
    }

    // MARK: - Values

    /// The entry as written; nil when the key is absent.
    func entry(_ name: String) -> Node.Entry? { values[name] }

    /// The value; nil when the key is absent, null, or has a value that has been reported.
    func node(_ name: String) -> Node? {
        guard let node = values[name]?.value, !node.isNull, !node.isInvalid else { return nil }
        return node
    }

    /// Where the value stands, or the map when there is none.
    func position(_ name: String) -> Position { values[name]?.value.position ?? position }

    /// Reports a required key that is absent or null.
    func require(_ name: String, hint: String? = nil) {
        let entry = values[name]
        guard entry == nil || entry?.value.isNull == true else { return }
        add(.missingField, "\(place.text) has no '\(name)'", at: entry?.keyPosition ?? position, hint: hint)
    }

    func mismatch(_ name: String, _ node: Node, expected: String, hint: String? = nil) {
        let key = values[name]?.key ?? name
        add(
            .typeMismatch, "'\(key)' in \(place.text) must be \(expected), not \(article(node.typeName))",
            at: node.position, hint: hint)
    }

    func outOfRange(_ name: String, _ node: Node, _ rule: String) {
        let key = values[name]?.key ?? name
        let shown = node.scalar.map { quoted($0.text) } ?? article(node.typeName)
        add(.outOfRange, "'\(key)' in \(place.text) must be \(rule), not \(shown)", at: node.position)
    }

    private func article(_ type: String) -> String {
        switch type {
        case "null": "null"
        case "integer": "an integer"
        default: "a \(type)"
        }
    }

    func string(_ name: String) -> String? {
        guard let node = node(name) else { return nil }
        guard case .string(let text)? = node.scalar?.value else {
            mismatch(name, node, expected: "a string", hint: node.scalar == nil ? nil : "put it in quotes")
            return nil
        }
        return text
    }

    /// A string whose length, in characters, is within bounds.
    func string(_ name: String, length: ClosedRange<Int>) -> String? {
        guard let text = string(name), let node = node(name) else { return nil }
        guard length.contains(text.unicodeScalars.count) else {
            add(
                .outOfRange,
                "'\(name)' in \(place.text) must have \(length.lowerBound) to \(length.upperBound) characters, not "
                    + "\(text.unicodeScalars.count)", at: node.position)
            return nil
        }
        return text
    }

    func bool(_ name: String) -> Bool? {
        guard let node = node(name) else { return nil }
        if let value = node.scalar?.value.boolValue { return value }
        mismatch(name, node, expected: "true or false", hint: "write true or false")
        return nil
    }

    func integer(_ name: String, _ range: ClosedRange<Int64>) -> Int64? {
        guard let node = node(name) else { return nil }
        guard case .integer(let value)? = node.scalar?.value else {
            mismatch(name, node, expected: "an integer")
            return nil
        }
        guard range.contains(value) else {
            outOfRange(name, node, "from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return value
    }

    /// A number of seconds as milliseconds, whatever its size.
    func seconds(_ name: String, rule: String) -> Int64? {
        guard let node = node(name) else { return nil }
        guard let scalar = node.scalar, scalar.value.doubleValue != nil else {
            mismatch(name, node, expected: "a number of seconds")
            return nil
        }
        guard let milliseconds = DecimalNumber.milliseconds(fromSeconds: scalar.text) else {
            outOfRange(name, node, rule)
            return nil
        }
        return milliseconds
    }

    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, _: Choice.Type, aliases: [String: Choice] = [:]
    ) -> Choice? {
        guard let node = node(name) else { return nil }
        let allowed = Choice.allCases.map(\.rawValue)
        let text: String
        switch node.scalar?.value {
        case .string(let value)?: text = value
        // `off: ...` is a string under YAML 1.2, but a false that was meant as a word is worth the list of words.
        case .bool?, .integer?, .double?: text = node.scalar?.text ?? ""
        default:
            mismatch(name, node, expected: "one of \(allowed.joined(separator: ", "))")
            return nil
        }
        if node.scalar?.value.stringValue != nil, let choice = Choice(rawValue: text) ?? aliases[text] { return choice }
        add(
            .badEnum,
            "\(quoted(text)) is no value of '\(name)' in \(place.text); allowed: \(allowed.joined(separator: ", "))",
            at: node.position, hint: findings.didYouMean(text, among: allowed + aliases.keys.sorted()))
        return nil
    }

    /// A list, null being the empty one.
    func list(_ name: String, of what: String) -> [Node] {
        guard let node = node(name) else { return [] }
        if case .sequence(let items) = node.content { return items }
        mismatch(name, node, expected: "a list of \(what)")
        return []
    }

    /// A list of strings, of which a single one may stand alone.
    func names(_ name: String) -> [(text: String, position: Position)] {
        guard let node = node(name) else { return [] }
        let items: [Node] =
            switch node.content {
            case .sequence(let items): items
            case .scalar: [node]
            default: []
            }
        if case .mapping = node.content { mismatch(name, node, expected: "a list of names") }
        return items.compactMap { item in
            if item.isInvalid { return nil }
            if case .string(let text)? = item.scalar?.value { return (text, item.position) }
            mismatch(
                name, item, expected: "a list of names",
                hint: item.scalar == nil || item.isNull ? nil : "put it in quotes")
            return nil
        }
    }

    /// A free map as JSON, null and absent being the empty one.
    func object(_ name: String) -> JSONValue {
        guard let node = node(name) else { return [:] }
        if case .mapping = node.content { return node.json }
        mismatch(name, node, expected: "a map")
        return [:]
    }

    /// A JSON Schema that compiles; nil when absent, or reported.
    func schema(_ name: String) -> JSONValue? {
        guard let node = node(name) else { return nil }
        let json = node.json
        for fault in JSONSchema.faults(in: json) {
            let code: DiagnosticCode =
                switch fault.kind {
                case .invalid: .schemaInvalid
                case .remoteReference: .schemaRemoteReference
                case .notObject: .schemaNotObject
                }
            let at = fault.pointer.isEmpty ? "" : " at \(quoted(fault.pointer))"
            add(
                code, "'\(name)' in \(place.text)\(at): \(fault.message)",
                at: node.following(fault.tokens).position, hint: fault.hint)
        }
        return json
    }
}
