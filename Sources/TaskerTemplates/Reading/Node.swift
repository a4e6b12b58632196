import TaskerProtocol

/// A place in a file, both from 1, columns in characters.
struct Position: Sendable, Hashable, Comparable {
    var line: Int
    var column: Int

    static let start = Position(line: 1, column: 1)

    static func < (left: Position, right: Position) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// A value of a template as it stands in its file, aliases and merge keys expanded.
struct Node: Sendable {
    enum Content: Sendable {
        case scalar(Scalar)
        case sequence([Node])
        case mapping([Entry])
        /// Already reported; whoever meets it stays silent.
        case invalid
    }

    struct Entry: Sendable {
        var key: String
        var keyPosition: Position
        var value: Node
    }

    var content: Content
    var position: Position
    /// This node and all below it, aliases expanded.
    var nodeCount = 1
    /// Bytes of the scalars and keys below it, aliases expanded.
    var byteCount = 0
    /// Levels of sequences and mappings, 0 for a scalar.
    var height = 0

    static func invalid(at position: Position) -> Node { Node(content: .invalid, position: position) }

    var isNull: Bool {
        if case .scalar(let scalar) = content { scalar.value == .null } else { false }
    }

    var isInvalid: Bool {
        if case .invalid = content { true } else { false }
    }

    var scalar: Scalar? {
        if case .scalar(let scalar) = content { scalar } else { nil }
    }

    var entries: [Entry]? {
        if case .mapping(let entries) = content { entries } else { nil }
    }

    /// What it is, in a word for messages.
    var typeName: String {
        switch content {
        case .scalar(let scalar): scalar.value.typeName
        case .sequence: "list"
        case .mapping: "map"
        case .invalid: "invalid value"
        }
    }

    /// The same as JSON.
    var json: JSONValue {
        switch content {
        case .scalar(let scalar): scalar.value
        case .sequence(let items): .array(items.map(\.json))
        case .mapping(let entries):
            .object(Dictionary(entries.map { ($0.key, $0.value.json) }, uniquingKeysWith: { first, _ in first }))
        case .invalid: .null
        }
    }

    /// The node that a JSON pointer into it names, as far as the pointer leads.
    func following(_ pointer: [String]) -> Node {
        var node = self
        for token in pointer {
            switch node.content {
            case .mapping(let entries):
                guard let entry = entries.first(where: { $0.key == token }) else { return node }
                node = entry.value
            case .sequence(let items):
                guard let index = Int(token), items.indices.contains(index) else { return node }
                node = items[index]
            default: return node
            }
        }
        return node
    }
}

/// A scalar: what the file says and what that means.
struct Scalar: Sendable {
    /// As written, quotes and escapes undone.
    var text: String
    /// Never an array or object.
    var value: JSONValue

    init(text: String, value: JSONValue) {
        self.text = text
        self.value = value
    }

    init(string: String) { self.init(text: string, value: .string(string)) }
}
