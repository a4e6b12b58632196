import TaskerTemplates

@testable import TaskerEngine

extension Oracle {
    /// Every error that the contract (sections 6.1 and 7.1) sees in an outcome of that step; none: it is valid.
    func errors(of name: String, _ outcome: RandomOutcome, _ settings: EngineSettings) -> Set<String> {
        switch steps[name]?.type {
        case .decision: branchErrors(of: name, outcome, settings)
        case .batchable: batchErrors(of: name, outcome, settings)
        default: []
        }
    }

    private func branchErrors(of name: String, _ outcome: RandomOutcome, _ settings: EngineSettings) -> Set<String> {
        guard case .branches(let given) = outcome else { return ["decision_outcome_missing"] }
        let names = Set(given)
        if names.isEmpty { return [] }
        var errors: Set<String> = []
        if !settings.isDecidingEnabled { errors.insert("decision_disabled") }
        if names.count > settings.maxStepsPerDecision { errors.insert("decision_too_many_steps") }
        if depth(of: name) > settings.maxDecisionDepth { errors.insert("decision_depth_exceeded") }
        if names.contains(where: { steps[$0] == nil }) { errors.insert("decision_unknown_step") }
        if names.contains(where: { steps[$0] != nil && !selectable(by: name).contains($0) }) {
            errors.insert("decision_invalid_descendant")
        }
        return errors
    }

    /// Decisions on the longest way from one that nobody chose.
    private func depth(of decision: String) -> Int {
        1 + ((creators[decision] ?? []).map { depth(of: $0) }.max() ?? 0)
    }

    private func batchErrors(of name: String, _ outcome: RandomOutcome, _ settings: EngineSettings) -> Set<String> {
        if case .noBatches = outcome { return [] }
        guard case .batches(let given, let ids, let count) = outcome else { return ["batch_outcome_missing"] }
        var errors: Set<String> = []
        if !settings.isBatchingEnabled { errors.insert("batch_disabled") }
        if ids.isEmpty { errors.insert("batch_empty") }
        if ids.count > settings.maxWorkersPerBatch { errors.insert("batch_too_many") }
        if let count, count != ids.count { errors.insert("batch_count_mismatch") }
        let all = ids.enumerated().map { $1 ?? Self.number($0) }
        if Set(all).count < all.count { errors.insert("batch_duplicate_id") }
        let isBad = ids.contains { id in
            guard let id else { return false }
            return id.isEmpty || id.count > 64 || id.hasPrefix("-") || id.contains(" ")
        }
        if isBad { errors.insert("batch_bad_id") }
        let worker = worker(of: name, given: given)
        if let error = worker.error { errors.insert(error) }
        if let worker = worker.name, all.contains(where: { rows.contains("\(worker)_\($0)") }) {
            errors.insert("batch_name_taken")
        }
        return errors
    }

    /// The worker template that an outcome means.
    func worker(of analyzer: String, given: String?) -> (name: String?, error: String?) {
        let named =
            given.flatMap { steps[$0] == nil ? nil : $0 } ?? steps[analyzer].flatMap { Self.namedWorker(of: $0, steps) }
        if let named { return makers(of: named).contains(analyzer) ? (named, nil) : (nil, "batch_unknown_worker") }
        let dependents = template.steps.filter { $0.type == .batchWorker && $0.dependencies.contains(analyzer) }
        if dependents.count == 1 { return (dependents[0].name, nil) }
        return (nil, dependents.isEmpty ? "batch_unknown_worker" : "batch_ambiguous_worker")
    }

    // MARK: - Batches

    func configuration(ofWorker row: String) -> BatchConfiguration? {
        guard let template = workerTemplate[row], let maker = creators[row]?.first else { return nil }
        return steps[template]?.batch ?? steps[maker]?.batch ?? BatchConfiguration()
    }

    /// The workers of the set that a row belongs to.
    func siblings(of row: String) -> [String] {
        guard let template = workerTemplate[row], let maker = creators[row]?.first else { return [] }
        return (workers[template] ?? []).filter { creators[$0] == [maker] }
    }
}
