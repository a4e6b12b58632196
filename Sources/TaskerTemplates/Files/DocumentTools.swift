import TaskerProtocol

/// What the command line shares with the validator: did-you-mean, and YAML that knows its places.
package enum DocumentTools {
    /// A value of a YAML document with its place.
    package struct Value: Sendable {
        package enum Content: Sendable {
            case scalar(JSONValue)
            case list([Value])
            case table([Member])
        }

        package var content: Content
        package var line: Int
        package var column: Int

        package init(content: Content, line: Int, column: Int) {
            self.content = content
            self.line = line
            self.column = column
        }
    }

    package struct Member: Sendable {
        package var key: String
        package var line: Int
        package var column: Int
        package var value: Value

        package init(key: String, line: Int, column: Int, value: Value) {
            self.key = key
            self.line = line
            self.column = column
            self.value = value
        }
    }

    /// The known name that was probably meant, nil when none is near.
    package static func nearest(to name: String, among candidates: some Collection<String>) -> String? {
        Suggestion.nearest(to: name, among: candidates)
    }

    /// The first document of a YAML file, under the limits of template files; nil when it is empty or has an error.
    package static func yaml(_ bytes: [UInt8], file: String) -> (root: Value?, findings: [Diagnostic]) {
        let documents = YAMLReader.documents(in: bytes, limits: ReadingLimits()) {
            FindingCollector(file: file, options: TemplateParser.Options())
        }
        guard let first = documents.first else { return (nil, []) }
        return (first.root.map(value), first.findings.sorted())
    }

    private static func value(_ node: Node) -> Value {
        let content: Value.Content =
            switch node.content {
            case .scalar(let scalar): .scalar(scalar.value)
            case .invalid: .scalar(.null)
            case .sequence(let items): .list(items.map(value))
            case .mapping(let entries):
                .table(
                    entries.map {
                        Member(
                            key: $0.key, line: $0.keyPosition.line, column: $0.keyPosition.column,
                            value: value($0.value))
                    })
            }
        return Value(content: content, line: node.position.line, column: node.position.column)
    }
}
