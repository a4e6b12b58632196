import TaskerProtocol

/// Cancellation of a whole task (engine contract, section 8).
extension WorkflowTask {
    /// Ends every step that is not satisfied, and the task. Does nothing to a terminal task.
    mutating func cancel(reason: String, actor: String, _ context: inout EngineContext) {
        guard !state.isTerminal else { return }
        for place in steps.indices where !steps[place].state.isTerminal {
            let from = steps[place].state
            let dispatch = steps[place].dispatch
            if let dispatch, dispatch.publication != .parked {
                effects.append(.cancelNotice(step: place, dispatch.id, reason: reason))
            }
            audit(
                AuditRecord(
                    place: place, disposition: .manual, attempt: steps[place].attempts, dispatch: dispatch?.id,
                    status: "cancel", fromState: from, toState: .cancelled, message: reason, actor: actor))
            retireDispatch(place, as: .cancelled, &context)
            leaveQuarantine(place, &context)
            clearRetry(place)
            clearResend(place)
            if steps[place].hold != nil {
                steps[place].hold = nil
                heldSteps.remove(place)
            }
            move(place, to: .cancelled, context, detail: reason)
        }
        move(to: .cancelled, because: "Cancel", context)
        resolveDeadLetter(as: .cancelled, by: actor, &context)
    }
}
