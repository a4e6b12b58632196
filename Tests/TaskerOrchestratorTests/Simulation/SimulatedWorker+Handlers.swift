import TaskerMessaging
import TaskerProtocol

extension SimulatedWorker {
    func start(_ job: Job) {
        job.phase = .running
        job.holdsSlot = true
        job.startedAt = clock.now
        world.trace.note("\(label) starts \(job.dispatch.short) of \(job.message.step.name)")
        world.ledger.starts(job.dispatch)
        // What was fetched was composed later: an operator may have changed a failure meanwhile.
        let isCertain = job.message.omitted == nil || world.plan.isComparable(job.message.task.name)
        world.ledger.sees(job.results, in: job.dispatch, isCertain: isCertain)
        if usedSlots > plan.slots { world.ledger.fail("wire protocol 6.3: more handlers than slots") }
        beatLater(job, 1 * second)
        let behaviour = world.plan.behaviour(of: job.message)
        let outcome = behaviour.outcome(of: job.message, results: job.results)
        let limit = job.message.step.timeoutMilliseconds * millisecond
        if behaviour.ending == .overruns, job.message.step.attempt > behaviour.failures {
            // Half of them are stopped in time, the others answer late.
            let isStopped = number.isMultiple(of: 2)
            let failure = StepFailure(message: "too long", errorType: ErrorType.timeout, isRetryable: true)
            return after(isStopped ? limit : limit + 10 * second) { self.finish(job, .failed(failure)) }
        }
        after(behaviour.duration) {
            if case .dies = outcome {
                if self.jobs[job.dispatch] === job, job.phase == .running {
                    self.die(flushes: false, noticedAfter: 1000)
                }
            } else {
                self.finish(job, outcome)
            }
        }
    }

    func finish(_ job: Job, _ outcome: Behaviour.Outcome) {
        guard jobs[job.dispatch] === job, job.phase == .running else { return }
        var answer = answer(to: job, .completed)
        answer.startedAt = world.orchestrator.now
        answer.executionMilliseconds = 1
        switch outcome {
        case .completed(let result): answer.result = result
        case .failed(let failure):
            answer.status = .failed
            answer.error = failure
        case .checkpoint(let checkpoint):
            answer.status = .checkpoint
            answer.checkpoint = checkpoint
        case .dies: return
        }
        job.answer = answer
        job.phase = .answered
        send(job)
    }

    func abandon(_ job: Job, _ reason: String) {
        guard job.phase != .answered else { return }
        world.trace.note("\(label) abandons \(job.dispatch.short): \(reason)")
        var answer = answer(to: job, .abandoned)
        answer.error = StepFailure(message: reason, errorType: reason, isRetryable: true)
        job.answer = answer
        job.phase = .answered
        send(job)
    }

    private func answer(to job: Job, _ status: StepResultMessage.Status) -> StepResultMessage {
        StepResultMessage(
            dispatchID: job.dispatch, taskID: job.message.task.id, stepID: job.message.step.id, status: status,
            worker: identity)
    }

    // MARK: - Publishing

    func nextToken() -> UInt64 {
        lastToken += 1
        return lastToken
    }

    func publish(
        _ message: OutgoingMessage, _ about: SimulatedMessage.About, _ completion: @escaping (PublishOutcome) -> Void
    ) {
        guard let connection else { return }
        awaited[message.token] = completion
        world.broker.publish(message, about: about, on: connection)
    }

    /// Publishes a job's answer until it is confirmed; only then is its delivery acked and its slot free.
    func send(_ job: Job) {
        guard jobs[job.dispatch] === job, let answer = job.answer, connection != nil else { return }
        world.ledger.answers(job.dispatch, answer.status)
        let message = OutgoingMessage(
            token: nextToken(), routingKey: job.message.replyTo,
            properties: MessageProperties(
                messageID: job.dispatch.description, type: MessageKind.amqpType(MessageKind.stepResult)),
            body: answer.encoded())
        publish(message, .answer(job.dispatch, answer.status)) { outcome in
            switch outcome {
            case .confirmed: self.confirmed(job)
            case .returned: self.after(5 * second) { self.send(job) }
            case .nacked, .inDoubt, .notSent: self.after(500 * millisecond) { self.send(job) }
            }
        }
    }

    private func confirmed(_ job: Job) {
        guard jobs[job.dispatch] === job else { return }
        jobs[job.dispatch] = nil
        answered.insert(job.dispatch)
        if let connection = job.connection { acknowledge(job.tag, on: connection) }
        if isLeaving { return leaveWhenDone() }
        for waiting in orderedJobs where waiting.phase == .waiting && usedSlots < plan.slots { start(waiting) }
        if usedSlots < plan.slots, !isBlocked { startConsuming() }
    }

    // MARK: - Heartbeats

    private func beatLater(_ job: Job, _ delay: Int64) {
        after(delay) {
            guard self.jobs[job.dispatch] === job, job.phase == .running else { return }
            self.beat(job)
            self.beatLater(job, job.message.limits.heartbeatIntervalMilliseconds * millisecond)
        }
    }

    func beat(
        _ job: Job, isDetached: Bool? = nil, isPersistent: Bool = false,
        _ completion: @escaping (PublishOutcome) -> Void = { _ in }
    ) {
        job.heartbeats += 1
        let isDetached = isDetached ?? (job.connection == nil)
        let heartbeat = StepHeartbeat(
            dispatchID: job.dispatch, taskID: job.message.task.id, stepID: job.message.step.id, startedAt: nil,
            sequence: job.heartbeats, isDetached: isDetached, worker: identity)
        publish(
            OutgoingMessage(
                token: nextToken(), routingKey: job.message.replyTo,
                properties: MessageProperties(
                    isPersistent: isPersistent, type: MessageKind.amqpType(MessageKind.stepHeartbeat)),
                body: heartbeat.encoded()), .heartbeat(job.dispatch, isDetached: isDetached), completion)
    }

    /// `worker.heartbeat`, as long as the process lives.
    func beatRegularly() {
        after(15 * second) {
            self.announce(.heartbeat)
            self.beatRegularly()
        }
    }

    func announce(_ kind: WorkerAnnouncement.Kind) {
        let announcement = WorkerAnnouncement(
            kind: kind, worker: identity, queues: plan.queues, namespaces: ["sim"],
            handlers: plan.callables.map { WorkerAnnouncement.Handler(callable: $0) }, slots: plan.slots,
            startedAt: nil, processID: 1, sentAt: nil, status: isLeaving ? .draining : .active)
        publish(
            OutgoingMessage(
                token: nextToken(), routingKey: world.names.workers,
                properties: MessageProperties(isPersistent: false), body: announcement.encoded()), .other
        ) { outcome in
            // The orchestrator was never here: again a little later.
            if case .returned = outcome, kind == .hello { self.after(3 * second) { self.announce(.hello) } }
        }
    }
}
