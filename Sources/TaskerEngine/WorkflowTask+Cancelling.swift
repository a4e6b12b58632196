import TaskerProtocol

/// Cancellation of a whole task (engine contract, section 8).
extension WorkflowTask {
    /// Ends every step that is not satisfied, and the task. Does nothing to a terminal task.
    mutating func cancel(reason: String, actor: String, _ context: inout EngineContext) {
        guard !state.isTerminal else { return }
        endSteps(reason: reason, actor: actor, status: "cancel", as: .cancelled, &context)
        move(to: .cancelled, because: "Cancel", context)
        resolveDeadLetter(as: .cancelled, by: actor, &context)
    }

    /// Cancels every step that is not satisfied, with a notice for each that may be running.
    /// - Parameter ending: what a late result of an open dispatch is taken for.
    mutating func endSteps(
        reason: String, actor: String, status: String, as ending: PastDispatch.Ending, _ context: inout EngineContext
    ) {
        for place in steps.indices where !steps[place].state.isTerminal {
            let from = steps[place].state
            let dispatch = steps[place].dispatch
            if let dispatch, dispatch.publication != .parked {
                effects.append(.cancelNotice(step: place, dispatch.id, reason: reason))
            }
            audit(
                AuditRecord(
                    place: place, disposition: .manual, attempt: steps[place].attempts, dispatch: dispatch?.id,
                    status: status, fromState: from, toState: .cancelled, message: reason, actor: actor))
            retireDispatch(place, as: ending, &context)
            leaveQuarantine(place, &context)
            clearRetry(place)
            clearResend(place)
            clearHold(place)
            move(place, to: .cancelled, context, detail: reason)
        }
        setsToAdmit = []
        ripe = []
    }
}
