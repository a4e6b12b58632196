import TaskerProtocol
import TaskerTemplates

/// Whether the step of a node exists (engine contract, section 6.3).
public enum StepFate: Sendable {
    case exists, neverExists, undetermined
}

/// Rows and edges: what comes to exist, and when it is certain what never will.
extension WorkflowTask {
    /// Makes the rows that are determined now: convergences whose dependencies are known, and steps behind them. To be
    /// called at creation and whenever a decision or a batchable step has finished.
    mutating func grow(at now: Timestamp, _ newID: () -> StepID) {
        guard !plan.isStatic else { return }
        let before = steps.count
        let fates = determine { task, node in task.addRow(of: node, at: now, newID) }
        finishGrowing(from: before, fates)
    }

    /// What is known of each node, by its place in the plan.
    public func fates() -> [StepFate] {
        if plan.isStatic { return [StepFate](repeating: .exists, count: plan.nodes.count) }
        var copy = self
        return copy.determine { _, _ in }
    }

    /// Goes through the nodes in topological order.
    /// - Parameter make: called for each node whose row is due and not there.
    mutating func determine(_ make: (inout WorkflowTask, Int) -> Void) -> [StepFate] {
        var fates = [StepFate](repeating: .undetermined, count: plan.nodes.count)
        // An undecided decision may still choose it.
        var mayBeChosen = [Bool](repeating: false, count: plan.nodes.count)
        var hasWorkers = [Bool](repeating: false, count: plan.nodes.count)
        for batch in batches { hasWorkers[batch.node] = true }
        for index in plan.order {
            let node = plan.nodes[index]
            mayBeChosen[index] = node.parents.contains { parent in
                plan.nodes[parent].template.type == .decision
                    ? fates[parent] != .neverExists && !isFinished(parent) : mayBeChosen[parent]
            }
            if node.template.type == .batchWorker {
                let isSettled = node.analyzers.allSatisfy { fates[$0] == .neverExists || isFinished($0) }
                fates[index] = !isSettled ? .undetermined : hasWorkers[index] ? .exists : .neverExists
            } else if row(of: index) != nil {
                fates[index] = .exists
            } else if node.template.type == .deferredConvergence {
                let joined = node.parents.filter { plan.nodes[$0].template.type != .decision }
                if joined.allSatisfy({ fates[$0] == .neverExists }) {
                    fates[index] = .neverExists
                } else if node.parents.allSatisfy({ fates[$0] != .undetermined }) {
                    make(&self, index)
                    fates[index] = .exists
                }
            } else if node.isBehindJoin, node.parents.allSatisfy({ fates[$0] == .exists }) {
                make(&self, index)
                fates[index] = .exists
            } else if mayBeChosen[index] {
                fates[index] = .undetermined
            } else if !node.isBehindJoin || node.parents.contains(where: { fates[$0] == .neverExists }) {
                fates[index] = .neverExists
            }
        }
        return fates
    }

    /// The row of a node has ended so that nothing more can come of it.
    private func isFinished(_ node: Int) -> Bool { row(of: node).map { steps[$0].state.isSatisfied } ?? false }

    // MARK: - Rows

    @discardableResult
    mutating func addRow(of node: Int, at now: Timestamp, _ newID: () -> StepID) -> Int {
        let place = addRow(
            Step(
                id: newID(), name: plan.nodes[node].template.name, place: steps.count, node: node, createdAt: now))
        rowOfNode[node] = place
        return place
    }

    @discardableResult
    mutating func addRow(_ step: Step) -> Int {
        steps.append(step)
        places[step.id] = step.place
        counts[step.state.ordinal] += 1
        return step.place
    }

    // MARK: - Edges

    /// Gives the rows from `first` on their edges, and those that waited to know their dependencies what is known now.
    mutating func finishGrowing(from first: Int, _ fates: [StepFate]) {
        for place in 0..<first where steps[place].undeterminedParents > 0 { connect(place, fates) }
        for place in first..<steps.count { connect(place, fates) }
        if steps.count > first { effects.append(.stepsAdded(from: first)) }
    }

    /// Brings a row's parents up to date: the declared dependencies that exist, and who chose or made it.
    /// - Parameter fates: nil when all dependencies are rows.
    mutating func connect(_ place: Int, _ fates: [StepFate]? = nil) {
        let node = plan.nodes[steps[place].node]
        var parents: [Int] = []
        var undetermined = 0
        for dependency in node.parents {
            switch fates?[dependency] ?? .exists {
            case .undetermined:
                undetermined += 1
            case .neverExists: break
            case .exists:
                if let row = row(of: dependency), plan.nodes[dependency].template.type != .batchWorker {
                    parents.append(row)
                } else {
                    for batch in batches where batch.node == dependency { parents += batch.members }
                }
            }
        }
        for creator in steps[place].creators where !parents.contains(creator) { parents.append(creator) }
        let known = steps[place].parents
        if known.isEmpty {
            for parent in parents { steps[parent].children.append(place) }
        } else {
            let known = Set(known)
            for parent in parents where !known.contains(parent) { steps[parent].children.append(place) }
        }
        steps[place].parents = parents
        steps[place].undeterminedParents = undetermined
        steps[place].unsatisfiedParents = parents.count { !isSatisfied($0) }
    }

    /// Its dependents may run: done, resolved, or a failure that its batch set tolerates.
    public func isSatisfied(_ place: Int) -> Bool {
        if steps[place].state.isSatisfied { return true }
        guard steps[place].state == .error, let batch = steps[place].batch else { return false }
        return batches[batch].isTolerating
    }

    /// Some declared dependency may still come to exist.
    public func waitsForUndecided(_ place: Int) -> Bool { steps[place].undeterminedParents > 0 }

    /// A failed batch worker that its set goes on without.
    public func isTolerated(_ place: Int) -> Bool { steps[place].state == .error && isSatisfied(place) }

    /// Edges, batch sets and counters of rows that came from a store.
    mutating func restoreEdges() {
        if plan.isStatic {
            for place in steps.indices {
                steps[place].parents = plan.nodes[place].parents
                steps[place].children = plan.nodes[place].children
            }
        } else {
            rowOfNode = [Int](repeating: -1, count: plan.nodes.count)
            for step in steps where plan.nodes[step.node].template.type != .batchWorker {
                rowOfNode[step.node] = step.place
            }
            restoreBatches()
            let fates = determine { _, _ in }
            for place in steps.indices { connect(place, fates) }
        }
        for place in steps.indices {
            steps[place].unsatisfiedParents = steps[place].parents.count { !isSatisfied($0) }
        }
    }
}
