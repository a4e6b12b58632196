import TaskerProtocol

/// YAML that is no template.
public enum YAMLDocument {
    /// The only document of a file as JSON; nil when it cannot be read, or there are several.
    public static func value(of bytes: [UInt8]) -> JSONValue? {
        let documents = YAMLReader.documents(in: bytes, limits: ReadingLimits()) {
            FindingCollector(file: "document", options: TemplateParser.Options())
        }
        guard documents.count == 1, let root = documents[0].root, !root.isInvalid else { return nil }
        return root.json
    }
}
