import TaskerProtocol

/// One thing found in a template file.
public struct Diagnostic: Sendable, Hashable {
    public enum Severity: String, Sendable, CaseIterable {
        case error, warning, info
    }

    /// Another place that the finding is about.
    public struct Related: Sendable, Hashable {
        public var line: Int
        public var column: Int
        public var message: String

        public init(line: Int, column: Int, message: String) {
            self.line = line
            self.column = column
            self.message = message
        }
    }

    public var severity: Severity
    public var code: DiagnosticCode
    public var message: String
    public var file: String
    /// From 1.
    public var line: Int
    /// From 1, in characters.
    public var column: Int
    /// The step it is about.
    public var step: String?
    public var hint: String?
    public var related: [Related]
    /// Where in a template that arrived as JSON, as a JSON pointer; nil for YAML.
    public var pointer: String?

    public init(
        severity: Severity, code: DiagnosticCode, message: String, file: String, line: Int, column: Int,
        step: String? = nil, hint: String? = nil, related: [Related] = [], pointer: String? = nil
    ) {
        self.severity = severity
        self.code = code
        self.message = message
        self.file = file
        self.line = line
        self.column = column
        self.step = step
        self.hint = hint
        self.related = related
        self.pointer = pointer
    }

    /// For people: one line, the hint and related places indented below it.
    public var text: String {
        var text = "\(file):\(line):\(column): \(severity.rawValue)[\(code.rawValue)]: \(message)"
        for place in related { text += "\n    \(file):\(place.line):\(place.column): \(place.message)" }
        if let hint { text += "\n    hint: \(hint)" }
        return text
    }

    public var json: JSONValue {
        var members: [String: JSONValue] = [
            "code": .string(code.rawValue), "severity": .string(severity.rawValue), "message": .string(message),
            "file": .string(file), "line": .number(line), "column": .number(column),
        ]
        if let step { members["step"] = .string(step) }
        if let hint { members["hint"] = .string(hint) }
        if let pointer { members["pointer"] = .string(pointer) }
        if !related.isEmpty {
            members["related"] = .array(
                related.map {
                    ["line": .number($0.line), "column": .number($0.column), "message": .string($0.message)]
                })
        }
        return .object(members)
    }

    /// Order of reports: by place, then by code.
    static func precedes(_ left: Diagnostic, _ right: Diagnostic) -> Bool {
        (left.line, left.column, left.code.rawValue, left.message)
            < (right.line, right.column, right.code.rawValue, right.message)
    }
}
