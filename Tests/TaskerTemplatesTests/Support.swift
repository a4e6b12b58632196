import TaskerProtocol
import TaskerTemplates
import Testing

/// The findings of one document, short: `CODE line:column`, in order.
func findings(_ yaml: String, verbose: Bool = false, strict: Bool = false) -> [String] {
    parse(yaml, verbose: verbose, strict: strict).findings.map { "\($0.code.rawValue) \($0.line):\($0.column)" }
}

func parse(_ yaml: String, verbose: Bool = false, strict: Bool = false) -> ParsedTemplate {
    let parser = TemplateParser(options: .init(isStrict: strict, isVerbose: verbose))
    let documents = parser.parse(yaml: yaml, file: "t.yaml")
    if documents.count != 1 { Issue.record("expected one document, found \(documents.count)") }
    return documents.first ?? ParsedTemplate(template: nil, findings: [], stepCount: 0, hasCycles: false)
}

/// A template that is valid, with its findings as the failure message when it is not.
func template(_ yaml: String) throws -> TaskTemplate {
    let parsed = parse(yaml)
    return try #require(parsed.template, "\(parsed.findings.map(\.text).joined(separator: "\n"))")
}

/// A valid root, to which steps are added.
let head = "name: t\nnamespace: n\nversion: '1.0.0'\n"

/// One valid step without findings; four lines.
func step(_ name: String, _ more: String = "") -> String {
    "  - name: \(name)\n    handler: { callable: H }\n\(more)"
}
