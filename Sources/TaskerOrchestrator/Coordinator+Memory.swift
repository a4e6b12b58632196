import TaskerEngine
import TaskerProtocol
import TaskerStore
import TaskerTemplates

/// Which tasks are in memory.
extension Coordinator {
    /// Brings tasks into memory; ids that no task has are left out.
    func load(_ ids: [TaskID]) async throws {
        let missing = Set(ids).subtracting(cache.keys)
        guard !missing.isEmpty else { return }
        for stored in try await store.tasks(missing.sorted(), plans: plans) { adopt(stored.task) }
    }

    private func adopt(_ loaded: WorkflowTask) {
        var task = loaded
        for step in task.steps where step.dispatch != nil {
            guard let known = open[step.id], known.dispatch == step.dispatch?.id else { continue }
            task.restoreSilence(
                step: step.place, lease: known.leaseDue, grace: known.graceDue, timeout: known.timeoutDue,
                lastHeartbeat: known.lastHeartbeatAt)
        }
        useCounter += 1
        let cached = CachedTask(task)
        cached.lastUse = useCounter
        cache[task.id] = cached
        // Something late came for it: it stays no longer than one that has just ended.
        if task.state.isTerminal { finished.append(task.id) }
    }

    /// Tasks whose state in memory went ahead of a commit that failed are read again and everything known of them with
    /// them.
    func reloadStale() async throws {
        if openTasksAreStale {
            openTasks = try await store.openTaskCounts()
            openTasksAreStale = false
        }
        guard !staleTasks.isEmpty else { return }
        let ids = staleTasks.sorted()
        let loaded = try await store.tasks(ids, plans: plans)
        staleTasks = []
        let lost = Set(ids)
        for (step, info) in open where lost.contains(info.task) {
            open[step] = nil
            for queue in suspects.keys { suspects[queue]?.remove(step) }
        }
        for stored in loaded {
            let task = stored.task
            cache[task.id] = CachedTask(task)
            watchStaleness(of: task)
            for step in task.steps {
                reindex(step, task: task.id)
                guard let info = open[step.id] else { continue }
                remember(
                    info, step: step.id, handler: task.plan.nodes[step.node].template.handler.callable,
                    namespace: task.plan.template.namespace)
            }
            if isReading { followUps.silence.insert(task.id) }
        }
    }

    /// Everything besides the index itself that follows from an open step: timers, suspects, holds, parked messages.
    func remember(_ info: OpenStepInfo, step: StepID, handler callable: String, namespace: String) {
        for timer in [StepTimer.retry, .resend] where !isPlanted(.forgetTimersAtRestart) {
            if let due = info.due(of: timer) {
                timers.insert(TimerEntry(due: due, task: info.task, step: step, place: info.place, timer: timer))
            }
        }
        if info.isSuspect, let queue = info.queue { suspects[queue, default: []].insert(step) }
        if info.publication == .parked { parked.append(task: info.task, step: step) }
        switch info.hold {
        case .noRoute:
            if routes.queue(namespace: namespace, callable: callable, declared: nil, task: info.task) == nil {
                let handler = RoutingTable.Handler(namespace: namespace, callable: callable)
                heldByRoute[handler, default: []].insert(info.task)
            } else {
                followUps.holdsMayEnd.insert(info.task)
            }
        case .quarantine: followUps.holdsMayEnd.insert(info.task)
        case nil: break
        }
    }

    /// The longest unused tasks leave when there are too many, and so do timers that nothing waits for any more.
    func evict() {
        if timers.count > 1024 + 4 * open.count {
            timers.retain { open[$0.step]?.due(of: $0.timer) == $0.due }
        }
        guard changes.isEmpty else { return }
        forgetFinished()
        if cache.count > settings.taskCacheLimit {
            let surplus = cache.count - settings.taskCacheLimit * 9 / 10
            let oldest = cache.sorted { ($0.value.lastUse, $0.key) < ($1.value.lastUse, $1.key) }.prefix(surplus)
            for (id, _) in oldest { cache[id] = nil }
        }
    }

    /// A duplicate of the last result often comes soon: the newest few stay. Only once a round is over, as a task that an
    /// operator revived may have messages to send.
    private func forgetFinished() {
        guard finished.count > Self.rememberedFinished else { return }
        for id in finished.prefix(finished.count - Self.rememberedFinished)
        where cache[id]?.task.state.isTerminal == true { cache[id] = nil }
        finished.removeFirst(finished.count - Self.rememberedFinished)
    }

    /// Tasks that stay in memory for a while after their end.
    static let rememberedFinished = 256

    /// Applies what followed from other events, a bounded number of tasks at a time.
    func followUp() async throws {
        var budget = 500
        while budget > 0, !followUps.isEmpty {
            // Taken out only once their tasks are here: what a failed read leaves behind is looked at again.
            let reports = followUps.reports.prefix(budget)
            budget -= reports.count
            try await load(reports.map(\.task))
            followUps.reports.removeFirst(reports.count)
            for report in reports { if let cached = cache[report.task] { take(report, of: cached) } }
            let silent = followUps.silence.sorted().prefix(max(0, budget))
            budget -= silent.count
            try await load(Array(silent))
            for id in silent { followUps.silence.remove(id) }
            for id in silent { if let cached = cache[id] { apply(.silenceCountsAnew, to: cached) } }
            let held = followUps.holdsMayEnd.sorted().prefix(max(0, budget))
            budget -= held.count
            try await load(Array(held))
            for id in held { followUps.holdsMayEnd.remove(id) }
            for id in held { if let cached = cache[id] { apply(.holdsMayEnd, to: cached) } }
        }
    }
}
