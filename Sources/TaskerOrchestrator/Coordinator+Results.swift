import Logging
import TaskerEngine
import TaskerMessaging
import TaskerProtocol
import TaskerStore
import TaskerTemplates

/// Messages from workers about steps.
extension Coordinator {
    func receive(_ message: StepResultMessage, _ delivery: Delivery) {
        guard let taskID = message.taskID, let stepID = message.stepID, let cached = cache[taskID] else {
            return unknown("task \(message.taskID.map(\.description) ?? "?") is not known here", delivery)
        }
        guard let place = cached.task.index(of: stepID) else {
            return unknown("task \(taskID) has no step \(stepID)", delivery)
        }
        noteSeen(cached.task, place, message.dispatchID)
        var message = message
        if isPlanted(.noFencing), let current = cached.task.steps[place].dispatch?.id { message.dispatchID = current }
        resultsInRound += 1
        apply(.result(step: place, message), to: cached)
        afterCommit.acks.append(delivery.tag)
    }

    func receive(_ message: StepHeartbeat, _ tag: DeliveryTag) {
        afterCommit.acks.append(tag)
        // A heartbeat of something unknown is nothing to keep: the result, if one comes, tells more.
        guard let cached = cache[message.taskID], let place = cached.task.index(of: message.stepID) else { return }
        noteSeen(cached.task, place, message.dispatchID)
        apply(.heartbeat(step: place, message), to: cached)
    }

    func answer(_ message: StepFetch, replyTo: String, _ tag: DeliveryTag) {
        var page = StepDependencies(dispatchID: message.dispatchID, dependencyResults: [], next: nil, isGone: true)
        if let cached = cache[message.taskID], let place = cached.task.index(of: message.stepID),
            cached.task.steps[place].dispatch?.id == message.dispatchID
        {
            page = composer.page(of: place, in: cached.task, after: message.after, dispatch: message.dispatchID)
        }
        afterCommit.acks.append(tag)
        afterCommit.messages.append(
            (
                OutgoingMessage(
                    token: token(for: .answer), routingKey: replyTo, isMandatory: false,
                    properties: MessageProperties(
                        isPersistent: false, messageID: ids.next(at: now).description,
                        type: MessageKind.amqpType(MessageKind.stepDependencies)),
                    body: page.encoded()), .answer
            ))
    }

    /// A later dispatch of a queue that shows a sign of life proves that the turn of earlier ones has passed.
    private func noteSeen(_ task: WorkflowTask, _ place: Int, _ id: DispatchID?) {
        guard let dispatch = task.steps[place].dispatch, dispatch.id == id else { return }
        if !dispatch.wasSeen {
            starts[dispatch.queue, default: RateMeter()].note(at: now)
            if let begun = dispatch.begunAt { metrics.stepQueue.observe(milliseconds: now.millisecondsSince(begun)) }
        }
        newestSeen[dispatch.queue] = max(newestSeen[dispatch.queue] ?? 0, dispatch.publishSequence)
    }

    /// Tasks of no terminal state, by namespace.
    func countOpen(_ task: WorkflowTask, _ step: Int) {
        openTasks[task.plan.template.namespace, default: 0] += step
    }

    // MARK: - What nobody can use

    private func unknown(_ detail: String, _ delivery: Delivery) {
        deadLetter(
            delivery, reason: "unknown_task", detail: detail, origin: settings.names.results(settings.partition))
    }

    /// Copies a message to the dead-letter queue; it is acked once the copy is confirmed.
    func deadLetter(_ delivery: Delivery, reason: String, detail: String, origin: String) {
        log.warning(
            "dead-lettered a message",
            metadata: ["reason": .string(reason), "detail": .string(detail), "origin": .string(origin)])
        var properties = delivery.properties
        properties.isPersistent = true
        properties.headers = [
            "x-tasker-reason": .string(reason), "x-tasker-detail": .string(String(detail.prefix(1000))),
            "x-tasker-origin": .string(origin),
        ]
        let message = OutgoingMessage(
            token: 0, exchange: settings.names.dead, routingKey: "", properties: properties, body: delivery.body)
        publishDeadLetter(message, delivery.tag)
    }

    func publishDeadLetter(_ message: OutgoingMessage, _ tag: DeliveryTag) {
        var message = message
        let what = Publishing.deadLetter(tag, message)
        message.token = token(for: what)
        afterCommit.messages.append((message, what))
    }
}
