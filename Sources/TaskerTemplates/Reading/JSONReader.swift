import TaskerProtocol

/// Builds the same nodes from a template that arrived as JSON, with places in the text and the same limits.
struct JSONReader {
    private let bytes: [UInt8]
    private var budget: ReadingBudget
    private let findings: FindingCollector
    private var index = 0
    private var position = Position.start

    static func document(in bytes: [UInt8], limits: ReadingLimits, findings: FindingCollector) -> TemplateDocument {
        guard bytes.count <= limits.fileBytes else {
            findings.add(.yamlTooLarge, "the template is larger than \(limits.fileBytes) bytes", at: .start)
            return TemplateDocument(root: nil, findings: findings)
        }
        do throws(JSONError) {
            _ = try RawJSON(validating: bytes, limits: JSONLimits(depth: limits.depth))
        } catch {
            let position = Position(ofByte: error.offset, in: bytes)
            switch error.code {
            case .tooDeep:
                findings.add(
                    .yamlTooDeep, "lists and maps are nested more than \(limits.depth) levels deep", at: position)
            case .numberOutOfRange:
                findings.add(
                    .outOfRange, "a number fits neither a 64-bit integer nor a finite double", at: position,
                    hint: "put it in quotes to pass it on as a string")
            case .nullCharacter:
                findings.add(.yamlCharacter, "the character U+0000 cannot be passed on", at: position)
            default: findings.add(.jsonSyntax, "\(error)", at: position)
            }
            return TemplateDocument(root: nil, findings: findings)
        }
        var reader = JSONReader(bytes: bytes, budget: ReadingBudget(limits), findings: findings)
        do throws(ReadingFailure) {
            return TemplateDocument(root: try reader.value(), findings: findings)
        } catch {
            findings.add(error.code, error.message, at: error.position, hint: error.hint)
            return TemplateDocument(root: nil, findings: findings)
        }
    }

    private init(bytes: [UInt8], budget: ReadingBudget, findings: FindingCollector) {
        self.bytes = bytes
        self.budget = budget
        self.findings = findings
    }

    // The text has been checked: only what it says is read below, not whether it is right.

    private mutating func value() throws(ReadingFailure) -> Node {
        skipSeparators()
        let start = position
        try budget.spend(nodes: 1, bytes: 0, at: start)
        switch bytes[index] {
        case UInt8(ascii: "{"):
            advance()
            var map = MappingBuilder(position: start, findings: findings)
            while true {
                skipSeparators()
                if bytes[index] == UInt8(ascii: "}") { break }
                let keyPosition = position
                try budget.spend(nodes: 1, bytes: 0, at: keyPosition)
                let key = token()
                try budget.spend(nodes: 0, bytes: key.count, at: keyPosition)
                map.add(try value(), under: key.string ?? "", at: keyPosition)
            }
            advance()
            return map.finish()
        case UInt8(ascii: "["):
            advance()
            var items: [Node] = []
            while true {
                skipSeparators()
                if bytes[index] == UInt8(ascii: "]") { break }
                items.append(try value())
            }
            advance()
            return Node(content: .sequence(items), position: start)
        default:
            let raw = token()
            try budget.spend(nodes: 0, bytes: raw.count, at: start)
            let text = raw.string ?? raw.text
            guard text.utf8.count <= budget.limits.scalarBytes else {
                findings.add(
                    .scalarTooLong, "a value of \(text.utf8.count) bytes is longer than \(budget.limits.scalarBytes)",
                    at: start)
                return .invalid(at: start)
            }
            return Node(content: .scalar(Scalar(text: text, value: raw.value)), position: start)
        }
    }

    /// White space, commas and colons: where they may stand is known to be right.
    private mutating func skipSeparators() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ","), UInt8(ascii: ":"): advance()
            default: return
            }
        }
    }

    private mutating func advance() {
        let byte = bytes[index]
        if byte == UInt8(ascii: "\n") {
            position.line += 1
            position.column = 1
        } else if byte & 0xC0 != 0x80 {
            position.column += 1
        }
        index += 1
    }

    /// A string, number or literal.
    private mutating func token() -> RawJSON {
        let start = index
        if bytes[index] == UInt8(ascii: "\"") {
            advance()
            while bytes[index] != UInt8(ascii: "\"") {
                if bytes[index] == UInt8(ascii: "\\") { advance() }
                advance()
            }
            advance()
        } else {
            loop: while index < bytes.count {
                switch bytes[index] {
                case 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"): break loop
                default: advance()
                }
            }
        }
        return RawJSON(trusting: bytes[start..<index])
    }
}
