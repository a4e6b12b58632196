import TaskerProtocol
import TaskerTemplates

/// Attempts and the messages they cost.
extension WorkflowTask {
    func template(of place: Int) -> StepTemplate { plan.nodes[steps[place].node].template }

    /// Another execution is allowed after the current one.
    func mayRunAgain(_ place: Int) -> Bool {
        let retry = template(of: place).retry
        return retry.isRetryable && steps[place].attempts < retry.attemptLimit
    }

    /// One more loss would be its last.
    func isSuspect(_ place: Int, _ settings: EngineSettings) -> Bool {
        steps[place].workerLosses > 0 && steps[place].workerLosses >= settings.maxWorkerLosses - 1
    }

    public func timeout(of place: Int, _ settings: EngineSettings) -> Int64 {
        template(of: place).timeoutMilliseconds ?? settings.defaultStepTimeout.wholeMilliseconds
    }

    /// Begins an attempt: counts it and dispatches it. Holds the step instead when it has no route or is in quarantine.
    /// - Returns: whether it was dispatched.
    mutating func dispatchAttempt(_ place: Int, _ context: inout EngineContext) -> Bool {
        guard let queue = freeQueue(place, &context) else { return false }
        if steps[place].hold != nil {
            steps[place].hold = nil
            heldSteps.remove(place)
        }
        clearRetry(place)
        steps[place].attempts += 1
        steps[place].totalAttempts += 1
        steps[place].handlerNotFoundSince = nil
        steps[place].handlerNotFoundCount = 0
        steps[place].attemptNacks = 0
        mint(place, queue: queue, &context)
        move(place, to: .enqueued, context)
        enterQuarantine(place, queue: queue, &context)
        return true
    }

    /// Sends a step in flight again under a new id: the attempt stays the same.
    mutating func resend(_ place: Int, because reason: String, _ context: inout EngineContext) {
        let previous = steps[place].dispatch
        // A fleet that has lost its route still gets the message: its queue is durable.
        guard let queue = routed(place, context) ?? previous?.queue else {
            // Only after `handler_not_found` ended the dispatch, when the route has gone too: look again later.
            return handlerNotFound(place, "", &context)
        }
        audit(
            AuditRecord(
                place: place, disposition: .automatic, attempt: steps[place].attempts, dispatch: previous?.id,
                status: "resend", fromState: steps[place].state, toState: steps[place].state,
                workerID: previous?.workerID, message: reason))
        retireDispatch(place, as: .superseded, &context)
        clearResend(place)
        mint(place, queue: queue, &context)
        enterQuarantine(place, queue: queue, &context)
        touch(place, context)
    }

    /// A dispatch under a fresh id.
    private mutating func mint(_ place: Int, queue: String, _ context: inout EngineContext) {
        let isPublishedAtOnce = context.publishesAtOnce && context.publishRoom > 0
        var dispatch = Dispatch(
            id: context.ids.nextID(at: context.now), queue: queue, createdAt: context.now,
            publication: isPublishedAtOnce ? .begun : .parked)
        if isPublishedAtOnce {
            context.publishRoom -= 1
            context.publishSequence += 1
            dispatch.publishSequence = context.publishSequence
            dispatch.begunAt = context.now
        }
        steps[place].dispatch = dispatch
        effects.append(.dispatch(step: place, dispatch.id))
    }

    /// Takes the open dispatch out of play and remembers how it ended.
    mutating func retireDispatch(_ place: Int, as ending: PastDispatch.Ending, _ context: inout EngineContext) {
        guard let dispatch = steps[place].dispatch else { return }
        if dispatch.publication == .parked || dispatch.publication == .begun { effects.append(.withdraw(dispatch.id)) }
        if dispatch.leaseDue != nil { effects.append(.clearTimer(step: place, .lease)) }
        if dispatch.graceDue != nil { effects.append(.clearTimer(step: place, .grace)) }
        if dispatch.timeoutDue != nil { effects.append(.clearTimer(step: place, .timeout)) }
        var past = steps[place].pastDispatches
        if past.count >= Step.pastDispatchLimit { past.removeFirst(past.count - Step.pastDispatchLimit + 1) }
        past.append(PastDispatch(id: dispatch.id, ending: ending))
        steps[place].pastDispatches = past
        steps[place].dispatch = nil
    }

    // MARK: - Quarantine

    /// A suspect stays one as long as its attempt is open, through every resend.
    private mutating func enterQuarantine(_ place: Int, queue: String, _ context: inout EngineContext) {
        guard isSuspect(place, context.settings) else { return }
        guard context.suspects[queue]?.contains(steps[place].id) != true else { return }
        leaveQuarantine(place, &context)
        context.suspects[queue, default: []].insert(steps[place].id)
    }

    /// Its attempt is over, or goes on in another queue: the next suspect of the queue may go.
    mutating func leaveQuarantine(_ place: Int, _ context: inout EngineContext) {
        guard steps[place].workerLosses > 0 else { return }
        let id = steps[place].id
        guard let queue = context.suspects.first(where: { $0.value.contains(id) })?.key else { return }
        context.suspects[queue]?.remove(id)
        if context.suspects[queue]?.isEmpty == true { context.suspects[queue] = nil }
        effects.append(.quarantineEnded(queue: queue))
    }

    private func routed(_ place: Int, _ context: borrowing EngineContext) -> String? {
        let handler = template(of: place).handler
        return context.routing.queue(
            namespace: plan.template.namespace, callable: handler.callable, declared: handler.queue, task: id)
    }

    /// The queue that takes the step now; holds it when there is none, or when another suspect is in flight there.
    private mutating func freeQueue(_ place: Int, _ context: inout EngineContext) -> String? {
        guard let queue = routed(place, context) else {
            hold(place, .noRoute, queue: nil, &context)
            return nil
        }
        guard isSuspect(place, context.settings), context.suspects[queue]?.isEmpty == false else { return queue }
        hold(place, .quarantine, queue: queue, &context)
        return nil
    }

    /// Whether a held step must go on waiting, so that its row need not change.
    mutating func isStillHeld(_ place: Int, _ context: inout EngineContext) -> Bool {
        freeQueue(place, &context) == nil
    }

    private mutating func hold(_ place: Int, _ hold: Step.Hold, queue: String?, _ context: inout EngineContext) {
        heldSteps.insert(place)
        // Its back-off is over: what it waits for now has no due time, and a timer left behind would fire for ever.
        clearRetry(place)
        if steps[place].hold != hold {
            steps[place].hold = hold
            touch(place, context)
        }
        effects.append(.held(step: place, hold, callable: template(of: place).handler.callable, queue: queue))
    }

    // MARK: - Timers that are rows

    mutating func clearRetry(_ place: Int) {
        guard steps[place].retryAt != nil else { return }
        steps[place].retryAt = nil
        effects.append(.clearTimer(step: place, .retry))
    }

    mutating func scheduleResend(_ place: Int, delay: Duration, _ context: inout EngineContext) {
        let due = context.now.advanced(by: delay)
        steps[place].resendAt = due
        effects.append(.setTimer(step: place, .resend, due: due))
        touch(place, context)
    }

    mutating func clearResend(_ place: Int) {
        guard steps[place].resendAt != nil else { return }
        steps[place].resendAt = nil
        effects.append(.clearTimer(step: place, .resend))
    }
}

/// 1, 2, 4 ... seconds, up to `cap`.
func doublingDelay(_ count: Int, cap: Duration) -> Duration {
    min(cap, .seconds(1 << min(max(0, count), 20)))
}
