import TaskerEngine
import TaskerMessaging
import TaskerOrchestrator
import TaskerProtocol
import TaskerStore

/// From the outbox to the worker.
extension StepExplainer {
    func held(_ place: Int, _ hold: Step.Hold) -> Explanation {
        switch hold {
        case .noRoute: return noRoute(place)
        case .quarantine:
            let step = task.steps[place]
            var explanation = Explanation(
                .heldQuarantine,
                "Step '\(step.name)' has lost \(Words.count(step.workerLosses, "worker")) and waits until no other such step runs.",
                since: step.updatedAt)
            explanation.reasons = [
                .init(
                    code: "quarantine",
                    message: "one more lost worker would be its last; such steps of a queue run one at a time")
            ]
            explanation.next = .init(what: "the other step of its queue finishes")
            explanation.suggestions = [
                .init(
                    text: "Look at what became of the workers that ran it",
                    command: command("task step-audit", place),
                    request: "GET /v1/tasks/\(task.id)/workflow_steps/\(step.id)/audit")
            ]
            return explanation
        }
    }

    private func noRoute(_ place: Int) -> Explanation {
        let step = task.steps[place]
        let callable = callable(of: place)
        let route = outlook.state.routes.first { $0.namespace == namespace && $0.callable == callable }
        let nearest = route?.nearest ?? []
        let hint = nearest.isEmpty ? "nothing is announced there" : "nearest announced: \(Words.list(nearest))"
        var explanation = Explanation(
            .noRoute,
            "Step '\(step.name)' waits because no worker has announced handler \(callable) for namespace \(namespace) (\(hint)).",
            since: step.updatedAt)
        explanation.reasons = [
            .init(
                code: "no_route", message: "handler \(callable) has no queue; \(hint)", since: step.updatedAt,
                ref: callable)
        ]
        explanation.reasons += nearest.map { .init(code: "nearest", message: "announced: \($0)", ref: $0) }
        explanation.next = .init(what: "a worker announces \(callable)")
        explanation.suggestions = [
            .init(
                text: "Start a worker of namespace \(namespace) that has the handler",
                command: "tasker-ctl worker list -n \(Words.shell(namespace))",
                request: "GET /v1/workers?namespace=\(Words.url(namespace))"),
            .init(
                text: "Or send its steps to a queue by hand",
                command: "tasker-ctl route set \(Words.shell("\(namespace)/\(callable)")) QUEUE",
                request: "PUT /v1/routes/\(Words.url(namespace))/\(Words.url(callable))"),
        ]
        return explanation
    }

    // MARK: - On its way

    func enqueued(_ place: Int) -> Explanation {
        let step = task.steps[place]
        // What was given back has no dispatch until it is sent again.
        if let resend = step.resendAt { return sentAgain(place, at: resend) }
        guard let dispatch = step.dispatch else {
            return Explanation(.queued, "Step '\(step.name)' is being dispatched.", since: step.updatedAt)
        }
        switch dispatch.publication {
        case .parked: return parked(place, dispatch)
        case .inDoubt: return inDoubt(place, dispatch)
        case .begun:
            if let fault = outlook.state.queues.first(where: { $0.queue == dispatch.queue })?.fault {
                return pendingPublish(
                    place, dispatch, "unroutable", "queue \(dispatch.queue) cannot be declared: \(Words.line(fault))")
            }
            if case .connected = outlook.state.broker { break }
            return parked(place, dispatch)
        case .confirmed: break
        }
        if dispatch.isInGrace { return inGrace(place, dispatch) }
        return queued(place, dispatch)
    }

    private func parked(_ place: Int, _ dispatch: Dispatch) -> Explanation {
        switch outlook.state.broker {
        case .connected where outlook.state.parkedDispatches == 0:
            return pendingPublish(
                place, dispatch, "unroutable",
                "no queue took the message; queue \(dispatch.queue) is declared and the message sent again")
        case .connected:
            return pendingPublish(
                place, dispatch, "publish_window",
                "\(outlook.state.publishesInFlight) messages are on their way and \(outlook.state.parkedDispatches) wait before it"
            )
        case .blocked(let reason):
            return pendingPublish(
                place, dispatch, "broker_blocked", "the broker takes no messages now: \(Words.line(reason))")
        case .disconnected(let reason):
            return pendingPublish(
                place, dispatch, "broker_unreachable", "the broker is not reachable: \(Words.line(reason))")
        }
    }

    private func pendingPublish(_ place: Int, _ dispatch: Dispatch, _ code: String, _ why: String) -> Explanation {
        let step = task.steps[place]
        var explanation = Explanation(
            .publishPending,
            "Step '\(step.name)' waits in the outbox since \(Words.span(now.millisecondsSince(dispatch.createdAt))): \(why).",
            since: dispatch.createdAt)
        explanation.reasons = [.init(code: code, message: why, since: dispatch.createdAt, ref: dispatch.queue)]
        explanation.next = .init(what: "the message is published")
        explanation.suggestions = [
            .init(text: "Look at broker and outbox", command: "tasker-ctl queue list", request: "GET /health/detailed")
        ]
        return explanation
    }

    private func sentAgain(_ place: Int, at due: Timestamp) -> Explanation {
        let step = task.steps[place]
        let callable = callable(of: place)
        let wait = Words.span(due.millisecondsSince(now))
        guard let since = step.handlerNotFoundSince else {
            var explanation = Explanation(
                .publishPending, "Step '\(step.name)' is sent again in \(wait); a worker gave it back unfinished.",
                since: step.updatedAt)
            explanation.reasons = [
                .init(code: "abandoned", message: "the worker gave it back", since: step.updatedAt, until: due)
            ]
            explanation.next = .init(what: "the step is sent again", at: due)
            return explanation
        }
        let end = since.advanced(by: settings.engine.handlerNotFoundPatience)
        var explanation = Explanation(
            .publishPending,
            "Step '\(step.name)' is sent again in \(wait): a worker of its queue said \(Words.count(step.handlerNotFoundCount, "time")) that it has no handler \(callable).",
            since: since)
        explanation.reasons = [
            .init(
                code: "handler_not_found",
                message:
                    "no handler \(callable) there, \(Words.count(step.handlerNotFoundCount, "time")); given up at \(end)",
                since: since, until: end, ref: callable)
        ]
        explanation.next = .init(what: "the step is sent again", at: due)
        explanation.suggestions = [
            .init(
                text: "Deploy a worker that has handler \(callable)",
                command: "tasker-ctl worker list -n \(Words.shell(namespace))",
                request: "GET /v1/workers?namespace=\(Words.url(namespace))")
        ]
        return explanation
    }

    private func inDoubt(_ place: Int, _ dispatch: Dispatch) -> Explanation {
        let step = task.steps[place]
        let decided = (dispatch.begunAt ?? dispatch.createdAt).advanced(by: settings.engine.lostDispatch)
        var explanation = Explanation(
            .inDoubt,
            "Step '\(step.name)' may or may not have reached queue \(dispatch.queue): the broker never confirmed it and the step may not run twice, so it is not sent again; decided in \(Words.span(decided.millisecondsSince(now))) at the earliest.",
            since: dispatch.begunAt ?? dispatch.createdAt)
        explanation.reasons = [
            .init(
                code: "unconfirmed", message: "published at \(dispatch.begunAt ?? dispatch.createdAt), never confirmed",
                since: dispatch.begunAt, until: decided, ref: dispatch.queue)
        ]
        explanation.next = .init(
            what: "a worker answers, or the queue is found empty and the step is decided to be lost", at: decided)
        explanation.suggestions = [
            .init(
                text: "Look whether a worker runs it", command: "tasker-ctl worker list --queue \(dispatch.queue)",
                request: "GET /v1/workers?queue=\(Words.url(dispatch.queue))"),
            .init(
                text: "If you know that it was done, go on without it", command: command("task resolve-step", place),
                request: patch(place)),
        ]
        return explanation
    }

    private func inGrace(_ place: Int, _ dispatch: Dispatch) -> Explanation {
        let step = task.steps[place]
        var explanation = Explanation(
            .queued,
            "Step '\(step.name)' came back to its queue; worker \(dispatch.workerID ?? "?") may still answer for a moment.",
            since: step.updatedAt)
        explanation.reasons = [
            .init(code: "redelivered", message: "its delivery was not acknowledged", until: dispatch.graceDue)
        ]
        explanation.next = .init(what: "the first worker counts as lost", at: dispatch.graceDue)
        return explanation
    }

    private func queued(_ place: Int, _ dispatch: Dispatch) -> Explanation {
        let step = task.steps[place]
        let callable = callable(of: place)
        let figures = figures[dispatch.queue]
        let workers = outlook.state.workers.filter { $0.announcement.queues.contains(dispatch.queue) }
        let live = workers.filter(\.isLive)
        let since = dispatch.begunAt ?? dispatch.createdAt
        let name = settings.names.steps(dispatch.queue)
        if figures?.consumers ?? 0 == 0, live.isEmpty {
            return noConsumer(place, name, figures, workers.max { $0.lastSeenAt < $1.lastSeenAt }, since)
        }
        let ahead = outlook.ahead[step.id] ?? 0
        let full = live.filter { $0.announcement.running.count >= $0.announcement.slots }
        let rate = outlook.state.queues.first { $0.queue == dispatch.queue }?.startsPerMinute ?? 0
        var parts = ["\(Words.count(ahead, "message")) ahead of it"]
        if let figures { parts.append(Words.count(figures.consumers, "consumer")) }
        parts.append("\(Words.count(live.count, "live worker"))\(full.isEmpty ? "" : ", \(full.count) of them full")")
        if rate > 0 { parts.append("about \(rate) started per minute") }
        var explanation = Explanation(
            .queued,
            "Step '\(step.name)' waits in queue \(name) since \(Words.span(now.millisecondsSince(since))): \(parts.joined(separator: ", ")).",
            since: since)
        explanation.reasons = [
            .init(code: "queue", message: parts.joined(separator: ", "), since: since, ref: dispatch.queue)
        ]
        if !live.isEmpty,
            !live.contains(where: { worker in
                worker.announcement.handlers.contains { $0.callable == callable } || worker.announcement.anyHandler
            })
        {
            explanation.reasons.append(
                .init(
                    code: "handler_not_announced",
                    message: "no live worker of queue \(dispatch.queue) has announced handler \(callable)",
                    ref: callable))
            explanation.suggestions = [
                .init(
                    text: "Deploy a worker on queue \(dispatch.queue) that has handler \(callable)",
                    command: "tasker-ctl worker list --queue \(dispatch.queue)",
                    request: "GET /v1/workers?queue=\(Words.url(dispatch.queue))")
            ]
        }
        for worker in full.prefix(10) {
            explanation.reasons.append(
                .init(
                    code: "worker_full",
                    message:
                        "worker \(worker.announcement.worker.id) runs \(worker.announcement.running.count) of \(worker.announcement.slots)",
                    ref: worker.announcement.worker.id))
        }
        explanation.next = .init(
            what: "a worker takes it",
            at: rate > 0 ? now.advanced(byMilliseconds: Int64(ahead + 1) * 60_000 / Int64(rate)) : nil)
        if full.count == live.count, !full.isEmpty {
            explanation.suggestions.append(
                .init(
                    text: "All workers of queue \(dispatch.queue) are full: add workers or slots",
                    command: "tasker-ctl worker list --queue \(dispatch.queue)",
                    request: "GET /v1/workers?queue=\(Words.url(dispatch.queue))"))
        }
        return explanation
    }

    private func noConsumer(
        _ place: Int, _ name: String, _ figures: QueueFigures?, _ last: WorkerInfo?, _ since: Timestamp
    ) -> Explanation {
        let step = task.steps[place]
        let messages = figures.map { Words.count($0.ready, "message") } ?? "an unknown number of messages"
        let left =
            last.map {
                "last worker \($0.announcement.worker.id) \($0.status.rawValue) \(Words.ago($0.lastSeenAt, now))"
            }
            ?? "no worker was seen since the orchestrator started"
        var explanation = Explanation(
            .queuedNoConsumer,
            "Step '\(step.name)' waits in queue \(name), which has \(messages) and no consumer (\(left)); wanted: a worker with handler \(callable(of: place)).",
            since: since)
        explanation.reasons = [
            .init(
                code: "no_consumer", message: "queue \(name): \(messages), 0 consumers", since: since,
                ref: step.dispatch?.queue)
        ]
        if let last {
            explanation.reasons.append(
                .init(code: "worker_gone", message: left, since: last.lastSeenAt, ref: last.announcement.worker.id))
        }
        explanation.next = .init(what: "a worker begins to consume \(name)")
        explanation.suggestions = [
            .init(
                text: "Start a worker on queue \(step.dispatch?.queue ?? "")",
                command: "tasker-ctl worker list --queue \(step.dispatch?.queue ?? "")",
                request: "GET /v1/workers?queue=\(step.dispatch?.queue ?? "")")
        ]
        return explanation
    }

    // MARK: - At a worker

    func running(_ place: Int) -> Explanation {
        let step = task.steps[place]
        guard step.state == .inProgress, let dispatch = step.dispatch else {
            return Explanation(
                .running, "Step '\(step.name)' has been answered; the answer is being looked at.", since: step.updatedAt
            )
        }
        let started = dispatch.startedAt ?? step.updatedAt
        let worker = dispatch.workerID ?? "?"
        let host = outlook.state.workers.first { $0.announcement.worker.id == worker }?.announcement.worker.hostname
        let place = host.map { "worker \(worker) on host \($0)" } ?? "worker \(worker)"
        let sign = dispatch.lastHeartbeatAt ?? started
        let interval = settings.limits.heartbeatIntervalMilliseconds
        let isSilent = now.millisecondsSince(sign) > 2 * interval
        let running = Words.span(now.millisecondsSince(started))
        var explanation = Explanation(
            isSilent ? .runningNoHeartbeat : .running,
            isSilent
                ? "Step '\(step.name)' runs on \(place) since \(running), but its last sign of life is \(Words.span(now.millisecondsSince(sign))) old."
                : "Step '\(step.name)' runs on \(place) since \(running); last sign of life \(Words.ago(sign, now)).",
            since: started)
        explanation.reasons = [
            .init(code: "running", message: "attempt \(step.attempts) on \(place)", since: started, ref: worker),
            .init(
                code: "heartbeat",
                message: dispatch.lastHeartbeatAt == nil ? "no heartbeat yet" : "last heartbeat at \(sign)",
                since: sign,
                until: dispatch.leaseDue),
        ]
        if let timeout = dispatch.timeoutDue {
            explanation.reasons.append(.init(code: "timeout", message: "times out at \(timeout)", until: timeout))
        }
        let due = [dispatch.timeoutDue, isSilent ? dispatch.leaseDue : nil].compactMap(\.self).min()
        explanation.next = .init(
            what: isSilent ? "the worker answers, or counts as lost" : "the worker answers, or the step times out",
            at: due)
        if isSilent {
            explanation.suggestions = [
                .init(
                    text: "Look at the worker", command: "tasker-ctl worker status \(Words.shell(worker))",
                    request: "GET /v1/workers/\(Words.url(worker))")
            ]
        }
        return explanation
    }
}
