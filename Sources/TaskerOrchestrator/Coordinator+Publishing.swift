import Logging
import TaskerEngine
import TaskerMessaging
import TaskerProtocol
import TaskerStore

/// What leaves, and what becomes of it.
extension Coordinator {
    func token(for what: Publishing) -> UInt64 {
        nextToken += 1
        publishing[nextToken] = what
        return nextToken
    }

    /// Everything that the committed round lets go, in this order: publish, ack, answer.
    func flush() {
        let ready = afterCommit
        afterCommit = AfterCommit()
        var messages = ready.messages.map(\.0)
        messages += ready.dispatches.compactMap(compose)
        messages += ready.outbox.map { outgoing($0, token: token(for: .outbox($0))) }
        messages += dueUnroutable()
        if !messages.isEmpty { broker.publish(messages, completion: completion) }
        if !ready.acks.isEmpty { broker.acknowledge(ready.acks) }
        for reply in ready.replies { reply() }
    }

    /// The message of a dispatch, unless it has been withdrawn meanwhile.
    private func compose(_ due: (task: TaskID, place: Int, dispatch: DispatchID)) -> OutgoingMessage? {
        guard let task = cache[due.task]?.task, let dispatch = task.steps[due.place].dispatch,
            dispatch.id == due.dispatch, dispatch.publication == .begun
        else { return nil }
        if declaredQueues.insert(dispatch.queue).inserted { declareQueue(dispatch.queue) }
        nextToken += 1
        let message = composer.message(for: task, step: due.place, dispatch: dispatch, token: nextToken, now: now)
        publishing[nextToken] = .dispatch(
            task: due.task, step: task.steps[due.place].id, place: due.place, dispatch: due.dispatch,
            queue: dispatch.queue)
        dispatchesInFlight += 1
        return message
    }

    func outgoing(_ notice: OutboxMessage, token: UInt64) -> OutgoingMessage {
        OutgoingMessage(
            token: token, exchange: notice.exchange, routingKey: notice.routingKey,
            // A fanout without workers takes nothing, and that is all right.
            isMandatory: false,
            properties: MessageProperties(
                isPersistent: !notice.isTransient, messageID: notice.messageID ?? ids.next(at: now).description,
                correlationID: notice.correlationID, type: notice.type, appID: "tasker-orchestrator",
                timestamp: now.milliseconds / 1000),
            body: Array(notice.body.bytes))
    }

    // MARK: - Outcomes

    func published(_ result: PublishResult) {
        guard let what = publishing.removeValue(forKey: result.token) else { return }
        beforeRound.settled[result.token] = what
        switch what {
        case .dispatch(let task, let step, let place, let dispatch, let queue):
            dispatchesInFlight -= 1
            dispatchPublished(result.outcome, task, step, place, dispatch, queue)
        case .outbox(let notice):
            if result.outcome == .confirmed { noteSent() }
            switch result.outcome {
            case .notSent, .nacked, .inDoubt: outboxWaiting.append(notice)
            case .confirmed, .returned:
                doneOutbox.append(notice.id)
                if softSince == nil { softSince = now }
            }
        case .marker(let number):
            if result.outcome != .confirmed { markerFailed(number) }
        case .deadLetter(let tag, let message):
            // Until the copy is safe the original stays unacked.
            if result.outcome == .confirmed {
                afterCommit.acks.append(tag)
            } else {
                unroutable.append((now.advanced(by: settings.unroutableDelay), message, what))
            }
        case .answer: break
        }
    }

    private func dispatchPublished(
        _ outcome: PublishOutcome, _ task: TaskID, _ step: StepID, _ place: Int, _ dispatch: DispatchID,
        _ queue: String
    ) {
        // What was answered or superseded meanwhile needs nothing.
        if outcome == .confirmed { noteSent(since: open[step].flatMap { $0.dispatch == dispatch ? $0.begunAt : nil }) }
        guard open[step]?.dispatch == dispatch else { return }
        var outcome = outcome
        if isPlanted(.resendDoubtUnderSameID), outcome == .inDoubt { outcome = .notSent }
        if isPlanted(.resendNackedAtOnce), outcome == .nacked { outcome = .inDoubt }
        var report = FollowUps.Report(task: task, place: place, dispatch: dispatch, what: .inDoubt)
        switch outcome {
        case .confirmed:
            // Not worth loading a task for: unconfirmed, it is in doubt after a restart, and no worse.
            if let cached = cache[task] {
                apply(.publishing(step: place, dispatch, .confirmed), to: cached, soft: true)
            }
            return
        case .notSent: report.what = .notSent
        case .inDoubt: break
        case .nacked: report.what = .nacked
        case .returned(_, let text):
            metrics.messagesUnroutable += 1
            // The broker gave it back, so no copy exists: declare the queue and publish it again.
            log.warning("no queue took a step message", metadata: ["queue": .string(queue), "broker": .string(text)])
            declareQueue(queue)
            report.what = .notSent
            report.returnsAt = now.advanced(by: .milliseconds(200))
        }
        if isPlanted(.forgetReportsOfEvicted), cache[task] == nil { return }
        // Its task may have left the memory meanwhile.
        followUps.reports.append(report)
    }

    /// Says to a task what became of its message, and keeps what was not sent for later.
    func take(_ report: FollowUps.Report, of cached: CachedTask) {
        apply(.publishing(step: report.place, report.dispatch, report.what), to: cached)
        let step = cached.task.steps[report.place]
        guard report.what == .notSent, step.dispatch?.id == report.dispatch, step.dispatch?.publication == .parked
        else { return }
        if let due = report.returnsAt {
            unroutableDispatches.append((due, report.task, step.id))
        } else {
            parked.append(task: report.task, step: step.id)
        }
    }

    // MARK: - Parked messages

    /// Begins what waited for the broker, as far as the publish window allows.
    func beginParked() async throws {
        if isConnected {
            for due in unroutableDispatches where due.due <= now { parked.append(task: due.task, step: due.step) }
            unroutableDispatches.removeAll { $0.due <= now }
        }
        guard isConnected, !parked.isEmpty else { return }
        let room = settings.publishWindow - dispatchesInFlight - afterCommit.dispatches.count
        guard room > 0 else { return }
        let first = parked.first(min(room, 1000))
        let due = first.filter { open[$0.step]?.publication == .parked }
        try await load(due.map(\.task))
        parked.removeFirst(first.count)
        for (id, step) in due {
            guard let cached = cache[id], let place = cached.task.index(of: step),
                let dispatch = cached.task.steps[place].dispatch, dispatch.publication == .parked
            else { continue }
            publishSequence += 1
            apply(.publishing(step: place, dispatch.id, .begun(sequence: publishSequence)), to: cached)
            afterCommit.dispatches.append((id, place, dispatch.id))
        }
        if !outboxWaiting.isEmpty {
            afterCommit.outbox += outboxWaiting
            outboxWaiting = []
        }
    }

    private func dueUnroutable() -> [OutgoingMessage] {
        guard isConnected else { return [] }
        let due = unroutable.filter { $0.due <= now }
        unroutable.removeAll { $0.due <= now }
        return due.map { entry in
            var message = entry.message
            message.token = token(for: entry.what)
            return message
        }
    }
}
