import TaskerProtocol
import TaskerTemplates

@testable import TaskerEngine

/// Rows, edges and batch sets: what the oracle expects against what the task has.
extension Witness {
    /// 16, 17, 18, 20, 21: rows and edges are those that the outcomes demand.
    mutating func compareRows(_ task: WorkflowTask) throws(Violation) {
        names = task.steps.map(\.name)
        let found = Set(names)
        try require(20, found.count == names.count, "two rows have the same name: \(names)")
        try require(
            16, found == oracle.rows,
            "rows too many: \(found.subtracting(oracle.rows)), missing: \(oracle.rows.subtracting(found))")
        let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        parents = []
        waits = []
        for step in task.steps {
            let expected = Set((oracle.parents[step.name] ?? []).compactMap { places[$0] })
            try require(
                17, Set(step.parents) == expected && step.parents.count == expected.count,
                "parents of \(step.name): \(step.parents.map { names[$0] }) instead of \(expected.map { names[$0] })")
            let isWaiting = !(oracle.undetermined[step.name] ?? []).isEmpty
            try require(
                18, task.waitsForUndecided(step.place) == isWaiting,
                "\(step.name) waits for \(oracle.undetermined[step.name] ?? [])")
            parents.append(expected)
            waits.append(isWaiting)
            guard oracle.steps[step.name]?.type == .deferredConvergence else { continue }
            let first = convergenceParents[step.place] ?? step.parents
            try require(17, first == step.parents, "the parents of \(step.name) changed")
            convergenceParents[step.place] = first
        }
        try compareBatches(task, places)
    }

    private mutating func compareBatches(_ task: WorkflowTask, _ places: [String: Int]) throws(Violation) {
        batches = []
        batchOf = [:]
        for name in names where oracle.workerTemplate[name] != nil {
            let members = oracle.siblings(of: name).compactMap { places[$0] }
            guard members.first.map({ names[$0] }) == name, let configuration = oracle.configuration(ofWorker: name)
            else { continue }
            for member in members { batchOf[member] = batches.count }
            batches.append(Batch(members: members, configuration: configuration))
            seen.insert("batch \(configuration.failureStrategy.rawValue)")
        }
        try require(
            21, batches.map(\.members) == task.batches.map(\.members),
            "sets \(task.batches.map(\.members)) instead of \(batches.map(\.members))")
    }

    /// 21: never more workers in flight than the set's parallelism.
    func checkParallelism(_ place: Int) throws(Violation) {
        guard let batch = batchOf[place] else { return }
        let inFlight = batches[batch].members.count { stepStates[$0].isInFlight }
        let limit = batches[batch].configuration.parallelism ?? Simulation.maxParallelBatches
        try require(21, inFlight <= limit, "\(inFlight) workers in flight, \(limit) allowed")
    }

    /// A failed worker that its set goes on without.
    func isTolerated(_ place: Int) -> Bool {
        guard stepStates[place] == .error, let batch = batchOf[place],
            batches[batch].configuration.failureStrategy == .isolate
        else { return false }
        let states = batches[batch].members.map { stepStates[$0] }
        return states.contains(where: \.isSatisfied) && states.allSatisfy { $0.isSatisfied || $0 == .error }
    }

    func isSatisfied(_ place: Int) -> Bool { stepStates[place].isSatisfied || isTolerated(place) }

    func isHeldByFailure(_ place: Int) -> Bool {
        guard let batch = batchOf[place], batches[batch].configuration.failureStrategy == .failFast else {
            return false
        }
        return batches[batch].members.contains { stepStates[$0] == .error }
    }

    func ancestors(of place: Int) -> Set<Int> {
        var all: Set<Int> = []
        var open = Array(parents[place])
        while let next = open.popLast() {
            if all.insert(next).inserted { open += parents[next] }
        }
        return all
    }

    /// By the oracle's rows: everything known, and every parent satisfied.
    func hasAllItNeeds(_ place: Int) -> Bool { !waits[place] && parents[place].allSatisfy { isSatisfied($0) } }
}
