import TaskerMessaging
import TaskerProtocol

extension SimulatedWorker {
    // MARK: - SimulatedClient

    func delivered(_ message: SimulatedMessage, tag: UInt64, queue: String, on connection: SimulatedConnection) {
        let wasDelivered = message.deliveryCount > 0
        after(0) { self.take(message, wasDelivered, tag, queue, connection) }
    }

    func published(_ token: UInt64, _ outcome: PublishOutcome, on connection: SimulatedConnection) {
        after(0) {
            guard connection === self.connection else { return }
            self.awaited.removeValue(forKey: token)?(outcome)
        }
    }

    func blocked(_ isBlocked: Bool, on connection: SimulatedConnection) {
        after(0) {
            guard connection === self.connection else { return }
            self.isBlocked = isBlocked
            if isBlocked {
                self.after(5 * second) { if self.isBlocked { self.stopConsuming() } }
            } else if self.usedSlots < self.plan.slots {
                self.startConsuming()
            }
        }
    }

    func notified(_ body: [UInt8], type: String?, on connection: SimulatedConnection) {
        after(0) {
            guard connection === self.connection, let body = try? RawJSON(validating: body) else { return }
            if type == MessageKind.amqpType(MessageKind.stepCancel) {
                if let notice = try? StepCancel(reading: body) { self.cancel(notice.dispatchID) }
            } else if let page = try? StepDependencies(reading: body) {
                self.fetched(page)
            }
        }
    }

    private func cancel(_ id: DispatchID) {
        cancelled.insert(id)
        guard let job = jobs[id] else { return }
        switch job.phase {
        case .waiting, .parked, .fetching: abandon(job, ErrorType.cancelled)
        case .running:
            job.isCancelled = true
            // Some handlers look at the flag, others run to their end.
            if number.isMultiple(of: 2) {
                finish(
                    job, .failed(StepFailure(message: "stopped", errorType: ErrorType.cancelled, isRetryable: false)))
            }
        case .answered: break
        }
    }

    // MARK: - Deliveries

    /// The checks of the wire protocol, 6.1, in their order.
    private func take(
        _ message: SimulatedMessage, _ wasDelivered: Bool, _ tag: UInt64, _ queue: String,
        _ connection: SimulatedConnection
    ) {
        guard connection === self.connection else { return }
        // What the orchestrator writes is JSON; reading it once is enough.
        let body = message.executed == nil ? try? RawJSON(validating: message.body) : RawJSON(trusting: message.body)
        guard let body, let execute = try? StepExecute(reading: body) else {
            return bury(message, tag, connection)
        }
        let id = execute.dispatchID
        if let job = jobs[id] { return adopt(job, tag, connection) }
        if answered.contains(id) { return acknowledge(tag, on: connection) }
        let job = Job(execute, connection, tag, queue)
        jobs[id] = job
        if mutation == .acksBeforeConfirm { acknowledge(tag, on: connection) }
        if wasDelivered, mutation != .runsRedelivered { return abandon(job, ErrorType.redelivered) }
        if isLeaving { return abandon(job, ErrorType.workerShutdown) }
        if cancelled.contains(id) { return abandon(job, ErrorType.cancelled) }
        if clock.now < plan.knowsHandlersFrom[execute.handler.callable] ?? 0 {
            return abandon(job, ErrorType.handlerNotFound)
        }
        watchDeadline(of: job, tag, connection)
        prepare(job)
    }

    private func prepare(_ job: Job) {
        if job.message.omitted != nil {
            job.phase = .fetching
            job.results = []
            return fetch(job, after: nil)
        }
        if usedSlots < plan.slots { return start(job) }
        job.phase = .waiting
        after(1 * second) {
            guard job.phase == .waiting, self.jobs[job.dispatch] === job else { return }
            self.stopConsuming()
            for waiting in self.orderedJobs where waiting.phase == .waiting {
                self.abandon(waiting, ErrorType.workerBusy)
            }
        }
    }

    private func adopt(_ job: Job, _ tag: UInt64, _ connection: SimulatedConnection) {
        world.trace.note("\(label) adopts \(job.dispatch.short)")
        job.connection = connection
        job.tag = tag
        watchDeadline(of: job, tag, connection)
        if job.phase == .parked { prepare(job) }
    }

    func acknowledge(_ tag: UInt64, on connection: SimulatedConnection) {
        guard connection === self.connection else { return }
        world.broker.write(connection) { self.world.broker.acknowledge(connection, tag) }
    }

    /// What nobody can read goes to the dead-letter queue.
    private func bury(_ message: SimulatedMessage, _ tag: UInt64, _ connection: SimulatedConnection) {
        let copy = OutgoingMessage(
            token: nextToken(), exchange: world.names.dead, routingKey: "", properties: message.properties,
            body: message.body)
        publish(copy, .garbage) { outcome in
            if outcome == .confirmed {
                self.acknowledge(tag, on: connection)
            } else {
                self.after(500 * millisecond) {
                    if connection === self.connection { self.bury(message, tag, connection) }
                }
            }
        }
    }

    /// A delivery is not held for long: a confirmed heartbeat, then the ack.
    private func watchDeadline(of job: Job, _ tag: UInt64, _ connection: SimulatedConnection) {
        after(job.message.limits.ackDeadlineMilliseconds * millisecond) {
            func isHeld() -> Bool {
                self.jobs[job.dispatch] === job && job.connection === connection && job.tag == tag
                    && connection === self.connection
            }
            guard isHeld(), job.phase == .running else { return }
            if self.usedSlots >= self.plan.slots { self.stopConsuming() }
            self.beat(job, isDetached: true, isPersistent: true) { outcome in
                guard outcome == .confirmed, isHeld() else { return }
                job.connection = nil
                self.acknowledge(tag, on: connection)
            }
        }
    }

    // MARK: - Omitted results

    func fetch(_ job: Job, after name: String?) {
        guard jobs[job.dispatch] === job, job.phase == .fetching, let reply = connection?.replyQueue ?? pendingReply
        else { return }
        let request = StepFetch(
            dispatchID: job.dispatch, taskID: job.message.task.id, stepID: job.message.step.id, after: name)
        let expected = job.results.count
        publish(
            OutgoingMessage(
                token: nextToken(), routingKey: job.message.replyTo,
                properties: MessageProperties(
                    isPersistent: false, type: MessageKind.amqpType(MessageKind.stepFetch), replyTo: reply),
                body: request.encoded()), .other
        ) { _ in }
        after(5 * second) { if job.results.count == expected { self.fetch(job, after: name) } }
    }

    private var pendingReply: String? { connection.map { "reply.\($0.number)" } }

    private func fetched(_ page: StepDependencies) {
        guard let job = jobs[page.dispatchID], job.phase == .fetching else { return }
        if page.isGone {
            world.ledger.excuses(job.dispatch)
            jobs[job.dispatch] = nil
            if let connection = job.connection { acknowledge(job.tag, on: connection) }
            return leaveWhenDone()
        }
        for result in page.dependencyResults where !job.results.contains(where: { $0.name == result.name }) {
            job.results.append(result)
        }
        if let next = page.next { return fetch(job, after: next) }
        if usedSlots < plan.slots {
            start(job)
        } else {
            job.phase = .waiting
            after(1 * second) { if job.phase == .waiting { self.abandon(job, ErrorType.workerBusy) } }
        }
    }
}
