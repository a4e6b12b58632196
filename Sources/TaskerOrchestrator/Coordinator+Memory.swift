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
                step: step.place, lease: known.leaseDue, grace: known.graceDue, timeout: known.timeoutDue)
        }
        useCounter += 1
        let cached = CachedTask(task)
        cached.lastUse = useCounter
        cache[task.id] = cached
    }

    /// Tasks whose state in memory went ahead of a commit that failed are read again and everything known of them with
    /// them.
    func reloadStale() async throws {
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
            for step in task.steps {
                reindex(step, task: task.id)
                guard let info = open[step.id] else { continue }
                remember(
                    info, step: step.id, handler: task.plan.nodes[step.node].template.handler.callable,
                    namespace: task.plan.template.namespace)
            }
            if isReading { followUps.silence.insert(task.id) }
        }
        for entry in poppedTimers { timers.insert(entry) }
        poppedTimers = []
        openTasks = try await store.openTaskCounts()
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

    /// Finished tasks leave at once, the longest unused ones when there are too many.
    func evict() {
        guard changes.isEmpty else { return }
        if cache.count > settings.taskCacheLimit {
            let surplus = cache.count - settings.taskCacheLimit * 9 / 10
            let oldest = cache.sorted { ($0.value.lastUse, $0.key) < ($1.value.lastUse, $1.key) }.prefix(surplus)
            for (id, _) in oldest { cache[id] = nil }
        }
    }

    /// Applies what followed from other events, a bounded number of tasks at a time.
    func followUp() async throws {
        var budget = 500
        while budget > 0, !followUps.isEmpty {
            let doubtful = followUps.doubtful.prefix(budget)
            followUps.doubtful.removeFirst(doubtful.count)
            budget -= doubtful.count
            try await load(doubtful.map(\.task))
            for entry in doubtful {
                guard let cached = cache[entry.task] else { continue }
                apply(.publishing(step: entry.place, entry.dispatch, .inDoubt), to: cached)
            }
            let silent = followUps.silence.sorted().prefix(max(0, budget))
            for id in silent { followUps.silence.remove(id) }
            budget -= silent.count
            try await load(Array(silent))
            for id in silent { if let cached = cache[id] { apply(.silenceCountsAnew, to: cached) } }
            let held = followUps.holdsMayEnd.sorted().prefix(max(0, budget))
            for id in held { followUps.holdsMayEnd.remove(id) }
            budget -= held.count
            try await load(Array(held))
            for id in held { if let cached = cache[id] { apply(.holdsMayEnd, to: cached) } }
        }
    }
}
