import TaskerProtocol

extension WorkflowTask {
    /// Takes one event and says what it asks the world to do.
    ///
    /// The caller guarantees that `context.now` never goes back for one task, and that all effects of a call are
    /// committed before anything of them leaves the process.
    public mutating func apply(_ event: Event, in context: inout EngineContext) -> [Effect] {
        effects.removeAll(keepingCapacity: true)
        switch event {
        case .start: start(&context)
        case .result(let step, let message): receive(message, step: step, &context)
        case .heartbeat(let step, let message): receive(message, step: step, &context)
        case .timer(let step, let timer, let due): fire(timer, step: step, due: due, &context)
        case .dispatchLost(let step, let dispatch): closeLost(dispatch, step: step, &context)
        case .publishing(let step, let dispatch, let report): publishing(report, dispatch, step: step, &context)
        case .holdsMayEnd: releaseHolds(&context)
        case .silenceCountsAnew: countSilenceAnew(&context)
        case .cancel(let reason, let actor): cancel(reason: reason, actor: actor, &context)
        case .manual(let action): perform(action, &context)
        case .stale(let finding): endAsStale(finding, &context)
        }
        if !effects.isEmpty { revision += 1 }
        return effects
    }

    // MARK: - Recording

    mutating func move(to next: TaskState, because event: String, _ context: borrowing EngineContext) {
        assert(state.successors.contains(next), "task transition \(state) -> \(next)")
        effects.append(.journal(.task(from: state, to: next, event: event)))
        state = next
        updatedAt = context.now
        completedAt = next.isTerminal ? context.now : nil
        effects.append(.taskChanged)
    }

    mutating func move(
        _ place: Int, to next: StepState, _ context: borrowing EngineContext, detail: String? = nil
    ) {
        let from = steps[place].state
        assert(from.successors.contains(next), "step transition \(from) -> \(next)")
        counts[from.ordinal] -= 1
        counts[next.ordinal] += 1
        steps[place].state = next
        steps[place].updatedAt = context.now
        effects.append(
            .journal(
                .step(
                    place: place, from: from, to: next, attempt: steps[place].attempts,
                    dispatch: steps[place].dispatch?.id, detail: detail)))
        effects.append(.stepChanged(place))
        if next.isSatisfied, !from.isSatisfied { steps[place].completedAt = context.now }
        if let batch = steps[place].batch {
            countInBatch(batch, place, from: from, to: next)
        } else if next.isSatisfied != from.isSatisfied {
            countDown(steps[place].children, by: next.isSatisfied ? 1 : -1)
        }
    }

    /// Fewer parents keep these steps waiting, or more when `number` is negative.
    mutating func countDown(_ children: [Int], by number: Int) {
        for child in children {
            steps[child].unsatisfiedParents -= number
            if steps[child].unsatisfiedParents == 0 { ripe.append(child) }
        }
    }

    private mutating func countInBatch(_ batch: Int, _ place: Int, from: StepState, to next: StepState) {
        let before = batches[batch].unsatisfied
        let wasHeld = batches[batch].isHeldByFailure
        batches[batch].countState(from, -1)
        batches[batch].countState(next, 1)
        if from.isInFlight && !next.isInFlight || wasHeld && !batches[batch].isHeldByFailure {
            setsToAdmit.insert(batch)
        }
        if next == .waitingForRetry {
            batches[batch].retries.insert(.init(due: steps[place].retryAt ?? updatedAt, place: place))
        }
        if next == .pending {
            batches[batch].enqueue(place)
            setsToAdmit.insert(batch)
        }
        // All workers have the same dependents.
        let fewer = before - batches[batch].unsatisfied
        if fewer != 0 { countDown(steps[place].children, by: fewer) }
    }

    mutating func touch(_ place: Int, _ context: borrowing EngineContext) {
        steps[place].updatedAt = context.now
        effects.append(.stepChanged(place))
    }

    mutating func audit(_ record: AuditRecord) { effects.append(.journal(.audit(record))) }
}
