import TaskerProtocol
import TaskerTemplates

/// Actions of operators. Each looks at the task again, so that a blocked one resumes by itself.
extension WorkflowTask {
    /// Why an action would change nothing, nil when it may be applied.
    public func refusal(of action: ManualAction, settings: EngineSettings) -> ActionRefusal? {
        switch action.kind {
        case .resetStep(let place, _):
            refusalOfStepAction
                ?? ([.error, .waitingForRetry].contains(steps[place].state)
                    ? nil
                    : .illegalState(
                        "step '\(steps[place].name)' is \(steps[place].state.rawValue); only error and waiting_for_retry can be reset"
                    ))
        case .resolveStep(let place):
            refusalOfStepAction ?? refusalOfTerminalStep(place)
        case .completeStep(let place, let result, _):
            refusalOfStepAction ?? refusalOfTerminalStep(place) ?? refusalOfOutcome(place, result, settings)
        case .retryTask(let places):
            refusalOfRetry(places)
        case .giveUpTask:
            state == .blockedByFailures
                ? nil : .illegalState("the task is \(state.rawValue); only blocked_by_failures can be given up")
        case .resolveTask:
            state.isTerminal ? .illegalState("the task is \(state.rawValue) already") : nil
        case .replay:
            refusalOfRetry(nil)
                ?? (deadLetter?.resolution == .pending
                    ? nil : .illegalState("the task has no pending dead-letter entry"))
        case .makeDeadLetter:
            deadLetter?.resolution == .pending ? .illegalState("the task has a pending dead-letter entry already") : nil
        case .updateDeadLetter:
            deadLetter == nil ? .illegalState("the task has no dead-letter entry") : nil
        }
    }

    private var refusalOfStepAction: ActionRefusal? {
        state.isTerminal && state != .error ? .illegalState("the task is \(state.rawValue)") : nil
    }

    private func refusalOfTerminalStep(_ place: Int) -> ActionRefusal? {
        steps[place].state.isTerminal
            ? .illegalState("step '\(steps[place].name)' is \(steps[place].state.rawValue) already") : nil
    }

    private func refusalOfOutcome(_ place: Int, _ result: RawJSON, _ settings: EngineSettings) -> ActionRefusal? {
        do throws(OutcomeError) {
            _ = try growth(of: place, result: result, settings)
            return nil
        } catch { return .invalidOutcome("\(error.errorType): \(error.message)") }
    }

    private func refusalOfRetry(_ places: [Int]?) -> ActionRefusal? {
        guard state == .blockedByFailures || state == .error else {
            return .illegalState("the task is \(state.rawValue); only blocked_by_failures and error can be retried")
        }
        if let wrong = places?.first(where: { steps[$0].state != .error }) {
            return .illegalState("step '\(steps[wrong].name)' is \(steps[wrong].state.rawValue), not error")
        }
        return nil
    }

    // MARK: - Doing it

    mutating func perform(_ action: ManualAction, _ context: inout EngineContext) {
        guard refusal(of: action, settings: context.settings) == nil else { return }
        switch action.kind {
        case .resetStep(let place, let clearCheckpoint):
            let resumes = beginAgainAfterError(&context)
            reset(place, clearCheckpoint: clearCheckpoint, action, &context)
            settleAfterAction(place, resumes: resumes, &context)
        case .resolveStep(let place):
            let resumes = beginAgainAfterError(&context)
            let growth = growthOfResolving(place)
            satisfy(place, as: .resolvedManually, envelope: Self.resolvedEnvelope, "resolve_manually", action, &context)
            grow(growth, from: place, &context)
            settleAfterAction(place, resumes: resumes, &context)
        case .completeStep(let place, let result, let metadata):
            guard let growth = try? growth(of: place, result: result, context.settings) else { return }
            let resumes = beginAgainAfterError(&context)
            let envelope = Self.manualEnvelope(result, metadata, action)
            satisfy(place, as: .complete, envelope: envelope, "complete_manually", action, &context)
            grow(growth, from: place, &context)
            settleAfterAction(place, resumes: resumes, &context)
        case .retryTask(let places): retry(places, action, &context)
        case .replay:
            // A new failure makes a new entry.
            resolveDeadLetter(as: .manuallyResolved, by: action.actor, notes: "replayed", &context)
            retry(nil, action, &context)
        case .makeDeadLetter: makeDeadLetter(.manual, failures: [], notes: action.reason, &context)
        case .updateDeadLetter(let resolution, let notes, let metadata):
            updateDeadLetter(
                resolution: resolution, notes: notes, metadata: metadata, actor: action.actor, &context)
        case .giveUpTask:
            auditTask("give_up", action)
            move(to: .error, because: "GiveUp", context)
            resolveDeadLetter(as: .permanentlyFailed, by: action.actor, &context)
        case .resolveTask:
            endSteps(reason: action.reason, actor: action.actor, status: "resolve_task", as: .superseded, &context)
            move(to: .resolvedManually, because: "ResolveManually", context)
            resolveDeadLetter(as: .manuallyResolved, by: "system", &context)
        }
    }

    private mutating func retry(_ places: [Int]?, _ action: ManualAction, _ context: inout EngineContext) {
        beginAgainAfterError(&context)
        for place in places ?? steps.indices.filter({ steps[$0].state == .error }) {
            reset(place, clearCheckpoint: false, action, &context)
        }
        settle(candidates: steps.indices.filter { isReady($0, at: context.now) }, on: .changedByOperator, &context)
    }

    /// A task in `error` goes on with the rows it has.
    /// - Returns: whether it was in `error`.
    @discardableResult
    private mutating func beginAgainAfterError(_ context: inout EngineContext) -> Bool {
        guard state == .error else { return false }
        move(to: .pending, because: "Reset", context)
        move(to: .initializing, because: "Start", context)
        // Their timers have come to nothing meanwhile.
        for place in steps.indices {
            if let due = steps[place].retryAt { effects.append(.setTimer(step: place, .retry, due: due)) }
        }
        return true
    }

    private mutating func settleAfterAction(_ place: Int, resumes: Bool, _ context: inout EngineContext) {
        let candidates =
            resumes ? steps.indices.filter { isReady($0, at: context.now) } : [place]
        settle(candidates: candidates, on: .changedByOperator, &context)
    }

    private mutating func reset(
        _ place: Int, clearCheckpoint: Bool, _ action: ManualAction, _ context: inout EngineContext
    ) {
        auditAction(place, "reset_for_retry", to: .pending, action)
        clearRetry(place)
        clearHold(place)
        steps[place].attempts = 0
        steps[place].workerLosses = 0
        steps[place].handlerNotFoundSince = nil
        steps[place].handlerNotFoundCount = 0
        if clearCheckpoint { steps[place].checkpoint = nil }
        move(place, to: .pending, context, detail: action.reason)
    }

    /// Ends a step as one whose dependents may run, whatever it was doing.
    private mutating func satisfy(
        _ place: Int, as next: StepState, envelope: RawJSON, _ status: String, _ action: ManualAction,
        _ context: inout EngineContext
    ) {
        if let dispatch = steps[place].dispatch, dispatch.publication != .parked {
            effects.append(.cancelNotice(step: place, dispatch.id, reason: action.reason))
        }
        auditAction(place, status, to: next, action)
        retireDispatch(place, as: .superseded, &context)
        leaveQuarantine(place, &context)
        clearRetry(place)
        clearResend(place)
        clearHold(place)
        steps[place].envelope = envelope
        move(place, to: next, context, detail: action.reason)
    }

    mutating func clearHold(_ place: Int) {
        guard steps[place].hold != nil else { return }
        steps[place].hold = nil
        heldSteps.remove(place)
    }

    private mutating func auditAction(_ place: Int, _ status: String, to next: StepState, _ action: ManualAction) {
        audit(
            AuditRecord(
                place: place, disposition: .manual, attempt: steps[place].attempts,
                dispatch: steps[place].dispatch?.id, status: status, fromState: steps[place].state, toState: next,
                message: action.reason, actor: action.actor))
    }

    private mutating func auditTask(_ status: String, _ action: ManualAction) {
        for place in steps.indices where steps[place].state == .error {
            auditAction(place, status, to: .error, action)
        }
    }

    // MARK: - Envelopes

    private static let resolvedEnvelope = RawJSON(["status": "resolved_manually", "result": .null, "metadata": [:]])

    private static func manualEnvelope(_ result: RawJSON, _ metadata: RawJSON, _ action: ManualAction) -> RawJSON {
        var writer = JSONWriter(reserving: result.count + metadata.count + 256)
        writer.beginObject()
        writer.key("status")
        writer.value("completed")
        writer.key("result")
        writer.value(result)
        writer.key("metadata")
        writer.beginObject()
        metadata.forEachMember { name, value in
            if name != "custom" {
                writer.key(name)
                writer.value(value)
            }
        }
        writer.key("custom")
        writer.beginObject()
        writer.key("manually_completed")
        writer.value(true)
        writer.key("completed_by")
        writer.value(action.actor)
        writer.key("completion_reason")
        writer.value(action.reason)
        metadata.member("custom")?.forEachMember { name, value in
            if !["manually_completed", "completed_by", "completion_reason"].contains(name) {
                writer.key(name)
                writer.value(value)
            }
        }
        writer.endObject()
        writer.endObject()
        writer.endObject()
        return RawJSON(trusting: writer.finish())
    }
}
