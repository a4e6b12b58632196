/// What can only be seen with all steps at hand.
struct TemplateChecks {
    let drafts: [StepDraft]
    let findings: FindingCollector
    private let graph: StepGraph
    private(set) var hasCycles = false

    init(drafts: [StepDraft], findings: FindingCollector) {
        self.drafts = drafts
        self.findings = findings
        graph = StepGraph(drafts)
    }

    mutating func run() {
        checkNames()
        checkReferences()
        checkCycles()
        BatchChecks(drafts: drafts, graph: graph, findings: findings).run()
        checkDecisions()
        checkOrphans()
    }

    private func checkNames() {
        for (index, draft) in drafts.enumerated() where draft.isNamed {
            guard let first = graph.index[draft.step.name], first != index else { continue }
            let place = drafts[first].namePosition
            add(
                .duplicateStepName, "two steps are named \(draft.label)", at: draft.namePosition, draft,
                related: [Diagnostic.Related(line: place.line, column: place.column, message: "the first is here")])
        }
    }

    private mutating func checkReferences() {
        let names = drafts.map(\.step.name).filter { !$0.isEmpty }
        for draft in drafts {
            for dependency in draft.dependencies {
                if dependency.name == draft.step.name {
                    hasCycles = true
                    add(.selfDependency, "step \(draft.label) depends on itself", at: dependency.position, draft)
                } else if graph.index[dependency.name] == nil {
                    add(
                        .missingDependency,
                        "step \(draft.label) depends on \(quoted(dependency.name)), which the template does not have",
                        at: dependency.position, draft, hint: findings.didYouMean(dependency.name, among: names))
                }
            }
        }
    }

    private mutating func checkCycles() {
        for cycle in CycleFinder(graph.dependencies).shortestCycles() {
            hasCycles = true
            let path = (cycle + cycle.prefix(1)).map { drafts[$0].step.name }
            let shown =
                path.count <= 30 ? path : Array(path.prefix(25)) + ["(\(path.count - 30) more)"] + path.suffix(5)
            let first = drafts[cycle[0]]
            let next = drafts[cycle[1]].step.name
            let position = first.dependencies.first { $0.name == next }?.position ?? first.position
            add(
                .cycleDetected, "steps depend on each other in a cycle: \(shown.joined(separator: " -> "))",
                at: position,
                first, hint: "remove one of these dependencies",
                related: cycle.dropFirst().prefix(10).map {
                    let place = drafts[$0].namePosition
                    return Diagnostic.Related(
                        line: place.line, column: place.column, message: "step \(drafts[$0].label) is part of it")
                })
        }
    }

    private func checkDecisions() {
        for draft in drafts where draft.isTypeKnown && draft.step.type == .decision && draft.dependencies.isEmpty {
            add(
                .decisionWithoutDependency, "the decision \(draft.label) depends on no step", at: draft.position, draft,
                hint: "a decision needs the result of an earlier step to decide on")
        }
        guard !hasCycles else { return }
        for join in BranchJoins(drafts: drafts, graph: graph).find() {
            let draft = drafts[join.step]
            let decision = drafts[join.decision].label
            add(
                .branchJoinNotDeferred,
                "step \(draft.label) joins \(drafts[join.first].label) and \(drafts[join.second].label), of which the "
                    + "decision \(decision) may select one only", at: draft.position, draft,
                hint: "write type: deferred_convergence to join the branches that exist")
        }
    }

    private func checkOrphans() {
        guard drafts.count >= 2 else { return }
        var named = Set(drafts.flatMap { $0.workerReferences.map(\.name) })
        named.formUnion(drafts.flatMap { $0.dependencies.map(\.name) })
        for draft in drafts
        where draft.dependencies.isEmpty && draft.workerReferences.isEmpty && !named.contains(draft.step.name) {
            add(.orphanStep, "step \(draft.label) has no dependencies and no dependents", at: draft.position, draft)
        }
    }

    private func add(
        _ code: DiagnosticCode, _ message: String, at position: Position, _ draft: StepDraft, hint: String? = nil,
        related: [Diagnostic.Related] = []
    ) {
        findings.add(code, message, at: position, step: draft.stepName, hint: hint, related: related)
    }
}
