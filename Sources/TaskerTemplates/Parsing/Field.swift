import TaskerProtocol

/// A key of one of the contract's tables, with every spelling it may have.
struct Field: Sendable {
    /// Canonical first.
    let spellings: [String]
    /// What a value means whatever the spelling, for comparing two of them.
    let meaning: @Sendable (_ spelling: String, _ value: Node) -> JSONValue

    var name: String { spellings[0] }

    init(
        _ spellings: String..., meaning: @escaping @Sendable (String, Node) -> JSONValue = { _, node in node.json }
    ) {
        self.spellings = spellings
        self.meaning = meaning
    }

    /// Lists compare as sets; a single name is a list of one, null the empty list.
    static func list(_ spellings: String...) -> Field {
        Field(all: spellings) { _, node in
            let items: [JSONValue] =
                switch node.content {
                case .sequence(let items): items.map(\.json)
                case _ where node.isNull: []
                default: [node.json]
                }
            var seen: Set<[UInt8]> = []
            for item in items { seen.insert(item.canonicalBytes) }
            return .array(
                seen.sorted { $0.lexicographicallyPrecedes($1) }.map { .string(String(decoding: $0, as: UTF8.self)) })
        }
    }

    /// `_seconds` spellings compare in milliseconds.
    static func duration(_ spellings: String...) -> Field {
        Field(all: spellings) { spelling, node in
            guard spelling.hasSuffix("_seconds"), let scalar = node.scalar, scalar.value.doubleValue != nil,
                let milliseconds = DecimalNumber.milliseconds(fromSeconds: scalar.text)
            else { return node.json }
            return .integer(milliseconds)
        }
    }

    private init(all spellings: [String], meaning: @escaping @Sendable (String, Node) -> JSONValue) {
        self.spellings = spellings
        self.meaning = meaning
    }
}

/// A table of the contract: the keys a map may have.
struct FieldTable: Sendable {
    let fields: [Field]
    /// Accepted silently, without effect.
    let legacy: [String]
    private let owner: [String: Int]

    init(_ fields: [Field], legacy: [String] = []) {
        self.fields = fields
        self.legacy = legacy
        var owner: [String: Int] = [:]
        for (index, field) in fields.enumerated() {
            for spelling in field.spellings { owner[spelling] = index }
        }
        self.owner = owner
    }

    func index(of spelling: String) -> Int? { owner[spelling] }
    var spellings: Dictionary<String, Int>.Keys { owner.keys }
}
