import TaskerProtocol

/// Why the task is looked at again: the word of the contract that history records.
enum Occasion {
    case started, stepCompleted, stepFailed, retryDue, holdEnded, changedByOperator
}

/// Finding what is ready, and where the task comes to rest.
extension WorkflowTask {
    mutating func start(_ context: inout EngineContext) {
        guard state == .pending else { return }
        move(to: .initializing, because: "Start", context)
        settle(candidates: steps.indices.filter { steps[$0].unsatisfiedParents == 0 }, on: .started, &context)
    }

    /// Dispatches what is ready among `candidates` and moves the task to where it now belongs. Each intermediate
    /// transition is recorded even though no time passes.
    mutating func settle(
        candidates: some Sequence<Int>, on occasion: Occasion, _ context: inout EngineContext
    ) {
        guard !state.isTerminal else { return }
        let dispatched = dispatchReady(candidates, &context)
        if dispatched {
            rest(as: .stepsInProcess, on: occasion, &context)
        } else if inFlightCount > 0 {
            // Others run on: the task stays in `steps_in_process`.
        } else if isAllSatisfied {
            rest(as: .complete, on: occasion, &context)
        } else if hasRetryToWaitFor {
            rest(as: .waitingForRetry, on: occasion, &context)
        } else if heldSteps.contains(where: { !isHeldByFailure($0) }) {
            // Ready, but nobody can take it: not blocked, and not a retry's back-off either.
            rest(as: .waitingForDependencies, on: occasion, &context)
        } else if count(.error) > toleratedCount {
            rest(as: .blockedByFailures, on: occasion, &context)
        } else {
            rest(as: .waitingForDependencies, on: occasion, &context)
        }
    }

    /// Dispatches what is ready, by template position; batch workers take their turn among their siblings.
    /// - Returns: whether there was any.
    private mutating func dispatchReady(_ candidates: some Sequence<Int>, _ context: inout EngineContext) -> Bool {
        var dispatched = false
        var single: [Int] = []
        var heldWorkers: [Int] = []
        for place in Set(candidates).union(ripe) {
            if let batch = steps[place].batch {
                setsToAdmit.insert(batch)
                if steps[place].hold != nil { heldWorkers.append(place) }
            } else if isReady(place, at: context.now) {
                single.append(place)
            }
        }
        ripe = []
        for place in heldWorkers.sorted() where !isStillHeld(place, &context) { reconsiderHeldWorker(place, &context) }
        single.sort { steps[$0].node < steps[$1].node }
        var sets = setsToAdmit.sorted { (batches[$0].node, $0) < (batches[$1].node, $1) }[...]
        setsToAdmit = []
        for place in single {
            while let set = sets.first, batches[set].node < steps[place].node {
                sets.removeFirst()
                if admit(set, &context) { dispatched = true }
            }
            if dispatchAttempt(place, &context) { dispatched = true }
        }
        for set in sets where admit(set, &context) { dispatched = true }
        return dispatched
    }

    /// Some retry will begin by itself: not held for want of a worker, nor by a failed sibling.
    private var hasRetryToWaitFor: Bool {
        let heldAlone = heldSteps.count { steps[$0].state == .waitingForRetry && !isHeldByFailure($0) }
        let heldWithSet = batches.reduce(0) { $0 + ($1.isHeldByFailure ? $1.waitingForRetry : 0) }
        return count(.waitingForRetry) > heldAlone + heldWithSet
    }

    private func isHeldByFailure(_ place: Int) -> Bool {
        steps[place].batch.map { batches[$0].isHeldByFailure } ?? false
    }

    /// Every parent known and satisfied, not dispatched, and its back-off over. Batch workers have holds of their own
    /// on top.
    public func isReady(_ place: Int, at now: Timestamp) -> Bool {
        guard steps[place].unsatisfiedParents == 0, steps[place].undeterminedParents == 0 else { return false }
        switch steps[place].state {
        case .pending: return true
        case .waitingForRetry: return steps[place].retryAt.map { $0 <= now } ?? true
        default: return false
        }
    }

    /// Walks from the current state to a resting one along the transitions of the contract.
    private mutating func rest(as target: TaskState, on occasion: Occasion, _ context: inout EngineContext) {
        if target == .stepsInProcess {
            switch (state, occasion) {
            case (.initializing, .started): move(to: .enqueuingSteps, because: "ReadyStepsFound", context)
            case (.waitingForRetry, .retryDue): move(to: .enqueuingSteps, because: "RetryReady", context)
            default:
                evaluate(on: occasion, &context)
                move(to: .enqueuingSteps, because: "ReadyStepsFound", context)
            }
            return move(to: .stepsInProcess, because: "StepsEnqueued", context)
        }
        guard state != target else { return }
        switch (state, target, occasion) {
        case (.initializing, .complete, .started): move(to: target, because: "NoStepsFound", context)
        case (.initializing, .waitingForDependencies, .started):
            move(to: target, because: "NoDependenciesReady", context)
        case (.stepsInProcess, .waitingForRetry, .stepFailed): move(to: target, because: "StepFailed", context)
        default:
            evaluate(on: occasion, &context)
            let event =
                switch target {
                case .complete: "AllStepsSuccessful"
                case .waitingForRetry: "OnlyRetriesLeft"
                case .blockedByFailures: "PermanentFailure"
                default: "NoDependenciesReady"
                }
            move(to: target, because: event, context)
        }
        if target == .complete { resolveDeadLetter(as: .manuallyResolved, by: "system", &context) }
    }

    private mutating func evaluate(on occasion: Occasion, _ context: inout EngineContext) {
        let event =
            switch (state, occasion) {
            case (.waitingForDependencies, _): "DependenciesReady"
            case (.initializing, _), (_, .started): "RowsExist"
            case (_, .stepCompleted): isAllSatisfied ? "AllStepsCompleted" : "StepCompleted"
            case (_, .stepFailed): "StepFailed"
            case (_, .retryDue): "RetryDue"
            case (_, .holdEnded): "HoldEnded"
            case (_, .changedByOperator): "StepChangedByOperator"
            }
        move(to: .evaluatingResults, because: event, context)
    }

    /// Looks again at what was ready and could not go.
    mutating func releaseHolds(_ context: inout EngineContext) {
        guard !state.isTerminal, !heldSteps.isEmpty else { return }
        settle(candidates: heldSteps, on: .holdEnded, &context)
    }
}
