/// How batchable steps and batch workers find each other.
struct BatchChecks {
    let drafts: [StepDraft]
    let graph: StepGraph
    let findings: FindingCollector

    func run() {
        checkNamedWorkers()
        let namedByBatchables = Set(
            drafts.filter { $0.step.type == .batchable }.flatMap { $0.workerReferences.map(\.name) })
        for (index, draft) in drafts.enumerated() where draft.isTypeKnown {
            switch draft.step.type {
            case .batchWorker: checkWorker(draft, index, namedByBatchables)
            case .batchable: checkBatchable(draft, index)
            default: break
            }
        }
    }

    private func checkNamedWorkers() {
        let workers = drafts.filter { $0.step.type == .batchWorker || !$0.isTypeKnown }.map(\.step.name)
        for draft in drafts where draft.step.type == .batchable || draft.step.type == .batchWorker {
            for reference in draft.workerReferences {
                let target = graph.index[reference.name].map { drafts[$0] }
                if let target, target.step.type == .batchWorker || !target.isTypeKnown { continue }
                let reason =
                    target.map { "which is of type \($0.step.type.rawValue), not batch_worker" }
                    ?? "which the template does not have"
                add(
                    .unknownWorkerTemplate,
                    "step \(draft.label) names the batch worker \(quoted(reference.name)), \(reason)",
                    at: reference.position, draft,
                    hint: target == nil ? findings.didYouMean(reference.name, among: workers) : nil)
            }
        }
    }

    private func checkWorker(_ draft: StepDraft, _ index: Int, _ named: Set<String>) {
        let dependsOnBatchable = graph.dependencies[index].contains {
            drafts[$0].step.type == .batchable || !drafts[$0].isTypeKnown
        }
        guard !dependsOnBatchable, !named.contains(draft.step.name), graph.dependents[index].isEmpty else { return }
        add(
            .batchWorkerUnreferenced, "no batchable step leads to the batch worker \(draft.label)", at: draft.position,
            draft, hint: "let it depend on a batchable step, or name it there as worker_template_name")
    }

    private func checkBatchable(_ draft: StepDraft, _ index: Int) {
        let hasWorker =
            !draft.workerReferences.isEmpty
            || graph.dependents[index].contains { drafts[$0].step.type == .batchWorker || !drafts[$0].isTypeKnown }
        guard !hasWorker else { return }
        add(
            .batchableWithoutWorker, "no batch worker depends on the batchable step \(draft.label)", at: draft.position,
            draft, hint: "add a step of type batch_worker that depends on it")
    }

    private func add(
        _ code: DiagnosticCode, _ message: String, at position: Position, _ draft: StepDraft, hint: String? = nil
    ) {
        findings.add(code, message, at: position, step: draft.stepName, hint: hint)
    }
}
