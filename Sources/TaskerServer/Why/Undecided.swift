import TaskerEngine
import TaskerProtocol
import TaskerTemplates

/// Steps that have no row: what decides whether they will, or decided that they will not.
struct Undecided {
    struct Source {
        var name: String
        /// `decision 'route' (in_progress)`.
        var text: String
        /// Its place among the steps that exist.
        var row: Int?
    }

    let task: WorkflowTask

    init(_ task: WorkflowTask) { self.task = task }

    /// The nearest decisions and analyzers on the way to a node that have not finished.
    func sources(of node: Int) -> [Source] {
        walk(from: node) { index in
            let type = task.plan.nodes[index].template.type
            guard type == .decision || type == .batchable else { return nil }
            guard let row = task.row(of: index) else {
                return fates[index].isOpen ? source(index, "not created yet") : nil
            }
            return task.steps[row].state.isSatisfied ? nil : source(index, task.steps[row].state.rawValue)
        }
    }

    /// The nearest decisions and analyzers that finished without it, with what they chose.
    func refusals(of node: Int) -> [Source] {
        walk(from: node) { index in
            let template = task.plan.nodes[index].template
            guard template.type == .decision || template.type == .batchable, let row = task.row(of: index),
                task.steps[row].state.isSatisfied
            else { return nil }
            return source(index, choice(task.steps[row], template.type))
        }
    }

    private var fates: [StepFate] { task.fates() }

    /// Goes up through the declared dependencies, no further than the first that tell something.
    private func walk(from node: Int, _ tell: (Int) -> Source?) -> [Source] {
        var found: [Source] = []
        var seen: Set<Int> = [node]
        var open = parents(node)
        while let index = open.popLast() {
            guard seen.insert(index).inserted else { continue }
            if let source = tell(index) { found.append(source) } else { open += parents(index) }
        }
        return found.sorted { $0.name < $1.name }
    }

    private func parents(_ node: Int) -> [Int] { task.plan.nodes[node].parents + task.plan.nodes[node].analyzers }

    private func source(_ index: Int, _ what: String) -> Source {
        let template = task.plan.nodes[index].template
        let kind = template.type == .decision ? "decision" : "analyzer"
        return Source(name: template.name, text: "\(kind) '\(template.name)' (\(what))", row: task.row(of: index))
    }

    private func choice(_ step: Step, _ type: StepType) -> String {
        if step.state == .resolvedManually { return "resolved by hand, which chooses nothing" }
        let result = step.envelope?.member("result")
        if type == .decision {
            let names =
                result?.member("decision_point_outcome")?.member("step_names")?.items?.compactMap(\.string) ?? []
            return names.isEmpty ? "chose no branch" : "chose \(Words.list(names))"
        }
        let count = result?.member("batch_processing_outcome")?.member("cursor_configs")?.items?.count ?? 0
        return count == 0 ? "made no batches" : "made \(Words.count(count, "batch", "batches")) of another worker"
    }
}

extension StepFate {
    var isOpen: Bool { if case .undetermined = self { true } else { false } }
}

extension StepExplainer {
    /// A step of the template by name, whether it has a row or not; nil when there is no such step.
    func explain(name: String) -> (Explanation, StepID?, state: String)? {
        if let id = StepID(name), let place = task.index(of: id) {
            return (explain(place), id, task.steps[place].state.rawValue)
        }
        if let place = task.index(of: name) {
            return (explain(place), task.steps[place].id, task.steps[place].state.rawValue)
        }
        guard let node = task.plan.place(of: name) else { return nil }
        if let set = task.batches.first(where: { $0.node == node }), !set.members.isEmpty {
            return (explain(set, name), nil, "created")
        }
        return (withoutRow(node, name), nil, "not_created")
    }

    private func withoutRow(_ node: Int, _ name: String) -> Explanation {
        let undecided = Undecided(task)
        guard task.fates()[node].isOpen else {
            let sources = undecided.refusals(of: node)
            let who = sources.isEmpty ? "nothing it depends on exists" : Words.list(sources.map(\.text))
            var explanation = Explanation(.notSelected, "Step '\(name)' is not part of this task: \(who).")
            explanation.reasons = sources.map { .init(code: "decided", message: $0.text, ref: $0.name) }
            return explanation
        }
        if task.state.isTerminal {
            return Explanation(
                task.state == .cancelled ? .cancelled : .notSelected,
                "Step '\(name)' was never created: the task ended as \(task.state.rawValue) before that was decided.",
                since: task.completedAt ?? task.updatedAt)
        }
        let sources = undecided.sources(of: node)
        var explanation = Explanation(
            .notCreatedYet,
            "Step '\(name)' does not exist yet: \(sources.isEmpty ? "its dependencies" : Words.list(sources.map(\.text))) \(sources.count == 1 ? "is" : "are") undecided.",
            since: task.header.createdAt)
        explanation.reasons = sources.map { .init(code: "undecided", message: $0.text, ref: $0.name) }
        explanation.next = .init(what: "\(sources.first?.text ?? "what it depends on") finishes")
        // Why that is so, as asking for the decision itself would tell.
        let causes = sources.compactMap { source in source.row.map { (source, explain($0)) } }
        if let (source, cause) = causes.max(by: { $0.1.verdict.urgency < $1.1.verdict.urgency }) {
            explanation.reasons.append(
                .init(code: cause.verdict.rawValue, message: cause.summary, since: cause.since, ref: source.name))
            explanation.next = cause.next ?? explanation.next
            explanation.suggestions = [lookAt(source.name)] + cause.suggestions
        } else {
            explanation.suggestions = sources.prefix(1).map { lookAt($0.name) }
        }
        return explanation
    }

    /// The workers of a batch together.
    private func explain(_ set: BatchSet, _ name: String) -> Explanation {
        let states = Dictionary(grouping: set.members) { task.steps[$0].state }
        let figures = StepState.allCases.compactMap { state in
            states[state].map { "\($0.count) \(state.rawValue)" }
        }.joined(separator: ", ")
        let open = set.members.filter { !task.steps[$0].state.isTerminal }
        let members = Words.count(set.members.count, "batch worker")
        guard
            let worst = open.prefix(200).map({ ($0, explain($0)) }).max(by: {
                $0.1.verdict.urgency < $1.1.verdict.urgency
            })
        else {
            return Explanation(.done, "All \(members) made from '\(name)' have ended: \(figures).")
        }
        var explanation = worst.1
        explanation.summary =
            "\(members) were made from '\(name)' (\(figures)); the most pressing: \(Words.inner(worst.1.summary))"
        explanation.reasons.insert(
            .init(code: "batch", message: figures, ref: task.steps[worst.0].name), at: 0)
        return explanation
    }
}
