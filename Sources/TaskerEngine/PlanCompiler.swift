import TaskerProtocol
import TaskerTemplates

/// Turns a template's names into the indices of a ``WorkflowPlan``. Linear in steps and dependencies.
struct PlanCompiler {
    let template: TaskTemplate
    let places: [String: Int]
    let parents: [[Int]]
    let children: [[Int]]
    let analyzers: [[Int]]
    let namedWorkers: [Int?]
    let order: [Int]

    init(_ template: TaskTemplate) {
        self.template = template
        var places: [String: Int] = [:]
        for (index, step) in template.steps.enumerated() { places[step.name] = index }
        var children = [[Int]](repeating: [], count: template.steps.count)
        let parents = template.steps.enumerated().map { index, step in
            let own = step.dependencies.compactMap { places[$0] }.sorted()
            for parent in own { children[parent].append(index) }
            return own
        }
        self.places = places
        self.parents = parents
        self.children = children
        namedWorkers = template.steps.map { Self.namedWorker(of: $0, places, template) }
        analyzers = Self.analyzers(template, parents: parents, children: children, named: namedWorkers)
        order = Self.order(parents: parents, analyzers: analyzers)
    }

    func nodes() -> [WorkflowPlan.Node] {
        var isLate = [Bool](repeating: false, count: template.steps.count)
        var isBehindJoin = isLate
        for index in order {
            let type = template.steps[index].type
            // What lies behind a decision is the decision's to choose, also when that itself lies behind a join.
            isBehindJoin[index] = parents[index].contains {
                isJoin(template.steps[$0].type) || isBehindJoin[$0] && template.steps[$0].type != .decision
            }
            isLate[index] =
                isJoin(type) || isBehindJoin[index]
                || parents[index].contains { isLate[$0] || template.steps[$0].type == .decision }
        }
        return template.steps.enumerated().map { index, step in
            WorkflowPlan.Node(
                template: step, parents: parents[index], children: children[index],
                initialization: RawJSON(step.handler.initialization),
                publishesEvents: RawJSON(.array(step.publishesEvents.map(\.json))), isLate: isLate[index],
                isBehindJoin: isBehindJoin[index], analyzers: analyzers[index],
                workerTemplateNames: step.type == .batchable
                    ? children[index].filter { template.steps[$0].type == .batchWorker }.map { template.steps[$0].name }
                    : [],
                namedWorker: namedWorkers[index],
                resultSchema: step.resultSchema.flatMap { try? JSONSchema(compiling: $0) },
                events: step.publishesEvents.map(PlannedEvent.init))
        }
    }

    private func isJoin(_ type: StepType) -> Bool { type == .batchWorker || type == .deferredConvergence }

    /// `handler.initialization.worker_template_name` of a batchable step, else its `batch_config.worker_template`.
    private static func namedWorker(
        of step: StepTemplate, _ places: [String: Int], _ template: TaskTemplate
    ) -> Int? {
        guard step.type == .batchable else { return nil }
        let names = [
            step.handler.initialization["worker_template_name"]?.stringValue, step.batch?.workerTemplate,
        ]
        return names.compactMap { $0.flatMap { places[$0] } }.first { template.steps[$0].type == .batchWorker }
    }

    /// A worker belongs to the batchable steps it depends on and to those that name it; one that neither is the case for
    /// may be named by any outcome. Steps behind a worker cannot make it: they wait for it to exist.
    private static func analyzers(
        _ template: TaskTemplate, parents: [[Int]], children: [[Int]], named: [Int?]
    ) -> [[Int]] {
        let batchables = template.steps.indices.filter { template.steps[$0].type == .batchable }
        return template.steps.indices.map { index in
            guard template.steps[index].type == .batchWorker else { return [] }
            let own = batchables.filter { parents[index].contains($0) || named[$0] == index }
            let behind = descendants(of: index, children)
            return (own.isEmpty ? batchables : own).filter { !behind.contains($0) }
        }
    }

    private static func descendants(of index: Int, _ children: [[Int]]) -> Set<Int> {
        var seen: Set<Int> = []
        var open = children[index]
        while let next = open.popLast() {
            if seen.insert(next).inserted { open += children[next] }
        }
        return seen
    }

    /// Kahn's algorithm. What lies on a cycle, which validation refuses, comes last in template order.
    private static func order(parents: [[Int]], analyzers: [[Int]]) -> [Int] {
        var waiting = [Int](repeating: 0, count: parents.count)
        var next = [[Int]](repeating: [], count: parents.count)
        for index in parents.indices {
            let before = Set(parents[index]).union(analyzers[index])
            waiting[index] = before.count
            for parent in before { next[parent].append(index) }
        }
        var order = parents.indices.filter { waiting[$0] == 0 }
        var head = 0
        while head < order.count {
            for index in next[order[head]] {
                waiting[index] -= 1
                if waiting[index] == 0 { order.append(index) }
            }
            head += 1
        }
        if order.count < parents.count {
            let known = Set(order)
            order += parents.indices.filter { !known.contains($0) }
        }
        return order
    }
}
