import TaskerProtocol

/// Finding what is ready, and where the task comes to rest.
extension WorkflowTask {
    mutating func start(_ context: inout EngineContext) {
        guard state == .pending else { return }
        move(to: .initializing, because: "Start", context)
        settle(candidates: steps.indices.filter { steps[$0].unsatisfiedParents == 0 }, &context)
    }

    /// Dispatches what is ready among `candidates` and moves the task to where it now belongs. Each intermediate
    /// transition is recorded even though no time passes.
    mutating func settle(candidates: some Sequence<Int>, _ context: inout EngineContext) {
        guard !state.isTerminal else { return }
        var dispatched = false
        for place in candidates.sorted() where isReady(place, at: context.now) {
            if dispatchAttempt(place, &context) { dispatched = true }
        }
        if dispatched {
            rest(as: .stepsInProcess, &context)
        } else if inFlightCount > 0 {
            // Others run on: the task stays where it is.
            if state != .stepsInProcess { rest(as: .stepsInProcess, &context) }
        } else if satisfiedCount == steps.count {
            rest(as: .complete, &context)
        } else if count(.waitingForRetry) > heldSteps.count(where: { steps[$0].state == .waitingForRetry }) {
            rest(as: .waitingForRetry, &context)
        } else if !heldSteps.isEmpty {
            // Ready, but nobody can take it: not blocked, and not a retry's back-off either.
            rest(as: .waitingForDependencies, &context)
        } else if count(.error) > 0 {
            rest(as: .blockedByFailures, &context)
        } else {
            rest(as: .waitingForDependencies, &context)
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
    private mutating func rest(as target: TaskState, _ context: inout EngineContext) {
        if target == .stepsInProcess {
            switch state {
            case .initializing: move(to: .enqueuingSteps, because: "ReadyStepsFound", context)
            case .waitingForRetry: move(to: .enqueuingSteps, because: "RetryReady", context)
            case .enqueuingSteps: break
            default:
                evaluate(&context)
                move(to: .enqueuingSteps, because: "ReadyStepsFound", context)
            }
            return move(to: .stepsInProcess, because: "StepsEnqueued", context)
        }
        guard state != target else { return }
        switch (state, target) {
        case (.initializing, .complete): move(to: target, because: "NoStepsFound", context)
        case (.initializing, .waitingForDependencies): move(to: target, because: "NoDependenciesReady", context)
        case (.stepsInProcess, .waitingForRetry): move(to: target, because: "StepFailed", context)
        default:
            evaluate(&context)
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

    private mutating func evaluate(_ context: inout EngineContext) {
        let event: String
        switch state {
        case .stepsInProcess:
            event = inFlightCount == 0 && satisfiedCount == steps.count ? "AllStepsCompleted" : "StepCompleted"
        case .waitingForDependencies: event = "DependenciesReady"
        case .initializing: event = "RowsExist"
        case .evaluatingResults: return
        default: event = "StepChangedByOperator"
        }
        move(to: .evaluatingResults, because: event, context)
    }

    /// Looks again at what was ready and could not go.
    mutating func releaseHolds(_ context: inout EngineContext) {
        guard !state.isTerminal, !heldSteps.isEmpty else { return }
        settle(candidates: heldSteps, &context)
    }
}
