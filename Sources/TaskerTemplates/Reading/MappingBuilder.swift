import TaskerProtocol

/// Collects the entries of one map: keys are strings, each there once, merged ones give way to written ones.
struct MappingBuilder {
    private let position: Position
    private let findings: FindingCollector
    private var entries: [Node.Entry] = []
    private var places: [String: Position] = [:]
    private var merged: [Node.Entry] = []
    private var mergePosition: Position?

    init(position: Position, findings: FindingCollector) {
        self.position = position
        self.findings = findings
    }

    mutating func add(_ value: Node, under key: Node) {
        if key.isInvalid { return }
        guard case .string(let name)? = key.scalar?.value else {
            let shown = key.scalar.map { quoted($0.text) } ?? "a \(key.typeName)"
            findings.add(
                .keyNotString, "\(shown) is no string and cannot be a key", at: key.position,
                hint: key.scalar.map { "write \"\($0.text.prefix(60))\" in quotes" })
            return
        }
        add(value, under: name, at: key.position)
    }

    mutating func add(_ value: Node, under name: String, at keyPosition: Position) {
        if let first = places[name] {
            return reportDuplicate(name, at: keyPosition, first: first)
        }
        places[name] = keyPosition
        entries.append(Node.Entry(key: name, keyPosition: keyPosition, value: value))
    }

    /// Takes the entries of a `<<` value, a map or a list of maps of which the earlier win.
    mutating func merge(_ value: Node, keyPosition: Position) {
        if let first = mergePosition { return reportDuplicate("<<", at: keyPosition, first: first) }
        mergePosition = keyPosition
        switch value.content {
        case .mapping(let entries): merged = entries
        case .sequence(let items):
            for item in items {
                if let entries = item.entries { merged += entries } else { reportMerge(item) }
            }
        default: reportMerge(value)
        }
    }

    private func reportDuplicate(_ name: String, at position: Position, first: Position) {
        findings.add(
            .duplicateKey, "the key \(quoted(name)) is there twice in one map", at: position,
            related: [Diagnostic.Related(line: first.line, column: first.column, message: "it is first here")])
    }

    private func reportMerge(_ value: Node) {
        if value.isInvalid { return }
        findings.add(
            .typeMismatch, "'<<' takes a map or a list of maps, not a \(value.typeName)", at: value.position)
    }

    consuming func finish() -> Node {
        for entry in merged where places[entry.key] == nil {
            places[entry.key] = entry.keyPosition
            entries.append(entry)
        }
        var node = Node(content: .invalid, position: position, height: 1)
        for entry in entries {
            node.nodeCount += 1 + entry.value.nodeCount
            node.byteCount += entry.key.utf8.count + entry.value.byteCount
            node.height = max(node.height, 1 + entry.value.height)
        }
        node.content = .mapping(entries)
        return node
    }
}
