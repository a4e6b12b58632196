import TaskerEngine
import TaskerProtocol
import TaskerStore
import TaskerTemplates

extension SimulationLedger.State {
    mutating func fail(_ text: String) { if violation == nil { violation = text } }

    mutating func note(_ change: TaskChange) {
        let task = change.task
        if let birth = change.birth {
            taskStates[task.id] = .pending
            let key = birth.identity.map { String($0.key.dropFirst("key:".count)) } ?? ""
            if tasksByKey.updateValue(task.id, forKey: key) != nil { fail("two tasks have the identity \(key)") }
        }
        // Records of the state before this change come first: they belong to the dispatches known so far.
        for entry in change.journal { note(entry, of: task) }
        let places = change.birth == nil ? change.changedSteps : Array(task.steps.indices)
        let added = change.addedFrom.map { Array($0..<task.steps.count) } ?? []
        for place in Set(places + added).sorted() { note(task.steps[place], of: task) }
        if taskStates[task.id] != task.state {
            fail(
                "history of task \(task.id.short) ends in \(taskStates[task.id]?.rawValue ?? "nothing"), not in \(task.state.rawValue)"
            )
        }
        for step in task.steps where stepStates[.init(task: task.id, place: step.place)] ?? .pending != step.state {
            fail("history of \(step.name) does not end in \(step.state.rawValue)")
        }
    }

    private mutating func note(_ step: Step, of task: WorkflowTask) {
        guard let dispatch = step.dispatch else { return }
        let retry = task.plan.nodes[step.node].template.retry
        if dispatches[dispatch.id] == nil {
            let facts = SimulationLedger.Facts(
                task: task.id, step: step.id, name: step.name, attempt: step.attempts, total: step.totalAttempts,
                isRetryable: retry.isRetryable,
                mayRepeat: retry.isRetryable && step.attempts < retry.attemptLimit,
                checkpoint: step.checkpoint?.member("cursor")?.text ?? "",
                timeout: task.timeout(of: step.place, settings))
            dispatches[dispatch.id] = facts
            groups[facts.group, default: []].append(dispatch.id)
            if groups[facts.group]?.count ?? 0 > 80 { fail("\(step.name) circulates: 80 dispatches of one attempt") }
            if step.attempts > retry.attemptLimit { fail("\(step.name) has more attempts than it is allowed") }
        }
        switch dispatch.publication {
        case .begun:
            dispatches[dispatch.id]?.isBegun = true
            dispatches[dispatch.id]?.inputs = SimulationLedger.inputs(of: step, in: task)
        case .confirmed:
            dispatches[dispatch.id]?.isBegun = true
            dispatches[dispatch.id]?.wasConfirmed = true
        case .parked: dispatches[dispatch.id]?.isBegun = false
        case .inDoubt: break
        }
    }

    private mutating func note(_ entry: JournalEntry, of task: WorkflowTask) {
        switch entry {
        case .task(let from, let to, _):
            if taskStates[task.id] != from { fail("task \(task.id.short) leaves \(from.rawValue) without being there") }
            taskStates[task.id] = to
            if to == .complete {
                completions[task.id, default: 0] += 1
                if completions[task.id] ?? 0 > 1 { fail("task \(task.id.short) completes twice") }
            }
        case .step(let place, let from, let to, _, _, _):
            let key = SimulationLedger.Place(task: task.id, place: place)
            if stepStates[key] ?? .pending != from {
                fail("\(task.steps[place].name) leaves a state without being there")
            }
            stepStates[key] = to
        case .created, .notice: break
        case .audit(let record): note(record, of: task)
        }
    }

    private mutating func note(_ record: AuditRecord, of task: WorkflowTask) {
        guard let id = record.dispatch, var facts = dispatches[id] else { return }
        defer { dispatches[id] = facts }
        switch record.disposition {
        case .manual: return
        case .automatic: return noteClosing(record, id, facts)
        default: facts.audits += 1
        }
        if record.disposition == .abandoned, record.errorType == ErrorType.redelivered, facts.redeliveredAt == nil {
            facts.redeliveredAt = now
        }
        guard record.disposition == .accepted || record.disposition == .checkpoint else { return }
        facts.accepted += 1
        if facts.accepted > 1 { fail("invariant 3: two results of dispatch \(id.short) are applied") }
        if !facts.answers.contains(record.status) {
            fail("invariant 3: \(facts.name) takes a result for dispatch \(id.short) that no worker has given for it")
        }
        acceptedOf[facts.group, default: 0] += 1
        if acceptedOf[facts.group] ?? 0 > 1 {
            fail("invariant 3: two results of one attempt of \(facts.name) are applied")
        }
    }

    /// An attempt ends because nothing was heard.
    private mutating func noteClosing(_ record: AuditRecord, _ id: DispatchID, _ facts: SimulationLedger.Facts) {
        guard let type = record.errorType else { return }
        if !markersCameBack { fail("silence closes \(facts.name) (\(type)) before what waits has been read") }
        func isOver(_ length: Int64, since start: Timestamp?) -> Bool {
            start.map { now.millisecondsSince(max($0, silentSince)) + slippage >= length } ?? false
        }
        switch type {
        case ErrorType.workerLost:
            let grace = facts.mayRepeat ? 2000 : settings.lease.wholeMilliseconds
            let isGraceOver = isOver(grace, since: facts.redeliveredAt)
            let isLeaseOver = isOver(settings.lease.wholeMilliseconds, since: facts.heardAt)
            if !isGraceOver, !isLeaseOver { fail("\(facts.name) is closed as worker_lost before its time") }
        case ErrorType.timeout:
            if !isOver(facts.timeout + settings.timeoutMargin.wholeMilliseconds, since: silentSince) {
                fail("\(facts.name) is closed as timeout before its time")
            }
        case ErrorType.dispatchLost:
            if facts.wasTold { fail("\(facts.name) is waited for though its message is known not to be there") }
            if runsUndisturbed.contains(id) {
                fail("\(facts.name) is closed as dispatch_lost while a connected worker runs it")
            }
            if queued.contains(id) { fail("\(facts.name) is closed as dispatch_lost while it waits in its queue") }
        default: break
        }
    }
}
