/// Collects the findings of one document. Local to one parse, never shared.
final class FindingCollector {
    let file: String
    let options: TemplateParser.Options
    private(set) var findings: [Diagnostic] = []
    private(set) var hasErrors = false
    private var legacyKeys: [(key: String, position: Position)] = []
    /// Work that may still go into hints; a hostile file runs out of hints, not us out of time.
    private var suggestionBudget = 100_000

    init(file: String, options: TemplateParser.Options) {
        self.file = file
        self.options = options
    }

    func add(
        _ code: DiagnosticCode, _ message: String, at position: Position, step: String? = nil, hint: String? = nil,
        related: [Diagnostic.Related] = []
    ) {
        if code.isVerbose, !options.isVerbose { return }
        var severity = code.severity
        if options.isStrict, severity == .warning { severity = .error }
        if severity == .error { hasErrors = true }
        findings.append(
            Diagnostic(
                severity: severity, code: code, message: message, file: file, line: position.line,
                column: position.column, step: step, hint: hint, related: related))
    }

    func addLegacyKey(_ key: String, at position: Position) { legacyKeys.append((key, position)) }

    /// Reports the legacy keys seen, once for all.
    func reportLegacyKeys() {
        guard let first = legacyKeys.min(by: { $0.position < $1.position }) else { return }
        var names: [String] = []
        for (key, _) in legacyKeys where !names.contains(key) { names.append(key) }
        let list = names.map { "'\($0)'" }.joined(separator: ", ")
        add(.legacyKey, "legacy keys without effect: \(list)", at: first.position)
    }

    func didYouMean(_ name: String, among candidates: some Collection<String>) -> String? {
        guard suggestionBudget > 0 else { return nil }
        let length = min(300, name.unicodeScalars.count)
        suggestionBudget -= candidates.count * (1 + length * length / 64)
        return Suggestion.nearest(to: name, among: candidates).map { "did you mean '\($0)'?" }
    }

    func sorted() -> [Diagnostic] { findings.sorted(by: Diagnostic.precedes) }
}

/// A name as it appears in a message: long ones are cut.
func quoted(_ name: String) -> String {
    let scalars = name.unicodeScalars
    if name.utf8.count <= 80 { return "'\(name)'" }
    return "'\(String(String.UnicodeScalarView(scalars.prefix(60))))...'"
}
