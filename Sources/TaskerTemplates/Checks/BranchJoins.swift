/// Steps that are no convergence and join branches of which a decision may select one only.
///
/// A step of a decision's segment hangs on the branches it can be reached from, a branch being a direct dependent of the
/// decision. Two steps can be selected independently when they do not hang on the same branches.
struct BranchJoins {
    struct Join {
        var step: Int
        var first: Int
        var second: Int
        var decision: Int
    }

    let drafts: [StepDraft]
    let graph: StepGraph

    /// At most one per step. Empty when the steps form a cycle. It is a warning only, so its work is bounded.
    func find() -> [Join] {
        guard let order = graph.topologicalOrder() else { return [] }
        let rank = order.enumerated().reduce(into: [Int](repeating: 0, count: order.count)) {
            $0[$1.element] = $1.offset
        }
        var joins: [Int: Join] = [:]
        var work = 5_000_000
        for decision in order where drafts[decision].step.type == .decision && work > 0 {
            let branches = branches(of: decision, rank: rank, work: &work)
            for (step, _) in branches { visit(step, decision, branches, &joins) }
        }
        return joins.values.sorted { $0.step < $1.step }
    }

    private func visit(_ step: Int, _ decision: Int, _ branches: [Int: [Int]], _ joins: inout [Int: Join]) {
        guard joins[step] == nil, drafts[step].step.type != .deferredConvergence, drafts[step].isTypeKnown else {
            return
        }
        let parents = graph.dependencies[step].filter { branches[$0] != nil }
        guard let first = parents.first, let second = parents.first(where: { branches[$0] != branches[first] }) else {
            return
        }
        joins[step] = Join(step: step, first: first, second: second, decision: decision)
    }

    /// The segment of a decision, each step with the branches it hangs on, sorted.
    private func branches(of decision: Int, rank: [Int], work: inout Int) -> [Int: [Int]] {
        var segment: Set<Int> = []
        var pending = graph.dependents[decision].filter(isSelectable)
        let heads = Set(pending)
        while let step = pending.popLast() {
            guard segment.insert(step).inserted else { continue }
            work -= 1 + graph.dependents[step].count
            guard drafts[step].step.type != .decision else { continue }
            pending += graph.dependents[step].filter(isSelectable)
        }
        var branches: [Int: [Int]] = [:]
        for step in segment.sorted(by: { rank[$0] < rank[$1] }) where work > 0 {
            var set: Set<Int> = heads.contains(step) ? [step] : []
            for parent in graph.dependencies[step] where drafts[parent].step.type != .decision {
                set.formUnion(branches[parent] ?? [])
            }
            work -= set.count * (1 + graph.dependencies[step].count)
            branches[step] = set.sorted()
        }
        return branches
    }

    private func isSelectable(_ step: Int) -> Bool {
        drafts[step].step.type != .batchWorker && drafts[step].step.type != .deferredConvergence
    }
}
