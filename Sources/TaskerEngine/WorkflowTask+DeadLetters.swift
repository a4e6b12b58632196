import TaskerProtocol

/// The dead-letter entry of a task (engine contract, section 10).
extension WorkflowTask {
    mutating func recordDeadLetter(
        _ place: Int, _ reason: DeadLetterReason, _ failure: StepFailure, _ context: inout EngineContext
    ) {
        let entry = DeadLetterEntry.Failure(
            stepName: steps[place].name, stepID: steps[place].id, reason: reason, attempts: steps[place].attempts,
            errorType: failure.errorType, message: String(failure.message.prefix(2000)), at: context.now)
        if deadLetter?.resolution == .pending, let id = deadLetter?.id, let number = deadLetter?.failures.count {
            effects.append(.deadLetter(.failed(id, number: number, entry)))
            deadLetter?.failures.append(entry)
        } else {
            makeDeadLetter(reason, failures: [entry], &context)
        }
    }

    mutating func makeDeadLetter(
        _ reason: DeadLetterReason, failures: [DeadLetterEntry.Failure], notes: String? = nil,
        threshold: Duration? = nil, _ context: inout EngineContext
    ) {
        let entry = DeadLetterEntry(
            id: context.ids.nextID(at: context.now), taskID: id, reason: reason, originalState: state,
            createdAt: context.now, failures: failures, notes: notes,
            thresholdMinutes: threshold.map { Int($0.wholeMilliseconds / 60_000) },
            minutesInState: Int(max(0, context.now.millisecondsSince(updatedAt)) / 60_000))
        deadLetter = entry
        effects.append(.deadLetter(.made(entry)))
    }

    mutating func resolveDeadLetter(
        as resolution: DeadLetterResolution, by actor: String, notes: String? = nil, _ context: inout EngineContext
    ) {
        guard deadLetter?.resolution == .pending else { return }
        deadLetter?.resolution = resolution
        deadLetter?.resolvedAt = context.now
        deadLetter?.resolvedBy = actor
        if let notes { deadLetter?.notes = notes }
        if let deadLetter { effects.append(.deadLetter(.changed(deadLetter))) }
    }

    mutating func updateDeadLetter(
        resolution: DeadLetterResolution?, notes: String?, metadata: RawJSON?, actor: String,
        _ context: inout EngineContext
    ) {
        guard deadLetter != nil else { return }
        if let notes { deadLetter?.notes = notes }
        if let metadata { deadLetter?.metadata = metadata }
        if let resolution, resolution != deadLetter?.resolution {
            deadLetter?.resolution = resolution
            deadLetter?.resolvedAt = resolution == .pending ? nil : context.now
            deadLetter?.resolvedBy = resolution == .pending ? nil : actor
        }
        if let deadLetter { effects.append(.deadLetter(.changed(deadLetter))) }
    }
}
