import TaskerProtocol
import TaskerTemplates

@testable import TaskerEngine

/// 10, 11, 12, 23: what operators' actions do.
extension Witness {
    mutating func acted(
        _ event: Event, _ effects: [Effect], _ statesBefore: [StepState], before: WorkflowTask, after: WorkflowTask,
        settings: EngineSettings
    ) throws(Violation) {
        for step in before.steps where after.steps[step.place].totalAttempts < step.totalAttempts {
            throw Violation(12, "the total attempts of \(step.name) went down")
        }
        guard case .manual(let action) = event else { return }
        if isRefused(action, before, settings) {
            try require(11, effects.isEmpty, "a refused action did \(effects)")
            try require(11, before.refusal(of: action, settings: settings) != nil, "\(action.kind) was not refused")
            seen.insert("refused \(word(action))")
            return
        }
        let refusal = before.refusal(of: action, settings: settings)
        try require(11, refusal == nil, "\(action.kind) was refused: \(refusal.map { "\($0)" } ?? "")")
        seen.insert("done \(word(action))")
        switch action.kind {
        case .resolveStep(let place), .completeStep(let place, _, _):
            try require(11, stepStates[place].isSatisfied, "\(names[place]) is \(stepStates[place])")
            if before.state != .error { try checkUnblocked(place, effects, statesBefore) }
        default: break
        }
    }

    /// 11: nothing begins but what lies behind the step, and siblings that take its place.
    private func checkUnblocked(_ place: Int, _ effects: [Effect], _ statesBefore: [StepState]) throws(Violation) {
        for case .dispatch(let other, _) in effects {
            let isSibling = batchOf[other] != nil && batchOf[other] == batchOf[place]
            let waited = other >= statesBefore.count || statesBefore[other] == .pending
            let isBehind = ancestors(of: other).contains(place)
            // A decision also frees those that waited to know whether a dependency comes.
            let decides = [.decision, .batchable].contains(oracle.templateStep(of: names[place]).type)
            try require(
                11, isSibling || waited && (isBehind || decides),
                "\(names[other]) was dispatched by an action on \(names[place])")
        }
    }

    /// 12: a budget like that of a new step.
    private mutating func reset(_ place: Int, clears: Bool, _ after: WorkflowTask) throws(Violation) {
        budgets[place, default: 0] += 1
        let step = after.steps[place]
        // Dispatched in the same event, it has begun its first attempt.
        let attempts = step.state == .pending ? 0 : 1
        lastAttempt[place] = 0
        try require(
            12, step.attempts == attempts && step.workerLosses == 0, "\(step.attempts) attempts after a reset")
        if clears {
            checkpoints[place] = nil
            try require(23, step.checkpoint == nil, "the checkpoint was to be cleared")
        }
    }

    /// 23: a yield changes no attempt, and what it says is kept.
    mutating func followCheckpoint(
        _ message: StepResultMessage, _ place: Int, before: WorkflowTask, after: WorkflowTask
    ) throws(Violation) {
        let (old, new) = (before.steps[place], after.steps[place])
        guard new.state == .inProgress, new.pastDispatches.last?.id == message.dispatchID else { return }
        try require(
            23, new.attempts == old.attempts && new.totalAttempts == old.totalAttempts,
            "a checkpoint changed the attempts")
        let stored = new.checkpoint
        try require(
            23,
            stored?.member("cursor") == message.checkpoint?.member("cursor")
                && (stored?.member("history")?.items?.count ?? 0) <= 100, "stored \(stored?.text ?? "nothing")")
        checkpoints[place] = message.checkpoint?.member("cursor")
    }

    /// What an action resets, before its dispatches are looked at.
    mutating func foresee(_ action: ManualAction, _ after: WorkflowTask) throws(Violation) {
        let failed = stepStates.indices.filter { stepStates[$0] == .error }
        switch action.kind {
        case .resetStep(let place, let clears): try reset(place, clears: clears, after)
        case .retryTask(let places): for place in places ?? failed { try reset(place, clears: false, after) }
        case .replay: for place in failed { try reset(place, clears: false, after) }
        default: break
        }
    }

    // MARK: - Refusals, from section 9

    private func isRefused(_ action: ManualAction, _ task: WorkflowTask, _ settings: EngineSettings) -> Bool {
        let isOver = [.complete, .cancelled, .resolvedManually].contains(task.state)
        func isEnded(_ place: Int) -> Bool {
            [.complete, .cancelled, .resolvedManually].contains(task.steps[place].state)
        }
        let mayRetry = task.state == .blockedByFailures || task.state == .error
        switch action.kind {
        case .resetStep(let place, _):
            return isOver || ![.error, .waitingForRetry].contains(task.steps[place].state)
        case .resolveStep(let place): return isOver || isEnded(place)
        case .completeStep(let place, _, _):
            return isOver || isEnded(place) || !errorsBefore(place, task, settings).isEmpty
        case .retryTask(let places): return !mayRetry || places?.contains { task.steps[$0].state != .error } ?? false
        case .giveUpTask: return task.state != .blockedByFailures
        case .resolveTask: return isOver || task.state == .error
        case .replay: return !mayRetry || task.deadLetter?.resolution != .pending
        case .makeDeadLetter: return task.deadLetter?.resolution == .pending
        case .updateDeadLetter: return task.deadLetter == nil
        }
    }

    /// The oracle has taken the outcome already when it was valid.
    private func errorsBefore(_ place: Int, _ task: WorkflowTask, _ settings: EngineSettings) -> Set<String> {
        oracle.isFinished(task.steps[place].name)
            ? [] : oracle.errors(of: task.steps[place].name, manualOutcome, settings)
    }

    private func word(_ action: ManualAction) -> String {
        switch action.kind {
        case .resetStep: "reset"
        case .resolveStep: "resolve"
        case .completeStep: "complete"
        case .retryTask: "retry"
        case .giveUpTask: "give up"
        case .resolveTask: "resolve task"
        case .replay: "replay"
        case .makeDeadLetter: "dead letter"
        case .updateDeadLetter: "dead letter note"
        }
    }
}
