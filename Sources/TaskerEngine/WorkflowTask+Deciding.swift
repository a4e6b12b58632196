import TaskerProtocol
import TaskerTemplates

/// What the results of decisions and batchable steps make (engine contract, sections 6 and 7).
extension WorkflowTask {
    /// What an outcome means for this task, found before anything is changed.
    enum Growth {
        case none
        /// Nodes that a decision's row at a place has chosen, with what lies behind them.
        case chosen([Int])
        case workers(node: Int, [BatchItem])
    }

    /// Reads and checks the outcome of a step that is about to complete.
    /// - Throws: ``OutcomeError``: the step must not complete with this result.
    func growth(of place: Int, result: RawJSON?, _ settings: EngineSettings) throws(OutcomeError) -> Growth {
        switch template(of: place).type {
        case .decision: try decided(place, try DecisionOutcome(result), settings)
        case .batchable:
            try analyzed(place, try BatchOutcome(result, limit: settings.maxWorkersPerBatch), settings)
        default: .none
        }
    }

    /// `resolve_manually` on a decision means no branches, on a batchable step no batches: a placeholder of the worker that
    /// it names. One is enough when several batchable steps name the same.
    func growthOfResolving(_ place: Int) -> Growth {
        let node = steps[place].node
        guard plan.nodes[node].template.type == .batchable, let worker = plan.nodes[node].namedWorker,
            plan.nodes[worker].analyzers.contains(node), takenName([.placeholder], of: worker) == nil
        else { return .none }
        return .workers(node: worker, [.placeholder])
    }

    /// Makes what follows from a decision or a batchable step that has just become satisfied.
    mutating func grow(_ growth: Growth, from place: Int, _ context: inout EngineContext) {
        let type = template(of: place).type
        guard type == .decision || type == .batchable else { return }
        let now = context.now
        let first = steps.count
        func newID() -> StepID { context.ids.nextID(at: now) }
        switch growth {
        case .none: break
        case .chosen(let nodes):
            for node in nodes {
                let row = row(of: node) ?? addRow(of: node, at: now, newID)
                if !steps[row].creators.contains(place) { steps[row].creators.append(place) }
            }
        case .workers(let node, let items): createWorkers(items, from: node, analyzer: place, at: now, newID)
        }
        let chosen: [Int] = if case .chosen(let nodes) = growth { nodes } else { [] }
        let fates = determine { task, node in task.addRow(of: node, at: now, newID) }
        // Rows that another decision had chosen before get this one as a parent, too.
        for node in chosen {
            if let row = row(of: node), row < first {
                connect(row, fates)
                effects.append(.stepChanged(row))
            }
        }
        finishGrowing(from: first, fates)
        if steps.count > first {
            effects.append(.journal(.created(first: first, count: steps.count - first, by: place)))
        }
        ripe += (first..<steps.count).filter { steps[$0].batch == nil && steps[$0].unsatisfiedParents == 0 }
        // A dependency that will never exist may have been the last one that a row waited for.
        ripe += (0..<first).filter {
            steps[$0].state == .pending && steps[$0].batch == nil && steps[$0].unsatisfiedParents == 0
        }
        setsToAdmit.formUnion(batches.indices)
    }

    // MARK: - Decisions

    private func decided(
        _ place: Int, _ outcome: DecisionOutcome, _ settings: EngineSettings
    ) throws(OutcomeError) -> Growth {
        guard case .createSteps(let names) = outcome else { return .none }
        guard settings.isDecidingEnabled else {
            throw OutcomeError("decision_disabled", "decisions are switched off in this orchestrator's settings")
        }
        guard names.count <= settings.maxStepsPerDecision else {
            throw OutcomeError(
                "decision_too_many_steps",
                "\(names.count) steps chosen; at most \(settings.maxStepsPerDecision) are allowed")
        }
        guard decisionDepth(of: place) <= settings.maxDecisionDepth else {
            throw OutcomeError(
                "decision_depth_exceeded",
                "decisions are nested deeper than \(settings.maxDecisionDepth)")
        }
        let segment = segment(of: steps[place].node)
        var nodes: [Int] = []
        for name in names {
            guard let node = plan.place(of: name) else {
                let nearest = Suggestion.nearest(to: name, among: plan.template.steps.map(\.name))
                throw OutcomeError(
                    "decision_unknown_step",
                    "the template has no step '\(name)'" + (nearest.map { "; did it mean '\($0)'?" } ?? ""))
            }
            guard segment.contains(node), !isJoin(node) else {
                throw OutcomeError(
                    "decision_invalid_descendant",
                    isJoin(node)
                        ? "step '\(name)' is of type \(plan.nodes[node].template.type.rawValue), which cannot be chosen"
                        : "step '\(name)' does not lie behind decision '\(steps[place].name)', or only behind another decision"
                )
            }
            nodes.append(node)
        }
        return .chosen(closure(of: nodes))
    }

    private func isJoin(_ node: Int) -> Bool {
        let type = plan.nodes[node].template.type
        return type == .batchWorker || type == .deferredConvergence
    }

    /// Nodes reachable from a decision without passing through another one, which is included.
    private func segment(of decision: Int) -> Set<Int> {
        var seen: Set<Int> = []
        var open = plan.nodes[decision].children
        while let node = open.popLast() {
            guard seen.insert(node).inserted, plan.nodes[node].template.type != .decision else { continue }
            open += plan.nodes[node].children
        }
        return seen
    }

    /// The chosen nodes and all that follows from them within the segment, in template order.
    private func closure(of chosen: [Int]) -> [Int] {
        var seen: Set<Int> = []
        var open = chosen
        while let node = open.popLast() {
            guard seen.insert(node).inserted, plan.nodes[node].template.type != .decision else { continue }
            open += plan.nodes[node].children.filter { !isJoin($0) && !plan.nodes[$0].isBehindJoin }
        }
        return seen.sorted()
    }

    /// 1 for a decision that no other one has chosen.
    private func decisionDepth(of place: Int) -> Int {
        var known: [Int: Int] = [:]
        func depth(_ row: Int) -> Int {
            if let depth = known[row] { return depth }
            let depth = 1 + (steps[row].creators.map { depth($0) }.max() ?? 0)
            known[row] = depth
            return depth
        }
        return depth(place)
    }

    // MARK: - Batches

    private func analyzed(
        _ place: Int, _ outcome: BatchOutcome, _ settings: EngineSettings
    ) throws(OutcomeError) -> Growth {
        let node = steps[place].node
        guard case .createBatches(let name, let items) = outcome else { return growthOfResolving(place) }
        guard settings.isBatchingEnabled else {
            throw OutcomeError("batch_disabled", "batch processing is switched off in this orchestrator's settings")
        }
        let worker = try workerNode(of: node, name: name)
        if let name = takenName(items, of: worker) {
            throw OutcomeError("batch_name_taken", "a step named '\(name)' exists already")
        }
        return .workers(node: worker, items)
    }

    /// The first name among those of the workers to be made that another step has.
    private func takenName(_ items: [BatchItem], of worker: Int) -> String? {
        let taken = batches.isEmpty ? [] : Set(batches.flatMap { $0.members.map { steps[$0].name } })
        return items.lazy.map { "\(plan.nodes[worker].template.name)_\($0.id)" }
            .first { plan.place(of: $0) != nil || taken.contains($0) }
    }

    private func workerNode(of analyzer: Int, name: String?) throws(OutcomeError) -> Int {
        if let name, let given = plan.place(of: name) {
            guard plan.nodes[given].template.type == .batchWorker else {
                throw OutcomeError("batch_unknown_worker", "step '\(name)' is no batch_worker")
            }
            return try owned(given, by: analyzer)
        }
        if let named = plan.nodes[analyzer].namedWorker { return try owned(named, by: analyzer) }
        let dependents = plan.nodes[analyzer].children.filter { plan.nodes[$0].template.type == .batchWorker }
        if dependents.count == 1 { return dependents[0] }
        if dependents.count > 1 {
            throw OutcomeError(
                "batch_ambiguous_worker",
                "several batch workers depend on this step; name one of them as worker_template_name")
        }
        throw OutcomeError(
            "batch_unknown_worker",
            name.map { "the template has no batch worker '\($0)'" } ?? "no batch worker depends on this step")
    }

    /// The worker, if that batchable step may make it: what waits for the worker could not know otherwise when all is made.
    private func owned(_ worker: Int, by analyzer: Int) throws(OutcomeError) -> Int {
        guard plan.nodes[worker].analyzers.contains(analyzer) else {
            throw OutcomeError(
                "batch_unknown_worker",
                "the batch worker '\(plan.nodes[worker].template.name)' belongs to another batchable step")
        }
        return worker
    }
}
