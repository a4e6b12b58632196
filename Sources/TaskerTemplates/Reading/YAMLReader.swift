import TaskerProtocol

/// One document of a file; `root` is nil when reading failed in it.
struct TemplateDocument {
    var root: Node?
    var findings: FindingCollector
}

/// Builds the documents of a YAML file; every limit is counted before the thing it limits is built.
struct YAMLReader: ~Copyable {
    private enum Anchor {
        /// Its node is still being read.
        case open
        case node(Node)
    }

    private var events: YAMLEvents
    private var budget: ReadingBudget
    private var findings: FindingCollector
    private var anchors: [String: Anchor] = [:]

    private init(events: consuming YAMLEvents, budget: ReadingBudget, findings: FindingCollector) {
        self.events = events
        self.budget = budget
        self.findings = findings
    }

    /// Every document of the file that is not empty, in order. After a fault that stops reading, the last one says why.
    static func documents(
        in bytes: [UInt8], limits: ReadingLimits, collector: () -> FindingCollector
    ) -> [TemplateDocument] {
        guard bytes.count <= limits.fileBytes else {
            let findings = collector()
            findings.add(
                .yamlTooLarge, "the file is larger than \(limits.fileBytes) bytes", at: .start,
                hint: "split it into several files")
            return [TemplateDocument(root: nil, findings: findings)]
        }
        let hasMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        return bytes[(hasMark ? 3 : 0)...].withUnsafeBufferPointer { input in
            guard let events = YAMLEvents(input) else { return [] }
            var reader = YAMLReader(events: events, budget: ReadingBudget(limits), findings: collector())
            return reader.readAll(collector)
        }
    }

    private mutating func readAll(_ collector: () -> FindingCollector) -> [TemplateDocument] {
        var documents: [TemplateDocument] = []
        do throws(ReadingFailure) {
            while true {
                let event = try events.next()
                switch event.kind {
                case .streamEnd: return documents
                case .streamStart, .documentEnd: break
                case .documentStart:
                    anchors = [:]
                    findings = collector()
                default:
                    let root = try node(event, depth: 0)
                    if root.isNull, root.scalar?.text == "" { continue }
                    documents.append(TemplateDocument(root: root, findings: findings))
                }
            }
        } catch {
            // What follows a document may break it only when that document has already been read: then it is another's.
            let isNew = !documents.contains { $0.findings === findings }
            let target = isNew ? findings : collector()
            target.add(error.code, error.message, at: error.position, hint: error.hint, related: error.related)
            documents.append(TemplateDocument(root: nil, findings: target))
            return documents
        }
    }

    /// - Parameter depth: lists and maps around the node.
    private mutating func node(_ event: YAMLEvent, depth: Int) throws(ReadingFailure) -> Node {
        if let anchor = event.anchor { anchors[anchor] = .open }
        let result: Node
        switch event.kind {
        case .alias(let name): return try aliased(name, at: event.position, depth: depth)
        case .scalar(let text, let isPlain): result = try scalar(text, isPlain: isPlain, event)
        case .sequenceStart: result = try sequence(event, depth: depth + 1)
        case .mappingStart: result = try mapping(event, depth: depth + 1)
        default: throw ReadingFailure(.yamlSyntax, "a value is missing here", at: event.position)
        }
        if let anchor = event.anchor { anchors[anchor] = .node(result) }
        return result
    }

    private mutating func aliased(_ name: String, at position: Position, depth: Int) throws(ReadingFailure) -> Node {
        switch anchors[name] {
        case nil:
            throw ReadingFailure(.yamlSyntax, "the alias \(quoted("*" + name)) names no anchor before it", at: position)
        case .open:
            throw ReadingFailure(
                .yamlAliasCycle, "the alias \(quoted("*" + name)) stands inside the value it names", at: position)
        case .node(var node):
            try budget.spend(nodes: node.nodeCount, bytes: node.byteCount, at: position)
            try budget.checkDepth(depth + node.height, at: position)
            node.position = position
            return node
        }
    }

    private mutating func sequence(_ start: YAMLEvent, depth: Int) throws(ReadingFailure) -> Node {
        try budget.spend(nodes: 1, bytes: 0, at: start.position)
        try budget.checkDepth(depth, at: start.position)
        checkTag(start, allowed: "seq")
        var result = Node(content: .invalid, position: start.position, height: 1)
        var items: [Node] = []
        while true {
            let event = try events.next()
            if case .sequenceEnd = event.kind { break }
            let item = try node(event, depth: depth)
            result.nodeCount += item.nodeCount
            result.byteCount += item.byteCount
            result.height = max(result.height, item.height + 1)
            items.append(item)
        }
        result.content = .sequence(items)
        return result
    }

    private mutating func mapping(_ start: YAMLEvent, depth: Int) throws(ReadingFailure) -> Node {
        try budget.spend(nodes: 1, bytes: 0, at: start.position)
        try budget.checkDepth(depth, at: start.position)
        checkTag(start, allowed: "map")
        var map = MappingBuilder(position: start.position, findings: findings)
        while true {
            let event = try events.next()
            if case .mappingEnd = event.kind { break }
            let isMerge = isMergeKey(event)
            let key = try node(event, depth: depth)
            let value = try node(try events.next(), depth: depth)
            if isMerge { map.merge(value, keyPosition: key.position) } else { map.add(value, under: key) }
        }
        return map.finish()
    }

    private func isMergeKey(_ event: YAMLEvent) -> Bool {
        if case .scalar(let text, isPlain: true) = event.kind {
            text.elementsEqual("<<".utf8) && event.tag == nil
        } else {
            false
        }
    }

    // MARK: - Scalars and tags

    private mutating func scalar(_ bytes: [UInt8], isPlain: Bool, _ event: YAMLEvent) throws(ReadingFailure) -> Node {
        try budget.spend(nodes: 1, bytes: bytes.count, at: event.position)
        var node = Node(content: .invalid, position: event.position, byteCount: bytes.count)
        if bytes.count > budget.limits.scalarBytes {
            findings.add(
                .scalarTooLong, "a value of \(bytes.count) bytes is longer than \(budget.limits.scalarBytes)",
                at: event.position)
            return node
        }
        if bytes.contains(0) {
            findings.add(.yamlCharacter, "the character U+0000 cannot be passed on", at: event.position)
            return node
        }
        let text = String(decoding: bytes, as: UTF8.self)
        switch resolve(text, isPlain: isPlain, event) {
        case .value(let value)?: node.content = .scalar(Scalar(text: text, value: value))
        case .unrepresentable?:
            findings.add(
                .outOfRange, "the number \(quoted(text)) fits neither a 64-bit integer nor a finite double",
                at: event.position, hint: "put it in quotes to pass it on as a string")
        case nil: break
        }
        return node
    }

    /// nil after a finding about the tag.
    private func resolve(_ text: String, isPlain: Bool, _ event: YAMLEvent) -> CoreSchema.Resolution? {
        guard let tag = event.tag else { return isPlain ? CoreSchema.resolve(text) : .value(.string(text)) }
        if tag == "!" || tag == Self.coreTag + "str" { return .value(.string(text)) }
        guard let wanted = ["int", "float", "bool", "null"].first(where: { tag == Self.coreTag + $0 }) else {
            checkTag(event, allowed: "str")
            return nil
        }
        let resolution = CoreSchema.resolve(text)
        switch (wanted, resolution) {
        case (_, .unrepresentable), ("int", .value(.integer)), ("float", .value(.double)), ("bool", .value(.bool)),
            ("null", .value(.null)):
            return resolution
        case ("float", .value(.integer(let number))): return .value(.double(Double(number)))
        default:
            findings.add(.yamlTag, "\(quoted(text)) is no value of the tag '!!\(wanted)'", at: event.position)
            return nil
        }
    }

    private func checkTag(_ event: YAMLEvent, allowed: String) {
        guard let tag = event.tag, tag != "!", tag != Self.coreTag + allowed else { return }
        let shown = tag.hasPrefix(Self.coreTag) ? "!!" + tag.dropFirst(Self.coreTag.count) : tag
        findings.add(
            .yamlTag, "the tag \(quoted(shown)) is not supported", at: event.position,
            hint: "write the value without a tag")
    }

    private static let coreTag = "tag:yaml.org,2002:"
}
