import TaskerProtocol

/// Turns one document into a template, reporting everything wrong with it.
struct DocumentParser {
    static let stepLimit = 10_000
    static let dependencyLimit = 256

    let findings: FindingCollector
    private(set) var stepCount = 0
    private(set) var hasCycles = false

    init(findings: FindingCollector) { self.findings = findings }

    /// nil when it is no map at all; a template with errors is returned with what could be read.
    mutating func template(_ root: Node) -> TaskTemplate? {
        guard !root.isNull else {
            findings.add(.typeMismatch, "a template must be a map, not null", at: root.position)
            return nil
        }
        guard
            let map = MapReader(root, table: Tables.root, place: .root, what: "a template", findings: findings)
        else { return nil }

        let name = name(map)
        let namespace = namespace(map)
        let version = version(map)
        let description = map.string("description")
        let metadata = map.object("metadata")
        let identity = map.choice("identity_strategy", IdentityStrategy.self)
        let inputSchema = map.schema("input_schema")
        let lifecycle = map.node("lifecycle").flatMap(lifecycle)
        let drafts = steps(map)
        let environments = environments(map, drafts)

        var checks = TemplateChecks(drafts: drafts, findings: findings)
        checks.run()
        hasCycles = checks.hasCycles
        return TaskTemplate(
            name: name, namespace: namespace, version: version, description: description, metadata: metadata,
            identityStrategy: identity ?? .alwaysUnique, inputSchema: inputSchema, environments: environments,
            lifecycle: lifecycle, steps: drafts.map(\.step), isIdentityStrategyStated: identity != nil)
    }

    // MARK: - Root fields

    private func name(_ map: MapReader) -> String {
        map.require("name")
        guard let name = map.string("name", length: 1...255) else { return "" }
        if !Names.isName(name) {
            map.add(
                .badName, "\(quoted(name)) is no template name", at: map.position("name"),
                hint: "letters, digits, '_', '.', '-'; the first is a letter or '_'")
        }
        return name
    }

    private func namespace(_ map: MapReader) -> String {
        map.require("namespace_name")
        guard let name = map.string("namespace_name", length: 1...64) else { return "" }
        let position = map.position("namespace_name")
        if !Names.isNamespace(name) {
            map.add(
                .badName, "\(quoted(name)) is no namespace name", at: position,
                hint: "letters, digits, '_', '-'; the first is a letter or '_'")
        } else if name.count > 29 || name.contains("-") {
            map.add(
                .namespaceNotPortable,
                "the namespace \(quoted(name)) has more than 29 characters or a '-', which older engines refuse",
                at: position, hint: "use at most 29 letters, digits and '_'")
        }
        return name
    }

    private func version(_ map: MapReader) -> String {
        map.require("version", hint: "write version: \"1.0.0\"")
        guard let node = map.node("version") else { return "" }
        var text = ""
        switch node.scalar?.value {
        case .string(let string)?: text = string
        case .integer?, .double?:
            text = node.scalar?.text ?? ""
            map.add(
                .versionUnquoted, "the version \(text.prefix(50)) is a number; it is taken as written",
                at: node.position, hint: "put it in quotes")
        default:
            map.mismatch("version", node, expected: "a string", hint: "write version: \"1.0.0\"")
            return ""
        }
        guard (1...50).contains(text.unicodeScalars.count) else {
            map.outOfRange("version", node, "1 to 50 characters long")
            return text
        }
        if !Names.isVersion(text) {
            map.add(
                .badName, "\(quoted(text)) is no version", at: node.position,
                hint: "letters, digits, '_', '.', '+', '-'; the first is a letter or digit")
        } else if !Names.isSemanticVersion(text) {
            map.add(
                .versionNotSemver, "the version \(quoted(text)) is no semantic version", at: node.position,
                hint: "write MAJOR.MINOR.PATCH, such as \"1.0.0\"")
        }
        return text
    }

    private func lifecycle(_ node: Node) -> Lifecycle? {
        guard
            let map = MapReader(
                node, table: Tables.lifecycle, place: Place(text: "lifecycle"), what: "'lifecycle'",
                findings: findings)
        else { return nil }
        func minutes(_ name: String, _ range: ClosedRange<Int64>) -> Int? { map.integer(name, range).map(Int.init) }
        let lifecycle = Lifecycle(
            maxDurationMinutes: minutes("max_duration_minutes", 1...43_200),
            maxWaitingForDependenciesMinutes: minutes("max_waiting_for_dependencies_minutes", 1...10_080),
            maxWaitingForRetryMinutes: minutes("max_waiting_for_retry_minutes", 1...10_080),
            maxStepsInProcessMinutes: minutes("max_steps_in_process_minutes", 1...10_080),
            stalenessAction: map.choice("staleness_action", StalenessAction.self) ?? .deadLetter,
            autoDeadLetterOnTimeout: map.bool("auto_dlq_on_timeout"),
            autoFailOnTimeout: map.bool("auto_fail_on_timeout"))
        return lifecycle == Lifecycle() ? nil : lifecycle
    }

    // MARK: - Lists of steps

    private mutating func steps(_ map: MapReader) -> [StepDraft] {
        let items = map.list("steps", of: "steps")
        stepCount = items.count
        if items.isEmpty, map.entry("steps")?.value.isInvalid != true {
            let isWrongType = map.node("steps").map { if case .sequence = $0.content { false } else { true } } ?? false
            if !isWrongType {
                map.add(
                    .noSteps, "the template has no steps: its tasks complete at once",
                    at: map.entry("steps")?.keyPosition ?? map.position)
            }
            return []
        }
        guard items.count <= Self.stepLimit else {
            map.add(
                .tooManySteps, "the template has \(items.count) steps; the most is \(Self.stepLimit)",
                at: map.position("steps"), hint: "split it into several templates")
            return []
        }
        return items.enumerated().compactMap { index, item in
            StepParser(findings: findings).step(item, number: index + 1)
        }
    }

    private func environments(_ map: MapReader, _ drafts: [StepDraft]) -> [String: [StepOverride]] {
        guard let node = map.node("environments") else { return [:] }
        guard case .mapping(let entries) = node.content else {
            map.mismatch("environments", node, expected: "a map of environment names")
            return [:]
        }
        let parser = OverrideParser(findings: findings, stepNames: drafts.map(\.step.name))
        return Dictionary(
            entries.map { ($0.key, parser.overrides($0.value, environment: $0.key)) },
            uniquingKeysWith: { first, _ in first })
    }
}
