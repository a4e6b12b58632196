import TaskerProtocol

/// Why the task is looked at again: the word of the contract that history records.
enum Occasion {
    case started, stepCompleted, stepFailed, retryDue, holdEnded
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
        var dispatched = false
        for place in candidates.sorted() where isReady(place, at: context.now) {
            if dispatchAttempt(place, &context) { dispatched = true }
        }
        if dispatched {
            rest(as: .stepsInProcess, on: occasion, &context)
        } else if inFlightCount > 0 {
            // Others run on: the task stays in `steps_in_process`.
        } else if satisfiedCount == steps.count {
            rest(as: .complete, on: occasion, &context)
        } else if count(.waitingForRetry) > heldSteps.count(where: { steps[$0].state == .waitingForRetry }) {
            rest(as: .waitingForRetry, on: occasion, &context)
        } else if !heldSteps.isEmpty {
            // Ready, but nobody can take it: not blocked, and not a retry's back-off either.
            rest(as: .waitingForDependencies, on: occasion, &context)
        } else if count(.error) > 0 {
            rest(as: .blockedByFailures, on: occasion, &context)
        } else {
            rest(as: .waitingForDependencies, on: occasion, &context)
        }
    }

    /// Every parent satisfied, not dispatched, and its back-off over.
    func isReady(_ place: Int, at now: Timestamp) -> Bool {
        let step = steps[place]
        guard step.unsatisfiedParents == 0 else { return false }
        switch step.state {
        case .pending: return true
        case .waitingForRetry: return step.retryAt.map { $0 <= now } ?? true
        default: return false
        }
    }

    /// Walks from the current state to a resting one along the transitions of the contract.
    private mutating func rest(as target: TaskState, on occasion: Occasion, _ context: inout EngineContext) {
        if target == .stepsInProcess {
            switch (state, occasion) {
            case (.initializing, _): move(to: .enqueuingSteps, because: "ReadyStepsFound", context)
            case (.waitingForRetry, .retryDue): move(to: .enqueuingSteps, because: "RetryReady", context)
            default:
                evaluate(on: occasion, &context)
                move(to: .enqueuingSteps, because: "ReadyStepsFound", context)
            }
            return move(to: .stepsInProcess, because: "StepsEnqueued", context)
        }
        guard state != target else { return }
        switch (state, target, occasion) {
        case (.initializing, .complete, _): move(to: target, because: "NoStepsFound", context)
        case (.initializing, .waitingForDependencies, _): move(to: target, because: "NoDependenciesReady", context)
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
            case (_, .started): "RowsExist"
            case (_, .stepCompleted): satisfiedCount == steps.count ? "AllStepsCompleted" : "StepCompleted"
            case (_, .stepFailed): "StepFailed"
            case (_, .retryDue): "RetryDue"
            case (_, .holdEnded): "HoldEnded"
            }
        move(to: .evaluatingResults, because: event, context)
    }

    /// Looks again at what was ready and could not go.
    mutating func releaseHolds(_ context: inout EngineContext) {
        guard !state.isTerminal, !heldSteps.isEmpty else { return }
        settle(candidates: heldSteps, on: .holdEnded, &context)
    }
}
