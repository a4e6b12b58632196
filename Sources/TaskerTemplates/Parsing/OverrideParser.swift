import TaskerProtocol

/// One environment of `environments`.
struct OverrideParser {
    let findings: FindingCollector
    private let stepNames: [String]
    private let known: Set<String>

    init(findings: FindingCollector, stepNames: [String]) {
        self.findings = findings
        self.stepNames = stepNames
        known = Set(stepNames)
    }

    func overrides(_ node: Node, environment: String) -> [StepOverride] {
        let place = Place(text: "environment \(quoted(environment))")
        guard
            let map = MapReader(
                node, table: Tables.environment, place: place, what: place.text, findings: findings)
        else { return [] }
        return map.list("steps", of: "steps").compactMap { override($0, in: place) }
    }

    private func override(_ node: Node, in environment: Place) -> StepOverride? {
        guard !node.isNull else {
            findings.add(.typeMismatch, "a step of \(environment.text) must be a map, not null", at: node.position)
            return nil
        }
        let stated = node.entries?.first { $0.key == "name" }?.value.scalar?.value.stringValue
        var place = Place(text: "a step of \(environment.text)")
        if let stated, !stated.isEmpty {
            place = Place(
                text: "step \(quoted(stated)) of \(environment.text)", step: known.contains(stated) ? stated : nil)
        }
        guard let map = MapReader(node, table: Tables.override, place: place, what: place.text, findings: findings)
        else { return nil }

        map.require("name", hint: "write the name of a step, or ALL")
        let name = map.string("name")
        if let name, name != "ALL", !known.contains(name) {
            map.add(
                .unknownOverrideStep,
                "\(environment.text) overrides the step \(quoted(name)), which the template does not have",
                at: map.position("name"), hint: findings.didYouMean(name, among: stepNames + ["ALL"]))
        }
        var override = StepOverride(step: name ?? "")
        if let node = map.node("handler"),
            let handler = MapReader(
                node, table: Tables.overrideHandler, place: place.inner("handler"), what: "'handler' of \(place.text)",
                findings: findings)
        {
            if case .object(let members) = handler.object("initialization"), !members.isEmpty {
                override.initialization = members
            }
            override.queue = StepParser.queue(handler)
        }
        override.timeoutMilliseconds = StepParser.timeout(map)
        // Null is the empty map, and an empty block replaces by the defaults.
        if map.entry("retry") != nil { override.retry = RetryParser(findings: findings).retry(map) }
        return override
    }
}
