import TaskerEngine
import TaskerProtocol
import TaskerTemplates

/// Why a task is where it is: the steps that hold it up, the most pressing first.
struct TaskExplainer {
    let steps: StepExplainer
    /// Reasons that are listed.
    private static let limit = 50

    private var task: WorkflowTask { steps.task }

    func explain() -> Explanation {
        let name = "Task '\(task.plan.template.name)'"
        switch task.state {
        case .complete:
            return Explanation(
                .done, "\(name) is complete since \(task.completedAt ?? task.updatedAt).", since: task.completedAt)
        case .cancelled:
            return Explanation(
                .cancelled, "\(name) was cancelled \(Words.ago(task.updatedAt, steps.now)).", since: task.updatedAt)
        case .resolvedManually:
            return Explanation(
                .resolved, "\(name) was resolved by hand \(Words.ago(task.updatedAt, steps.now)).",
                since: task.updatedAt)
        default: return unfinished(name)
        }
    }

    private func unfinished(_ name: String) -> Explanation {
        // A step behind another one is no reason of its own.
        let candidates = task.steps.indices.filter { place in
            !task.steps[place].state.isTerminal && !task.isTolerated(place)
                && task.steps[place].parents.allSatisfy { task.isSatisfied($0) } && !task.waitsForUndecided(place)
        }
        let explained = candidates.prefix(2000).map { ($0, steps.explain($0)) }
            .sorted { ($1.1.verdict.urgency, $0.0) < ($0.1.verdict.urgency, $1.0) }
        guard let first = explained.first else {
            return Explanation(
                .queued, "\(name) is \(task.state.rawValue); the orchestrator's next round takes it on.",
                since: task.updatedAt)
        }
        var explanation = first.1
        let rest = explained.count - 1
        let state = task.state.rawValue
        explanation.summary =
            rest == 0
            ? "\(name) is \(state): \(Words.inner(first.1.summary))"
            : "\(name) is \(state), held up by \(explained.count) steps; the most pressing: \(Words.inner(first.1.summary))"
        explanation.since = explanation.since ?? task.updatedAt
        explanation.reasons = explained.prefix(Self.limit).map { place, reason in
            .init(
                code: reason.verdict.rawValue, message: reason.summary, since: reason.since,
                until: reason.next?.at, ref: task.steps[place].name)
        }
        if task.state == .blockedByFailures || task.state == .error {
            explanation.suggestions = [
                .init(
                    text: "Once the cause is mended, retry all failed steps",
                    command: "tasker-ctl task retry \(task.id)",
                    request: "POST /v1/tasks/\(task.id)/retry")
            ]
            if task.state == .blockedByFailures {
                explanation.suggestions.append(
                    .init(
                        text: "Or give the task up", command: "tasker-ctl task give-up \(task.id)",
                        request: "POST /v1/tasks/\(task.id)/give-up"))
            }
        }
        return explanation
    }
}
