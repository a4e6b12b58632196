import Synchronization
import TaskerEngine
import TaskerProtocol
import TaskerTemplates

/// Property 30 of the engine contract, as a handler sees it: it is given the envelopes of all existing transitive
/// ancestors that are satisfied and nothing else, and a convergence the failures that it goes on without.
extension SimulationLedger {
    /// By the ancestor's name: its result's text, "failed" for a tolerated failure, nil where only the name is compared.
    typealias Inputs = [String: String?]

    /// Walks the template's dependencies by name, not the engine's edges.
    static func inputs(of step: Step, in task: WorkflowTask) -> Inputs {
        let template = task.plan.nodes[step.node].template
        var inputs: Inputs = [:]
        var seen: Set<String> = []
        var open = template.dependencies
        while let name = open.popLast() {
            guard seen.insert(name).inserted else { continue }
            for row in task.steps where task.plan.nodes[row.node].template.name == name {
                let ancestor = task.plan.nodes[row.node].template
                open += ancestor.dependencies
                switch row.state {
                case .complete:
                    // A worker is spared the cursors of its siblings.
                    let isOwnAnalyzer = template.type == .batchWorker && template.dependencies.contains(name)
                    inputs[row.name] = .some(isOwnAnalyzer ? nil : row.envelope?.member("result")?.text ?? "null")
                case .resolvedManually: inputs[row.name] = "null"
                case .error where template.type == .deferredConvergence && template.dependencies.contains(name):
                    inputs[row.name] = "failed"
                default: break
                }
            }
        }
        return inputs
    }

    /// A handler is started with these.
    func sees(_ results: [(name: String, envelope: RawJSON)], in id: DispatchID, isCertain: Bool) {
        state.withLock { state in
            guard isCertain, let facts = state.dispatches[id], let expected = facts.inputs else { return }
            let names = Set(results.map(\.name))
            if names.count != results.count || names != Set(expected.keys) {
                return state.fail(
                    "property 30: \(facts.name) is given the results of \(results.map(\.name).sorted()), not those of \(expected.keys.sorted())"
                )
            }
            for (name, envelope) in results {
                guard case .some(.some(let text)) = expected[name] else { continue }
                let isFailure = envelope.member("status")?.string == "failed"
                let seen = isFailure ? "failed" : envelope.member("result")?.text ?? "null"
                if seen != text { state.fail("property 30: \(facts.name) sees \(seen) of \(name), not \(text)") }
            }
        }
    }
}
