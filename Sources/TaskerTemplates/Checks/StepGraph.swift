/// The steps by number, with the dependencies that lead somewhere.
struct StepGraph {
    /// The first step of each name.
    let index: [String: Int]
    /// By step; no step depends on itself here.
    let dependencies: [[Int]]
    /// By step.
    let dependents: [[Int]]

    init(_ drafts: [StepDraft]) {
        var index: [String: Int] = [:]
        for (number, draft) in drafts.enumerated() where draft.isNamed && index[draft.step.name] == nil {
            index[draft.step.name] = number
        }
        var dependents = [[Int]](repeating: [], count: drafts.count)
        dependencies = drafts.enumerated().map { number, draft in
            draft.dependencies.compactMap { dependency in
                guard let target = index[dependency.name], target != number else { return nil }
                dependents[target].append(number)
                return target
            }
        }
        self.index = index
        self.dependents = dependents
    }

    /// Dependencies before dependents; nil when there is a cycle.
    func topologicalOrder() -> [Int]? {
        var missing = dependencies.map(\.count)
        var order = missing.indices.filter { missing[$0] == 0 }
        var next = 0
        while next < order.count {
            for dependent in dependents[order[next]] {
                missing[dependent] -= 1
                if missing[dependent] == 0 { order.append(dependent) }
            }
            next += 1
        }
        return order.count == dependencies.count ? order : nil
    }
}
