import TaskerMessaging

/// From a handler's end to the ack.
extension DeliveryMachine {
    mutating func handlerFinished(_ id: DispatchID, _ message: StepResultMessage) {
        // Anything else: answered without it (interrupted).
        guard case .running = jobs[id]?.phase else { return }
        processedTotal += 1
        if message.status == .failed { failedTotal += 1 }
        keep(id, message, hasSlot: true)
    }

    /// Answers a dispatch that was not run here.
    mutating func abandon(_ id: DispatchID, _ reason: String, deliveryCount: Int64? = nil) {
        guard let job = jobs[id] else { return }
        let hadSlot = job.hasSlot
        switch job.phase {
        case .waiting: if waiting.contains(id) { effects.append(.cancelTimer(.waited(id))) }
        case .parked: effects.append(.cancelTimer(.parked(id)))
        case .fetching: effects.append(.cancelTimer(.fetchAgain(id)))
        case .running, .answering: break
        }
        waiting.removeAll { $0 == id }
        keep(id, abandonment(of: job, reason, deliveryCount: deliveryCount), hasSlot: false)
        if hadSlot { freeSlot() }
    }

    func abandonment(of job: Job, _ reason: String, deliveryCount: Int64? = nil) -> StepResultMessage {
        StepResultMessage(
            dispatchID: job.dispatch.id, taskID: job.dispatch.taskID, stepID: job.dispatch.stepID, status: .abandoned,
            error: StepFailure(message: explanation(of: reason, job), errorType: reason, isRetryable: true),
            metadata: deliveryCount.map { RawJSON(["delivery_count": .integer($0)]) } ?? .emptyObject,
            startedAt: job.startedAt, completedAt: now,
            executionMilliseconds: job.startedAt.map { max(0, now.millisecondsSince($0)) } ?? 0, worker: worker)
    }

    private func explanation(of reason: String, _ job: Job) -> String {
        switch reason {
        case ErrorType.redelivered: "not run: the broker had delivered this message before"
        case ErrorType.workerShutdown: "not started: the worker is shutting down"
        case ErrorType.workerBusy: "not started: all slots of the worker are taken"
        case ErrorType.cancelled: "not started: the step was cancelled"
        case ErrorType.handlerNotFound:
            "this worker has no handler \(job.step?.handler.described ?? "?")"
        case ErrorType.interrupted: "stopped: the worker had to leave and the grace period was over"
        default: reason
        }
    }

    /// Keeps an answer until its confirm.
    mutating func keep(_ id: DispatchID, _ message: StepResultMessage, hasSlot: Bool) {
        guard var job = jobs[id] else { return }
        if case .running = job.phase {
            effects.append(.cancelTimer(.heartbeat(id)))
            effects.append(.cancelTimer(.timeout(id)))
        }
        job.step = nil
        job.phase = .answering(message, token: nil, hasSlot: hasSlot)
        jobs[id] = job
        publishAnswer(id)
    }

    /// Publishes a kept answer unless that is under way; while the publisher is away it waits for it.
    mutating func publishAnswer(_ id: DispatchID) {
        guard isPublisherReady, let job = jobs[id], case .answering(let message, nil, let hasSlot) = job.phase else {
            return
        }
        let token = publish(.answer(job.dispatch, message), for: .answer(id))
        jobs[id]?.phase = .answering(message, token: token, hasSlot: hasSlot)
    }

    // MARK: - Outcomes

    mutating func published(_ token: UInt64, _ outcome: PublishOutcome) {
        switch purposes.removeValue(forKey: token) {
        case .answer(let id): answerPublished(id, token, outcome)
        case .detach(let id): detachingPublished(id, token, outcome)
        case .refusal(let number, let part): refusalPublished(number, part, outcome)
        case .announcement(let kind): announcementPublished(kind, outcome)
        case nil, .some(.none): break
        }
    }

    /// When to try again; nil: as soon as the publisher is back.
    func delay(after outcome: PublishOutcome) -> Duration? {
        switch outcome {
        case .confirmed: nil
        case .returned: timing.afterReturn
        case .nacked: timing.afterNack
        // The news of the connection's end and of the next one may come in either order.
        case .inDoubt, .notSent: isPublisherReady ? timing.afterNack : nil
        }
    }

    private mutating func answerPublished(_ id: DispatchID, _ token: UInt64, _ outcome: PublishOutcome) {
        guard case .answering(let message, .some(token), let hasSlot) = jobs[id]?.phase else { return }
        if outcome == .confirmed { return settle(id) }
        jobs[id]?.phase = .answering(message, token: nil, hasSlot: hasSlot)
        if let delay = delay(after: outcome) { effects.append(.setTimer(.answerAgain(id), delay)) }
    }

    /// The answer is the broker's now: ack, and free the slot.
    private mutating func settle(_ id: DispatchID) {
        guard let job = jobs.removeValue(forKey: id) else { return }
        answered.insert(id, at: now)
        effects.append(.cancelTimer(.acknowledgeBy(id)))
        if job.detaching != .no { effects.append(.cancelTimer(.detachAgain(id))) }
        if !job.held.isEmpty { effects.append(.acknowledge(job.held)) }
        if job.hasSlot { freeSlot() }
        checkDrained()
    }

    /// The dispatch is no longer open: ack and send nothing.
    mutating func drop(_ id: DispatchID) {
        effects.append(.cancelTimer(.fetchAgain(id)))
        settle(id)
    }

    // MARK: - Publisher

    mutating func publisherReady() {
        guard !isPublisherReady else { return }
        isPublisherReady = true
        effects.append(.cancelTimer(.publisherAway))
        for job in jobsInOrder {
            let id = job.dispatch.id
            switch job.phase {
            case .running where job.detaching != .due: heartbeat(id)
            case .answering(_, nil, _):
                effects.append(.cancelTimer(.answerAgain(id)))
                publishAnswer(id)
            case .fetching: askForPage(id)
            case .running, .answering, .waiting, .parked: break
            }
            // Is a heartbeat, too.
            publishDetaching(id)
        }
        for number in refusals.keys.sorted() { publishRefusal(number) }
        resume(.publisherAway)
        hello()
    }

    mutating func publisherAway() {
        guard isPublisherReady else { return }
        isPublisherReady = false
        effects.append(.setTimer(.publisherAway, timing.publisherAway))
        if leaving == .bye { finish() }
    }

    // MARK: - Unreadable messages

    mutating func refuse(_ message: UnreadableMessage, _ tag: DeliveryTag) {
        var missing: Set<Refusal.Part> = [.deadLetter]
        if message.properties.messageID != nil, message.properties.replyTo != nil { missing.insert(.answer) }
        let number = nextNumber()
        refusals[number] = Refusal(message: message, tag: tag, missing: missing)
        publishRefusal(number)
    }

    /// Publishes the parts that are neither confirmed nor under way.
    mutating func publishRefusal(_ number: UInt64) {
        guard isPublisherReady, let refusal = refusals[number] else { return }
        for part in [Refusal.Part.deadLetter, .answer] where refusal.missing.contains(part) {
            guard !purposes.values.contains(.refusal(number, part)) else { continue }
            let parcel: Parcel = part == .answer ? .refusal(refusal.message) : .deadLetter(refusal.message)
            _ = publish(parcel, for: .refusal(number, part))
        }
    }

    private mutating func refusalPublished(_ number: UInt64, _ part: Refusal.Part, _ outcome: PublishOutcome) {
        guard var refusal = refusals[number] else { return }
        guard outcome == .confirmed else {
            if let delay = delay(after: outcome) { effects.append(.setTimer(.refuseAgain(number), delay)) }
            return
        }
        refusal.missing.remove(part)
        refusals[number] = refusal
        guard refusal.missing.isEmpty else { return }
        drop(refusal: number)
        effects.append(.acknowledge([refusal.tag]))
        checkDrained()
    }

    mutating func drop(refusal number: UInt64) {
        refusals[number] = nil
        effects.append(.cancelTimer(.refuseAgain(number)))
        checkDrained()
    }
}
