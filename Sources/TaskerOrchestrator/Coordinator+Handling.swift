import TaskerEngine
import TaskerMessaging
import TaskerProtocol
import TaskerStore
import TaskerTemplates

extension Coordinator {
    func handle(_ message: DecodedInput) async throws {
        switch message {
        case .result(let result, let delivery): receive(result, delivery)
        case .heartbeat(let heartbeat, let tag): receive(heartbeat, tag)
        case .fetch(let fetch, let replyTo, let tag): answer(fetch, replyTo: replyTo, tag)
        case .marker(let number, let tag):
            afterCommit.acks.append(tag)
            if let number { try await markerReturned(number) }
        case .worker(let announcement, let tag):
            afterCommit.acks.append(tag)
            note(announcement)
        case .request(let request, let key, let replyTo, let correlationID, let delivery):
            try await intake(request, key: key, replyTo: replyTo, correlationID: correlationID, delivery)
        case .bad(let delivery, let reason, let detail, let origin):
            deadLetter(delivery, reason: reason, detail: detail, origin: origin)
        case .other(let input): try await handle(input)
        }
    }

    private func handle(_ input: Input) async throws {
        switch input {
        case .delivery: break
        case .reading(let isReading): consuming(isReading)
        case .published(let results): for result in results { published(result) }
        case .broker(let state): broker(state)
        case .create(let request): try await create(request)
        case .cancel(let request): cancel(request)
        case .act(let request): try await act(request)
        case .setRoute(let request): setRoute(request)
        case .register(let request): register(request)
        case .inspected(let figures): inspected(figures)
        case .queueFault(let queue, let text): queueFaults[queue] = text
        case .snapshot(let reply): afterCommit.replies.append { [self] in reply(snapshot()) }
        case .outlook(let id, let reply):
            afterCommit.replies.append { [self] in reply(outlook(of: id)) }
        case .locate(let steps, let reply):
            afterCommit.replies.append { [self] in reply(locate(steps)) }
        case .clockJumped(let distance): if !isPlanted(.ignoreClockJumps) { clockJumped(by: distance) }
        case .tick, .stop, .failed: break
        }
    }

    // MARK: - Applying

    /// Applies an event to a task in memory and notes what it asks for.
    func apply(_ event: Event, to cached: CachedTask, soft: Bool = false) {
        useCounter += 1
        cached.lastUse = useCounter
        var context = EngineContext(
            now: now, ids: ids, settings: settings.engine, routing: routes,
            publishesAtOnce: isConnected, publishSequence: publishSequence, suspects: suspects)
        context.publishRoom = settings.publishWindow - dispatchesInFlight - afterCommit.dispatches.count
        let wasTerminal = cached.task.state.isTerminal
        let effects = cached.task.apply(event, in: &context)
        ids = context.ids
        publishSequence = context.publishSequence
        suspects = context.suspects
        guard !effects.isEmpty else { return }
        if cached.task.state.isTerminal != wasTerminal { countOpen(cached.task, wasTerminal ? 1 : -1) }
        note(effects, of: cached)
        if soft {
            if softSince == nil { softSince = now }
        } else if effects.contains(where: \.needsCommit) {
            mustCommit = true
        }
    }

    private func note(_ effects: [Effect], of cached: CachedTask) {
        let id = cached.task.id
        let isKnown = changes[id] != nil
        var draft = draft(of: id)
        var touched: Set<Int> = []
        for effect in effects {
            switch effect {
            case .taskChanged:
                draft.taskChanged = true
                watchStaleness(of: cached.task)
            case .stepChanged(let place):
                draft.steps.insert(place)
                touched.insert(place)
            case .stepsAdded(let first): draft.addedFrom = min(draft.addedFrom ?? first, first)
            case .domainEvent(let event): addEvent(event)
            case .remark(let remark): note(remark, of: cached.task)
            case .journal(let entry): draft.journal.append(entry)
            case .deadLetter(let change):
                draft.deadLetters.append(change)
                if let notice = cached.notice(of: change) { draft.journal.append(notice) }
            case .dispatch(let place, let dispatch):
                touched.insert(place)
                if cached.task.steps[place].dispatch?.publication == .begun {
                    afterCommit.dispatches.append((id, place, dispatch))
                } else {
                    parked.append(task: id, step: cached.task.steps[place].id)
                }
            case .withdraw: break  // Looked up again when its turn comes.
            case .cancelNotice(let place, let dispatch, let reason):
                addCancelNotice(cached.task, place, dispatch, reason)
            case .setTimer(let place, let timer, let due):
                touched.insert(place)
                timers.insert(
                    TimerEntry(due: due, task: id, step: cached.task.steps[place].id, place: place, timer: timer))
            case .clearTimer(let place, _): touched.insert(place)
            case .held(let place, let hold, let callable, let queue):
                touched.insert(place)
                switch hold {
                case .noRoute:
                    let handler = RoutingTable.Handler(
                        namespace: cached.task.plan.template.namespace, callable: callable)
                    heldByRoute[handler, default: []].insert(id)
                case .quarantine: heldByQuarantine[queue ?? "", default: []].insert(id)
                }
            case .quarantineEnded(let queue):
                if let tasks = heldByQuarantine.removeValue(forKey: queue) { followUps.holdsMayEnd.formUnion(tasks) }
            }
        }
        if isKnown || !draft.isEmpty {
            changes[id] = draft
        } else {
            // A renewed lease is nothing to keep a task in memory for until something is committed.
            changeOrder.removeLast()
        }
        for place in touched { reindex(cached.task.steps[place], task: id) }
    }

    /// The task's draft, taken out so that it can be changed in place; to be put back.
    func draft(of id: TaskID) -> TaskChangeDraft {
        if let draft = changes.removeValue(forKey: id) { return draft }
        changeOrder.append(id)
        return TaskChangeDraft()
    }

    /// Brings what is known of a step up to date.
    func reindex(_ step: Step, task: TaskID) {
        let suspicions = open[step.id].flatMap { $0.dispatch == step.dispatch?.id ? $0.suspicions : nil } ?? 0
        var info = OpenStepInfo(step, task: task, maxWorkerLosses: settings.engine.maxWorkerLosses)
        if info?.wasSeen == false { info?.suspicions = suspicions }
        open[step.id] = info
    }
}

extension Effect {
    /// Lease renewals and the like live in memory only.
    var needsCommit: Bool {
        switch self {
        case .taskChanged, .stepChanged, .stepsAdded, .journal, .dispatch, .deadLetter, .cancelNotice,
            .domainEvent:
            true
        default: false
        }
    }
}
