import Logging
import TaskerEngine
import TaskerMessaging
import TaskerProtocol
import TaskerStore
import TaskerTemplates

/// What operators ask for, and what limits end.
extension Coordinator {
    func act(_ request: ActOnTask) async throws {
        do throws(OrchestratorError) {
            guard let cached = cache[request.task] else {
                throw OrchestratorError(.taskNotFound, "there is no task \(request.task)")
            }
            if let error = request.objection(cached.task) { throw error }
            let kind = try kind(of: request.action, cached.task)
            let action = ManualAction(kind, actor: request.actor, reason: request.reason)
            switch cached.task.refusal(of: action, settings: settings.engine) {
            case .illegalState(let why): throw OrchestratorError(.illegalState, why)
            case .invalidOutcome(let why): throw OrchestratorError(.invalidOutcome, why)
            case nil: break
            }
            apply(.manual(action), to: cached)
            afterCommit.replies.append { request.reply(.success(())) }
        } catch {
            afterCommit.replies.append { request.reply(.failure(error)) }
        }
    }

    private func kind(
        of action: ActOnTask.Action, _ task: WorkflowTask
    ) throws(OrchestratorError) -> ManualAction.Kind {
        switch action {
        case .step(let name, let action):
            let place = try place(of: name, in: task)
            return switch action {
            case .reset(let clearCheckpoint): .resetStep(place, clearCheckpoint: clearCheckpoint)
            case .resolve: .resolveStep(place)
            case .complete(let result, let metadata): .completeStep(place, result: result, metadata: metadata)
            }
        case .retry(let names):
            var places: [Int]?
            if let names {
                places = []
                for name in names { places?.append(try place(of: name, in: task)) }
            }
            return .retryTask(steps: places)
        case .giveUp: return .giveUpTask
        case .resolve: return .resolveTask
        case .replay: return .replay
        case .makeDeadLetter: return .makeDeadLetter
        case .updateDeadLetter(let entry, let resolution, let notes, let metadata):
            if let entry, entry != task.deadLetter?.id {
                throw OrchestratorError(
                    .illegalState, "entry \(entry) is closed; only the pending entry of a task can be changed")
            }
            return .updateDeadLetter(resolution: resolution, notes: notes, metadata: metadata)
        }
    }

    private func place(of step: String, in task: WorkflowTask) throws(OrchestratorError) -> Int {
        if let id = StepID(step), let place = task.index(of: id) { return place }
        if let place = task.index(of: step) { return place }
        let nearest = Suggestion.nearest(to: step, among: task.steps.map(\.name))
        throw OrchestratorError(
            .stepNotFound, "task \(task.id) has no step '\(step.prefix(128))'",
            hint: nearest.map { "Did you mean '\($0)'?" })
    }

    // MARK: - Routes

    func setRoute(_ request: SetRoute) {
        if let wrong = request.queues?.first(where: { !QueueNames.isValidQueue($0.queue) || $0.queue.hasPrefix("amq.") }
        ) {
            let error = OrchestratorError(.invalidRequest, "'\(wrong.queue.prefix(140))' cannot be a queue's name")
            return afterCommit.replies.append { request.reply(.failure(error)) }
        }
        if let queues = request.queues,
            queues.isEmpty || !queues.contains(where: { $0.weight > 0 })
                || queues.contains(where: { !(0...1_000_000).contains($0.weight) })
        {
            let error = OrchestratorError(
                .invalidRequest, "a route needs at least one queue with a weight above 0, and weights up to 1000000")
            return afterCommit.replies.append { request.reply(.failure(error)) }
        }
        routes.setOperatorRoute(request.handler, request.queues)
        routingChanged = true
        mustCommit = true
        routesMayMove = true
        let queues = request.queues.map { $0.map { "\($0.queue)=\($0.weight)" }.joined(separator: ",") } ?? "announced"
        log.notice(
            "route set",
            metadata: [
                "namespace": .string(request.handler.namespace), "handler": .string(request.handler.callable ?? "*"),
                "queues": .string(queues), "actor": .string(request.actor),
            ])
        let handler = "\(request.handler.namespace)/\(request.handler.callable ?? "*")"
        addNotice("route.set", "\(handler) to \(queues) by \(request.actor)")
        if request.queues != nil, let tasks = heldByRoute.removeValue(forKey: request.handler) {
            followUps.holdsMayEnd.formUnion(tasks)
        }
        afterCommit.replies.append { request.reply(.success(())) }
    }

    // MARK: - Staleness

    /// Notes when a limit that acts will have passed.
    func watchStaleness(of task: WorkflowTask) {
        guard task.plan.template.lifecycle != nil || settings.engine.staleness.defaultAction != .none else { return }
        staleness.set(task.id, due: task.staleDue(at: now, settings.engine))
    }

    func recoverStaleness() async throws {
        let all = settings.engine.staleness.defaultAction != .none
        // At once: each is looked at, and watched from then on.
        for id in try await store.tasksToWatch(all: all) { staleness.set(id, due: now) }
    }

    func endStale() async throws {
        // Progress may lie in the results queue: that is silence, which counts only when everything has been read.
        guard isReading, followUps.silence.isEmpty else { return }
        let due = staleness.takeDue(at: now)
        guard !due.isEmpty else { return }
        do { try await load(due) } catch {
            for id in due { staleness.set(id, due: now) }
            throw error
        }
        for id in due {
            guard let cached = cache[id] else { continue }
            if let finding = cached.task.staleness(at: now, settings.engine), finding.isStale {
                apply(.stale(finding), to: cached)
            }
            guard !cached.task.state.isTerminal, let next = cached.task.staleDue(at: now, settings.engine) else {
                continue
            }
            // One that only makes an entry has made it; it is looked at again a day later.
            staleness.set(id, due: next > now ? next : now.advanced(by: .seconds(86_400)))
        }
    }

    /// Says once a minute which queues hold a message that has waited too long.
    func warnOfLongWaits() {
        var oldest: [String: (since: Timestamp, count: Int)] = [:]
        for info in open.values where info.state == .enqueued && !info.wasSeen {
            guard let queue = info.queue, let begun = info.begunAt,
                now.millisecondsSince(begun) >= settings.queueWaitWarning.wholeMilliseconds
            else { continue }
            let known = oldest[queue]
            oldest[queue] = (min(known?.since ?? begun, begun), (known?.count ?? 0) + 1)
        }
        for (queue, wait) in oldest.sorted(by: { $0.key < $1.key }) {
            log.warning(
                "steps wait long in their queue",
                metadata: [
                    "queue": .string(queue), "steps": "\(wait.count)",
                    "oldest_seconds": "\(now.millisecondsSince(wait.since) / 1000)",
                ])
        }
    }

    // MARK: - Events

    func addEvent(_ event: DomainEvent) {
        addToOutbox(
            exchange: settings.names.events, routingKey: event.name, type: "tasker.event.domain.v1",
            correlationID: event.correlationID.description, messageID: event.id.description, body: event.body)
    }

    /// Everything that this round's histories tell, in their order.
    func addLifecycleEvents(_ batch: CommitBatch) {
        for change in batch.tasks {
            for event in events(of: change, at: batch.at, first: 0) {
                addLifecycleEvent(event, correlationID: change.task.header.correlationID.description)
            }
        }
        for event in events(of: batch.notices, at: batch.at, first: 0) { addLifecycleEvent(event, correlationID: nil) }
    }

    private func addLifecycleEvent(_ event: LifecycleEvent, correlationID: String?) {
        var writer = JSONWriter(reserving: 320)
        writer.beginObject()
        event.writeMembers(to: &writer)
        writer.endObject()
        addToOutbox(
            exchange: settings.names.events, routingKey: event.type, type: "tasker.event.lifecycle.v1",
            correlationID: correlationID, messageID: nil, body: RawJSON(trusting: writer.finish()))
    }

    private func addToOutbox(
        exchange: String, routingKey: String, type: String, correlationID: String?, messageID: String?, body: RawJSON
    ) {
        let message = OutboxMessage(
            id: nextOutboxID, exchange: exchange, routingKey: routingKey, type: type, correlationID: correlationID,
            messageID: messageID, body: body, isTransient: false)
        nextOutboxID += 1
        newOutbox.append(message)
        afterCommit.outbox.append(message)
        mustCommit = true
    }

    func note(_ remark: Remark, of task: WorkflowTask) {
        var details: Logger.Metadata = ["task": "\(task.id)", "template": .string(task.plan.template.name)]
        let text: String
        switch remark {
        case .eventPayloadInvalid(let place, let event, let message):
            remarks.invalidEventPayloads += 1
            details["step"] = .string(task.steps[place].name)
            details["event"] = .string(event)
            details["fault"] = .string(message)
            text = "an event's payload breaks its schema; it was not published"
        case .eventUndeclared(let place, let event):
            remarks.undeclaredEvents += 1
            details["step"] = .string(task.steps[place].name)
            details["event"] = .string(event)
            text = "a worker sent an event that its step does not declare"
        case .resultSchemaViolated(let place, let message):
            remarks.resultSchemaViolations += 1
            details["step"] = .string(task.steps[place].name)
            details["fault"] = .string(message)
            text = "a result breaks its schema"
        case .stale(let finding):
            remarks.staleTasks += 1
            metrics.staleTasks += 1
            details["state"] = .string(finding.state.rawValue)
            details["minutes"] = "\(finding.elapsed.wholeMilliseconds / 60_000)"
            text = "a task is stale"
        }
        log.warning("\(text)", metadata: details)
    }
}
