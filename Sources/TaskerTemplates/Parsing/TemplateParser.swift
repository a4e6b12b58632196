import TaskerProtocol

/// Reads task templates in both dialects and says everything that is wrong with them (the template contract).
public struct TemplateParser: Sendable {
    public struct Options: Sendable, Hashable {
        /// Every warning is an error.
        public var isStrict: Bool
        /// Also the findings that are usually hidden: missing result schemas, event descriptions, legacy keys.
        public var isVerbose: Bool

        public init(isStrict: Bool = false, isVerbose: Bool = false) {
            self.isStrict = isStrict
            self.isVerbose = isVerbose
        }
    }

    public var options: Options
    var limits = ReadingLimits()

    public init(options: Options = Options()) { self.options = options }

    /// The documents of one YAML file that are not empty, each with its findings. A fault of syntax or a limit passed ends
    /// reading: the last element then holds that finding.
    /// - Parameter file: its name in findings.
    public func parse(yaml: [UInt8], file: String) -> [ParsedTemplate] {
        YAMLReader.documents(in: yaml, limits: limits) { FindingCollector(file: file, options: options) }
            .map(finish)
    }

    public func parse(yaml: String, file: String) -> [ParsedTemplate] { parse(yaml: Array(yaml.utf8), file: file) }

    /// One template as JSON; its findings carry JSON pointers beside line and column.
    public func parse(json: [UInt8], file: String) -> ParsedTemplate {
        let findings = FindingCollector(file: file, options: options)
        let document = JSONReader.document(in: json, limits: limits, findings: findings)
        var result = finish(document)
        guard let root = document.root else { return result }
        let places = Set(result.findings.map { Position(line: $0.line, column: $0.column) })
        let pointers = JSONPointer.pointers(of: places, in: root)
        for index in result.findings.indices {
            let finding = result.findings[index]
            result.findings[index].pointer = pointers[Position(line: finding.line, column: finding.column)]
        }
        return result
    }

    public func parse(json: RawJSON, file: String) -> ParsedTemplate { parse(json: Array(json.bytes), file: file) }

    private func finish(_ document: TemplateDocument) -> ParsedTemplate {
        let findings = document.findings
        guard let root = document.root else {
            return ParsedTemplate(template: nil, findings: findings.sorted(), stepCount: 0, hasCycles: false)
        }
        var parser = DocumentParser(findings: findings)
        let template = parser.template(root)
        findings.reportLegacyKeys()
        return ParsedTemplate(
            template: findings.hasErrors ? nil : template, findings: findings.sorted(), stepCount: parser.stepCount,
            hasCycles: parser.hasCycles)
    }
}

/// What one document of a template file is.
public struct ParsedTemplate: Sendable, Hashable {
    /// nil when there is any error.
    public var template: TaskTemplate?
    /// By place.
    public var findings: [Diagnostic]
    public var stepCount: Int
    public var hasCycles: Bool

    public init(template: TaskTemplate?, findings: [Diagnostic], stepCount: Int, hasCycles: Bool) {
        self.template = template
        self.findings = findings
        self.stepCount = stepCount
        self.hasCycles = hasCycles
    }

    public var isValid: Bool { !findings.contains { $0.severity == .error } }

    /// The report that the API and tools give.
    public var json: JSONValue {
        [
            "valid": .bool(isValid), "step_count": .number(stepCount), "has_cycles": .bool(hasCycles),
            "findings": .array(findings.map(\.json)),
        ]
    }
}
