import Logging
import TaskerEngine
import TaskerMessaging
import TaskerProtocol
import TaskerStore
import TaskerTemplates

extension Coordinator {
    /// Takes the partition over and picks up where the last orchestrator stopped. Nothing is published yet: that waits
    /// for the broker.
    /// - Throws: ``StoreError``.
    public func recover(owner: String, at time: Timestamp) async throws {
        now = max(now, time)
        epoch = try await store.acquire(partition: settings.partition, owner: owner, at: now)
        for revision in try await store.templates() {
            let template = try TaskTemplate(canonicalJSON: revision.canonical.value)
            templates.insert(revision, template, plans: plans)
        }
        routes = RouteTable(table: try await store.routingTable(), stickiness: settings.routeStickiness, since: now)
        let lastEvent = try await store.eventRange().last
        if let reached = try await store.events(after: lastEvent - 1, limit: 1).first?.at, reached > now {
            log.warning(
                "the clock is behind the history; time goes on from there",
                metadata: ["seconds": "\(reached.millisecondsSince(now) / 1000)"])
            now = reached
        }
        nextEvent = lastEvent + 1
        feed?.begin(after: nextEvent - 1)
        try await recoverOutbox()
        try await recoverSteps()
        try await countOpenTasks()
        try await recoverStaleness()
    }

    private func recoverOutbox() async throws {
        var last: Int64 = 0
        while true {
            let page = try await store.outbox(after: last, limit: 1000)
            guard let end = page.last else { break }
            if !isPlanted(.dropOutboxAtRestart) { outboxWaiting += page }
            last = end.id
        }
        nextOutboxID = last + 1
    }

    private func recoverSteps() async throws {
        var row: Int64 = 0
        var count = 0
        while true {
            let page = try await store.openSteps(after: row, limit: 2000)
            guard let end = page.last else { break }
            row = end.row
            count += page.count
            for step in page {
                let info = OpenStepInfo(step, maxWorkerLosses: settings.engine.maxWorkerLosses)
                open[step.stepID] = info
                publishSequence = max(publishSequence, step.publishSequence)
                remember(info, step: step.stepID, handler: step.callable, namespace: step.namespace)
                // Begun and not known to have arrived: a copy may exist.
                if step.publication == .begun, let dispatch = step.dispatchID {
                    if isPlanted(.republishBegunAtRestart) {
                        afterCommit.dispatches.append((step.taskID, step.place, dispatch))
                        try await load([step.taskID])
                        continue
                    }
                    followUps.reports.append(
                        FollowUps.Report(task: step.taskID, place: step.place, dispatch: dispatch, what: .inDoubt))
                }
            }
        }
        if count > 0 {
            log.info("recovered", metadata: ["open_steps": "\(count)", "in_doubt": "\(followUps.reports.count)"])
        }
    }

    private func countOpenTasks() async throws {
        openTasks = try await store.openTaskCounts()
    }
}
