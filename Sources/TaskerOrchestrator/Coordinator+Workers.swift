import Logging
import TaskerEngine
import TaskerMessaging
import TaskerProtocol
import TaskerStore

/// Who announces what, and what follows for routes.
extension Coordinator {
    func note(_ announcement: WorkerAnnouncement) {
        let isNew = workers.note(announcement, at: now)
        if isNew {
            log.info(
                "worker joined",
                metadata: [
                    "worker": .string(announcement.worker.id), "language": .string(announcement.worker.language),
                    "queues": .string(announcement.queues.joined(separator: ",")), "slots": "\(announcement.slots)",
                ])
        }
        if isNew { addNotice("worker.joined", announcement.worker.id) }
        if announcement.status == .draining, workers.beganDraining(announcement.worker.id) {
            addNotice("worker.draining", announcement.worker.id)
        }
        if announcement.kind == .bye {
            log.info("worker left", metadata: ["worker": .string(announcement.worker.id)])
            addNotice("worker.left", announcement.worker.id)
            // Its last sign of life: from here the 30 s count. It may be the first that arrives, too.
            for handler in markRoutes(of: announcement).gained { routeGained(handler) }
            routingChanged = true
            routesMayMove = true
            mustCommit = true
            return
        }
        let (gained, isNews) = markRoutes(of: announcement)
        if isNews {
            routingChanged = true
            mustCommit = true
        }
        for handler in gained { routeGained(handler) }
        if announcement.kind == .hello {
            routesMayMove = true
            repeatCancels()
        }
    }

    private func markRoutes(of announcement: WorkerAnnouncement) -> (gained: [RoutingTable.Handler], isNews: Bool) {
        let info = WorkerInfo(announcement: announcement, firstSeenAt: now, lastSeenAt: now, status: .active)
        return routes.announce(info.routes, queues: announcement.queues, at: now)
    }

    private func routeGained(_ handler: RoutingTable.Handler) {
        if let callable = handler.callable {
            if let tasks = heldByRoute.removeValue(forKey: handler) { followUps.holdsMayEnd.formUnion(tasks) }
            log.info("route found", metadata: ["handler": .string(callable), "namespace": .string(handler.namespace)])
        } else {
            for (held, tasks) in heldByRoute where held.namespace == handler.namespace {
                heldByRoute[held] = nil
                followUps.holdsMayEnd.formUnion(tasks)
            }
        }
    }

    /// Lost workers, and routes that move because of them.
    func watchWorkers() {
        let lost = workers.expire(at: now)
        for id in lost {
            log.warning("worker lost", metadata: ["worker": .string(id)])
            addNotice("worker.lost", id)
            routesMayMove = true
        }
        guard routesMayMove else { return }
        if routes.reconsider(at: now, isLive: { workers.isLive($0, queue: $1) }) {
            routingChanged = true
            mustCommit = true
        }
        routesMayMove = nextRouteCheck != nil
    }

    /// When a route whose queue lost its workers may move, nil when none waits for that.
    var nextRouteCheck: Timestamp? {
        guard routesMayMove else { return nil }
        var next: Timestamp?
        for (handler, queue) in routes.table.inUse where !workers.isLive(handler, queue: queue) {
            guard let announced = routes.table.announced[handler], announced.count > 1,
                announced.contains(where: { workers.isLive(handler, queue: $0.queue) })
            else { continue }
            let due = routes.deadline(of: handler, queue)
            next = min(next ?? due, due)
        }
        return next
    }

    // MARK: - Cancel notices

    func addCancelNotice(_ task: WorkflowTask, _ place: Int, _ dispatch: DispatchID, _ reason: String) {
        let body = StepCancel(dispatchID: dispatch, taskID: task.id, stepID: task.steps[place].id, reason: reason)
        let notice = OutboxMessage(
            id: nextOutboxID, exchange: settings.names.control, routingKey: "",
            type: MessageKind.amqpType(MessageKind.stepCancel), correlationID: task.header.correlationID.description,
            body: RawJSON(trusting: body.encoded()), isTransient: true)
        nextOutboxID += 1
        newOutbox.append(notice)
        afterCommit.outbox.append(notice)
        mustCommit = true
        recentCancels.append((now, notice, dispatch))
        if recentCancels.count > Self.rememberedCancels {
            recentCancels.removeFirst(recentCancels.count - Self.rememberedCancels)
        }
    }

    /// A worker that was away may have missed notices; one that has heard them ignores the repetition.
    private func repeatCancels() {
        recentCancels.removeAll { now.millisecondsSince($0.at) > 3_600_000 }
        for cancel in recentCancels {
            afterCommit.messages.append((outgoing(cancel.notice, token: token(for: .answer)), .answer))
        }
    }
}
