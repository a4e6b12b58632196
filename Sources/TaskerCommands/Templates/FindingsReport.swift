import TaskerProtocol
import TaskerTemplates

/// Findings for people, programs, GitHub and SARIF readers: the same facts in each.
struct FindingsReport {
    enum Format: String, CaseIterable {
        case table, json, github, sarif
    }

    var sources: [TemplateInput.Source]
    var warnings: [Diagnostic]

    var findings: [Diagnostic] { warnings + sources.flatMap { $0.templates.flatMap(\.findings) } }
    var isValid: Bool { !findings.contains { $0.severity == .error } }

    // MARK: - Text

    /// Each finding with its line and a caret below the place.
    func text(style: Style) -> String {
        var text = ""
        for finding in warnings { text += Self.line(finding, style) + "\n" }
        for source in sources {
            let lines = source.text.split(separator: "\n", omittingEmptySubsequences: false)
            for finding in source.templates.flatMap(\.findings) {
                text += Self.line(finding, style) + "\n"
                if finding.line <= lines.count { text += Self.excerpt(lines[finding.line - 1], finding, style) }
                for place in finding.related {
                    text += "    \(finding.file):\(place.line):\(place.column): \(TextTable.clean(place.message))\n"
                }
                if let hint = finding.hint { text += "    \(style(.hint, "hint:")) \(TextTable.clean(hint))\n" }
            }
        }
        return text
    }

    private static func line(_ finding: Diagnostic, _ style: Style) -> String {
        let role: Style.Role = finding.severity == .error ? .error : finding.severity == .warning ? .warning : .dim
        let label = style(role, "\(finding.severity.rawValue)[\(finding.code.rawValue)]")
        return
            "\(TextTable.clean(finding.file)):\(finding.line):\(finding.column): \(label): \(TextTable.clean(finding.message))"
    }

    private static func excerpt(_ line: Substring, _ finding: Diagnostic, _ style: Style) -> String {
        let number = String(finding.line)
        let shown = TextTable.clean(String(line.prefix(160)))
        let gutter = String(repeating: " ", count: number.count)
        let offset = min(finding.column - 1, shown.count)
        return "    \(style(.dim, number + " |")) \(shown)\n    \(style(.dim, gutter + " |")) "
            + String(repeating: " ", count: offset) + style(.good, "^") + "\n"
    }

    var summary: String {
        let all = findings
        let templates = sources.flatMap(\.templates)
        func count(_ number: Int, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }
        let parts = [
            count(sources.count, "file"), count(templates.count, "template"),
            count(templates.reduce(0) { $0 + $1.stepCount }, "step"),
            count(all.count { $0.severity == .error }, "error"),
            count(all.count { $0.severity == .warning }, "warning"),
        ]
        return parts.joined(separator: ", ")
    }

    // MARK: - Programs

    /// One template: its report as the API gives it. Several: an object with `files`.
    var json: JSONValue {
        let reports = sources.flatMap { source in
            source.templates.map { parsed -> JSONValue in
                guard case .object(var members) = parsed.json else { return parsed.json }
                members["file"] = .string(source.file)
                return .object(members)
            }
        }
        return [
            "valid": .bool(isValid),
            "step_count": .number(sources.flatMap(\.templates).reduce(0) { $0 + $1.stepCount }),
            "has_cycles": .bool(sources.flatMap(\.templates).contains(where: \.hasCycles)),
            "findings": .array(findings.map(\.json)), "templates": .array(reports),
        ]
    }

    /// Workflow commands of GitHub Actions.
    var github: String {
        findings.map { finding in
            let level = finding.severity == .info ? "notice" : finding.severity.rawValue
            let message = finding.message + (finding.hint.map { "\nhint: \($0)" } ?? "")
            return "::\(level) file=\(Self.property(finding.file)),line=\(finding.line),col=\(finding.column),"
                + "title=\(finding.code.rawValue)::\(Self.data(message))\n"
        }.joined()
    }

    private static func data(_ text: String) -> String {
        text.replacing("%", with: "%25").replacing("\r", with: "%0D").replacing("\n", with: "%0A")
    }

    private static func property(_ text: String) -> String {
        data(text).replacing(":", with: "%3A").replacing(",", with: "%2C")
    }

    /// SARIF 2.1.0.
    var sarif: JSONValue {
        let all = findings
        let codes = Set(all.map(\.code.rawValue)).sorted()
        let results: [JSONValue] = all.map { finding in
            let level = finding.severity == .info ? "note" : finding.severity.rawValue
            var members: [String: JSONValue] = [
                "ruleId": .string(finding.code.rawValue), "level": .string(level),
                "message": ["text": .string(finding.message + (finding.hint.map { " (hint: \($0))" } ?? ""))],
                "locations": [Self.location(finding.file, finding.line, finding.column, nil)],
            ]
            if !finding.related.isEmpty {
                members["relatedLocations"] = .array(
                    finding.related.map { Self.location(finding.file, $0.line, $0.column, $0.message) })
            }
            return .object(members)
        }
        return [
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
            "runs": [
                [
                    "tool": [
                        "driver": [
                            "name": "tasker-ctl", "version": .string(TaskerCtl.version),
                            "rules": .array(codes.map { ["id": .string($0)] }),
                        ]
                    ],
                    "columnKind": "unicodeCodePoints", "results": .array(results),
                ]
            ],
        ]
    }

    private static func location(_ file: String, _ line: Int, _ column: Int, _ message: String?) -> JSONValue {
        var members: [String: JSONValue] = [
            "physicalLocation": [
                "artifactLocation": ["uri": .string(file == "-" ? "stdin" : file)],
                "region": ["startLine": .number(line), "startColumn": .number(column)],
            ]
        ]
        if let message { members["message"] = ["text": .string(message)] }
        return .object(members)
    }
}
