import Logging
import TaskerEngine
import TaskerMessaging
import TaskerProtocol
import TaskerStore

extension Coordinator {
    var softIsDue: Bool {
        guard let since = softSince else { return false }
        return since.advanced(by: settings.confirmLinger) <= now
    }

    /// One transaction for everything that this round, and confirms before it, changed.
    func commit() async throws {
        orderDispatches()
        var batch = CommitBatch(at: now)
        batch.tasks = changeOrder.compactMap { id in
            guard let draft = changes[id], let cached = cache[id] else { return nil }
            return TaskChange(
                task: cached.task, birth: draft.birth, taskChanged: draft.taskChanged,
                changedSteps: draft.steps.sorted(), addedFrom: draft.addedFrom, journal: draft.journal,
                deadLetters: draft.deadLetters)
        }
        batch.notices = newNotices
        batch.firstEvent = nextEvent
        if settings.publishesLifecycleEvents { addLifecycleEvents(batch) }
        batch.outbox = newOutbox
        batch.outboxDone = doneOutbox
        batch.templates = newTemplates
        if routingChanged { batch.routing = routes.table }
        if !batch.isEmpty {
            let start = ContinuousClock.now
            try await store.commit(batch, epoch: epoch)
            metrics.storeTransaction.observe(ContinuousClock.now - start)
        }
        newNotices = []
        count(batch)
        metrics.resultProcessing.observe(ContinuousClock.now - roundStart, times: resultsInRound)
        announce(batch)
        onCommit(batch.tasks.map { ($0.task.id, $0.task.state) })
        noteFinished(batch)
        changes = [:]
        changeOrder = []
        newOutbox = []
        doneOutbox = []
        newTemplates = []
        pendingIdentities = [:]
        poppedTimers = []
        routingChanged = false
        mustCommit = false
        softSince = nil
    }

    /// The messages of a round leave by priority, and are numbered as they leave: a later number that shows a sign of life
    /// proves that the turn of earlier ones has passed.
    private func orderDispatches() {
        func priority(_ due: (task: TaskID, place: Int, dispatch: DispatchID)) -> Int {
            cache[due.task]?.task.header.priority ?? 0
        }
        guard let first = afterCommit.dispatches.first.map(priority),
            afterCommit.dispatches.contains(where: { priority($0) != first })
        else { return }
        // Those that were withdrawn meanwhile have no number.
        let numbered = afterCommit.dispatches.compactMap { due in
            cache[due.task]?.task.publishSequence(of: due.dispatch, step: due.place).map { (due: due, number: $0) }
        }
        let ordered = numbered.enumerated()
            .sorted { (-priority($0.element.due), $0.offset) < (-priority($1.element.due), $1.offset) }
            .map(\.element.due)
        for (due, number) in zip(ordered, numbered.map(\.number).sorted()) {
            guard let cached = cache[due.task] else { continue }
            cached.task.renumber(due.dispatch, step: due.place, sequence: number)
            reindex(cached.task.steps[due.place], task: due.task)
        }
        afterCommit.dispatches = ordered
    }

    private func noteFinished(_ batch: CommitBatch) {
        for change in batch.tasks where change.task.state.isTerminal && change.task.inFlightCount == 0 {
            finished.append(change.task.id)
            for handler in heldByRoute.keys { heldByRoute[handler]?.remove(change.task.id) }
            for queue in heldByQuarantine.keys { heldByQuarantine[queue]?.remove(change.task.id) }
        }
    }

    /// The last round: notes what the broker has said of publishes and leaves nothing uncommitted.
    public func finish(_ inputs: [Input], at time: Timestamp) async throws {
        try await process(inputs, at: time)
        if !changes.isEmpty || !doneOutbox.isEmpty || !newNotices.isEmpty { try await commit() }
    }

    /// Nothing of this round has left: it is taken again once the store works.
    func abandonRound(_ inputs: [Input], because error: any Error) {
        log.error("the store refused a commit: nothing is lost, it is tried again", metadata: ["error": "\(error)"])
        for id in changes.keys {
            cache[id] = nil
            staleTasks.insert(id)
            if let birth = changes[id]?.birth, birth.partition == settings.partition { staleTasks.remove(id) }
        }
        for (step, info) in open where changes[info.task]?.birth != nil { open[step] = nil }
        openTasksAreStale = true
        restoreRoundMemory()
        for entry in poppedTimers { timers.insert(entry) }
        poppedTimers = []
        // Answers and copies that were to leave are made again when their inputs are taken again.
        for (message, _) in afterCommit.messages { publishing[message.token] = nil }
        afterCommit = AfterCommit()
        changes = [:]
        changeOrder = []
        newOutbox = []
        pendingIdentities = [:]
        mustCommit = routingChanged || !newTemplates.isEmpty
        // Workers and templates are told of once, whatever becomes of the round.
        softSince = newNotices.isEmpty ? nil : now
        evict()
        postpone(inputs, because: error)
    }

    private func restoreRoundMemory() {
        markers = beforeRound.markers
        silentTimers = beforeRound.silentTimers
        silentLosses = beforeRound.silentLosses
        unroutable = beforeRound.unroutable
        unroutableDispatches = beforeRound.unroutableDispatches
        outboxWaiting = beforeRound.outboxWaiting
        // Looking at a hold or a silence once more does no harm; missing it would.
        let (holds, silence) = (followUps.holdsMayEnd, followUps.silence)
        followUps = beforeRound.followUps
        followUps.holdsMayEnd.formUnion(holds)
        followUps.silence.formUnion(silence)
        for (token, what) in beforeRound.settled {
            publishing[token] = what
            if case .dispatch = what { dispatchesInFlight += 1 }
        }
        beforeRound = RoundMemory()
    }

    /// Keeps what must not be lost for later; callers that wait are told at once.
    func postpone(_ inputs: [Input], because error: (any Error)? = nil) {
        if deferredUntil == nil { deferredUntil = now.advanced(by: settings.storeRetryDelay) }
        let failure = OrchestratorError(
            .unavailable, "the store takes no changes now, and nothing was changed",
            hint: (error as? StoreError)?.remedy ?? "Look at the orchestrator's log")
        for input in inputs {
            switch input {
            case .create(let request): request.reply(.failure(failure))
            case .cancel(let request): request.reply(.failure(failure))
            case .register(let request): request.reply(request.templates.map { _ in .failure(failure) })
            case .snapshot(let reply): reply(snapshot())
            case .outlook(let id, let reply): reply(outlook(of: id))
            case .locate(let steps, let reply): reply(locate(steps))
            case .act(let request): request.reply(.failure(failure))
            // What was seen of queues has been counted; the next check asks again.
            case .tick, .stop, .failed, .inspected: break
            default: deferred.append(input)
            }
        }
    }
}
