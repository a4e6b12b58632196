import TaskerProtocol
import TaskerTemplates

@testable import TaskerEngine

/// Now and then: what holds at any time, counted anew.
extension Witness {
    func inspect(_ task: WorkflowTask, countsSilence: Bool) throws(Violation) {
        try require(
            27, stepStates == task.steps.map(\.state),
            "history says \(stepStates), the steps \(task.steps.map(\.state))")
        for state in StepState.allCases {
            let counted = task.steps.count { $0.state == state }
            try require(
                25, task.count(state) == counted, "\(task.count(state)) steps counted in \(state), there are \(counted)"
            )
        }
        try require(
            25, StepState.allCases.reduce(0) { $0 + task.count($1) } == task.steps.count, "counters do not add up")
        for step in task.steps {
            try inspectTimers(step, task)
            try require(
                2, (step.dispatch == nil) || step.state == .enqueued || step.state == .inProgress,
                "a dispatch is open in \(step.state)")
            try require(
                30, (step.envelope != nil) == step.state.isSatisfied,
                "step \(step.place) in \(step.state) has \(step.envelope?.text ?? "no envelope")")
            try inspectWatch(step, countsSilence: countsSilence)
        }
        try inspectReadiness(task)
        let isAtWork = task.inFlightCount > 0 || task.count(.waitingForRetry) > 0 || task.heldStepCount > 0
        try require(
            8, task.state == .pending || task.state.isTerminal || task.state == .blockedByFailures || isAtWork,
            "stuck in \(task.state)")
        try require(8, task.state.isResting || task.state == .pending, "rests in \(task.state)")
        try require(
            8, (task.inFlightCount > 0) == (task.state == .stepsInProcess),
            "\(task.inFlightCount) in flight in \(task.state)")
    }

    private func inspectTimers(_ step: Step, _ task: WorkflowTask) throws(Violation) {
        let set = timers[step.place] ?? [:]
        for timer in StepTimer.allCases {
            try require(
                27, set[timer] == task.due(of: timer, step: step.place),
                "\(timer) of step \(step.place) is \(String(describing: task.due(of: timer, step: step.place))), effects said \(String(describing: set[timer]))"
            )
        }
    }

    /// 8: every open dispatch is watched, and a step in flight without one has a timer.
    private func inspectWatch(_ step: Step, countsSilence: Bool) throws(Violation) {
        guard step.state.isInFlight else { return }
        guard let dispatch = step.dispatch else {
            return try require(8, step.resendAt != nil, "step \(step.place) is in flight without dispatch or timer")
        }
        // Not seen: the relay or the lost-dispatch check has it. While silence does not count yet, its timers are to come.
        let isWatched = !countsSilence || !dispatch.wasSeen || dispatch.leaseDue != nil || dispatch.graceDue != nil
        try require(8, isWatched, "nobody watches dispatch \(dispatch) of step \(step.place)")
    }

    /// 8: what may run has been dispatched, or is held for a reason of the contract.
    private func inspectReadiness(_ task: WorkflowTask) throws(Violation) {
        guard !task.state.isTerminal, task.state != .pending else { return }
        for step in task.steps where step.state == .pending && step.hold == nil && hasAllItNeeds(step.place) {
            guard let batch = batchOf[step.place] else {
                throw Violation(8, "\(step.name) is ready and was not dispatched")
            }
            let members = batches[batch].members
            let inFlight = members.count { stepStates[$0].isInFlight }
            let isFull = inFlight >= batches[batch].configuration.parallelism ?? Simulation.maxParallelBatches
            let isHeld = isHeldByFailure(step.place)
            let hasNoRoute = members.contains { task.steps[$0].hold == .noRoute }
            try require(8, isFull || isHeld || hasNoRoute, "batch worker \(step.name) is ready and was not dispatched")
            try require(
                21, task.batchHold(step.place) == (isHeld ? .failFast : .parallelism),
                "\(step.name) is held by \(String(describing: task.batchHold(step.place)))")
        }
    }

    mutating func seeOccasion(_ task: WorkflowTask) {
        for place in batchOf.keys {
            guard let hold = task.batchHold(place) else { continue }
            seen.insert("held \(hold.rawValue)")
        }
        if task.toleratedCount > 0 { seen.insert(task.state == .complete ? "tolerated to the end" : "tolerated") }
    }

    // MARK: - The end

    /// 9, 15: where a task may end.
    func checkEnd(_ task: WorkflowTask) throws(Violation) {
        switch task.state {
        case .cancelled, .resolvedManually:
            try require(15, task.steps.allSatisfy(\.state.isTerminal), "a mixture: \(stepStates)")
        case .complete: break
        case .error: break
        case .blockedByFailures:
            for step in task.steps where step.state == .pending {
                let isBehind = ancestors(of: step.place).contains { stepStates[$0] == .error }
                let isHeld =
                    isHeldByFailure(step.place) || waits[step.place]
                    || ancestors(of: step.place).contains { isHeldByFailure($0) || waits[$0] }
                try require(9, isBehind || isHeld, "\(step.name) did not run")
            }
            for step in task.steps where step.state == .waitingForRetry {
                try require(9, isHeldByFailure(step.place), "\(step.name) waits for a retry for ever")
            }
        default: throw Violation(8, "came to rest in \(task.state)")
        }
    }
}
