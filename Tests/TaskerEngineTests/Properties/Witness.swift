import TaskerProtocol
import TaskerTemplates

@testable import TaskerEngine

/// What one dispatch was answered with.
struct Answer {
    enum Event {
        case suppressed
        case payload(isValid: Bool)
    }

    var outcome = RandomOutcome.plain
    /// The result breaks its step's schema.
    var isBad = false
    var events: [(name: String, Event)] = []
}

/// Watches one task from outside: follows its history and effects, and knows from the world what really ran and from the
/// oracle what must exist.
struct Witness {
    struct Batch {
        var members: [Int]
        var configuration: BatchConfiguration
    }

    var oracle: Oracle
    var taskState = TaskState.pending
    var stepStates: [StepState]
    var names: [String]
    /// By the oracle.
    var parents: [Set<Int>] = []
    var waits: [Bool] = []
    var batches: [Batch] = []
    var batchOf: [Int: Int] = [:]
    /// What convergences were made with.
    var convergenceParents: [Int: [Int]] = [:]

    var timers: [Int: [StepTimer: Timestamp]] = [:]
    /// What has happened, in words: so that a test can tell whether the driver reaches everything.
    var seen: Set<String> = []
    var minted: Set<DispatchID> = []
    var lastAttempt: [Int: Int] = [:]
    var budgets: [Int: Int] = [:]
    var checkpoints: [Int: RawJSON] = [:]
    var completions = 0
    var isEndedByHand = false
    /// Entries into `error` that must be recorded, and the failures of each dead-letter entry.
    var errorsEntered = 0
    var failures: [DeadLetterID: Int] = [:]
    var pendingEntries: Set<DeadLetterID> = []
    /// Copies of dispatches in doubt, which may run beside their replacement.
    var firstCopies: Set<DispatchID> = []
    /// Dispatches that continue after a checkpoint.
    var continuations: Set<DispatchID> = []
    /// Every dispatch with its step and its budget.
    var dispatches: [(place: Int, id: DispatchID, budget: Int)] = []
    /// What the next action completes a step with.
    var manualOutcome = RandomOutcome.plain

    init(_ task: WorkflowTask) throws(Violation) {
        oracle = Oracle(task.plan.template)
        stepStates = task.steps.map(\.state)
        names = task.steps.map(\.name)
        try compareRows(task)
    }

    // MARK: - After every event

    mutating func observe(
        _ event: Event, _ effects: [Effect], before: WorkflowTask, after: WorkflowTask, world: World, now: Timestamp,
        settings: EngineSettings
    ) throws(Violation) {
        let wasTerminal = taskState.isTerminal
        let statesBefore = stepStates
        var notices: [DispatchID] = []
        var events: [DomainEvent] = []
        try foresee(event, before: before, after: after, world: world, settings: settings)
        for effect in effects {
            switch effect {
            case .journal(let entry): try follow(entry, after: after, event)
            case .dispatch(let place, let id):
                try dispatched(place, id, effects, before: before, after: after, starts: world.starts)
            case .cancelNotice(_, let id, let reason):
                if reason != ErrorType.timeout { notices.append(id) }
            case .setTimer(let place, let timer, let due):
                timers[place, default: [:]][timer] = due
                if timer == .retry, place < before.steps.count, before.steps[place].state.isInFlight {
                    try checkDelay(place, due.millisecondsSince(now), after, settings)
                }
            case .clearTimer(let place, let timer):
                try require(
                    27, timers[place]?[timer] != nil, "a timer is cleared that was not set: \(timer) of \(place)")
                timers[place]?[timer] = nil
            case .deadLetter(let change): try recorded(change)
            case .held(_, let hold, _, _): seen.insert("held \(hold.rawValue)")
            case .quarantineEnded: seen.insert("quarantine ended")
            case .domainEvent(let event): events.append(event)
            case .remark(let remark): see(remark)
            case .taskChanged, .stepChanged, .withdraw, .stepsAdded: break
            }
        }
        try require(27, taskState == after.state, "history says \(taskState), the task \(after.state)")
        try require(5, completions <= 1, "complete was entered \(completions) times")
        try require(
            26, failures.values.reduce(0, +) == errorsEntered, "\(errorsEntered) errors, recorded \(failures)")
        try require(26, pendingEntries.count <= 1, "\(pendingEntries.count) pending entries")
        try checkEvents(event, effects, events, before: before, world: world)
        try acted(event, effects, statesBefore, before: before, after: after, settings: settings)
        try checkEnded(event, effects, notices, wasTerminal: wasTerminal, before: before)
        try checkRejection(event, effects, before: before)
        try checkComplete(after)
        seeOccasion(after)
    }

    /// 4: complete if and only if every row is satisfied and nothing undetermined remains.
    private func checkComplete(_ task: WorkflowTask) throws(Violation) {
        let tolerated = stepStates.indices.count { isTolerated($0) }
        let satisfied = stepStates.count(where: \.isSatisfied)
        try require(
            4, task.satisfiedCount == satisfied && task.toleratedCount == tolerated,
            "\(task.satisfiedCount) + \(task.toleratedCount) counted, \(satisfied) + \(tolerated) satisfied")
        let isDone = satisfied + tolerated == stepStates.count && !oracle.isOpen
        if task.state == .complete { try require(4, isDone, "complete too early") }
        if isDone, task.state != .pending {
            try require(4, task.state.isTerminal, "all satisfied and still \(task.state)")
        }
    }

    /// 14, 15: a terminal task does nothing but Reset; whoever ends it tells every worker exactly once.
    private mutating func checkEnded(
        _ event: Event, _ effects: [Effect], _ notices: [DispatchID], wasTerminal: Bool, before: WorkflowTask
    ) throws(Violation) {
        let open = before.steps.filter { $0.dispatch.map { $0.publication != .parked } ?? false }
        var expected: [DispatchID] = []
        switch event {
        case .cancel where !wasTerminal:
            expected = open.compactMap { $0.dispatch?.id }
            isEndedByHand = true
        case .manual(let action) where !effects.isEmpty:
            switch action.kind {
            case .resolveTask:
                expected = open.compactMap { $0.dispatch?.id }
                isEndedByHand = true
            case .resolveStep(let place), .completeStep(let place, _, _):
                expected = open.filter { $0.place == place }.compactMap { $0.dispatch?.id }
            default: break
            }
        case .stale where taskState == .error: expected = open.compactMap { $0.dispatch?.id }
        default: break
        }
        try require(14, notices == expected, "cancel notices \(notices) instead of \(expected)")
        guard wasTerminal else { return }
        if case .manual = event { return }
        let others = effects.filter { if case .journal(.audit) = $0 { false } else { true } }
        try require(15, others.isEmpty, "a terminal task did \(others)")
    }

    /// 13: a result that is not of the open dispatch writes an audit row and does nothing else.
    private func checkRejection(_ event: Event, _ effects: [Effect], before: WorkflowTask) throws(Violation) {
        guard case .result(let place, let message) = event, before.steps[place].dispatch?.id != message.dispatchID
        else { return }
        guard effects.count == 1, case .journal(.audit(let record)) = effects.first else {
            throw Violation(13, "a result that does not count did \(effects)")
        }
        let isMinted = dispatches.contains { $0.place == place && $0.id == message.dispatchID }
        try require(13, isMinted == (record.disposition != .forged), "\(record.disposition) for \(message)")
    }

    // MARK: - History

    /// 27: only transitions of the contract, and history replays to the current state.
    private mutating func follow(_ entry: JournalEntry, after: WorkflowTask, _ event: Event) throws(Violation) {
        switch entry {
        case .task(let from, let to, let event):
            try require(27, from == taskState, "task left \(from) but was in \(taskState)")
            let row = "\(from.rawValue) \(event) \(to.rawValue)"
            try require(27, ContractTable.task.contains(row), "there is no transition \(row)")
            taskState = to
            if to == .complete { completions += 1 }
            seen.insert(row)
        case .step(let place, let from, let to, _, _, _):
            try require(27, from == stepStates[place], "step \(place) left \(from) but was in \(stepStates[place])")
            let row = "\(from.rawValue) \(to.rawValue)"
            try require(27, ContractTable.step.contains(row), "there is no transition \(row)")
            stepStates[place] = to
            if to == .error, isRecorded(event, after) { errorsEntered += 1 }
            seen.insert(row)
            try checkParallelism(place)
        case .created(let first, let count, _):
            try require(
                27, first == stepStates.count && first + count <= after.steps.count,
                "rows \(first) + \(count) made, there were \(stepStates.count)")
            stepStates += [StepState](repeating: .pending, count: count)
            names = after.steps.map(\.name)
        case .notice: break
        case .audit(let record):
            seen.insert(
                record.disposition == .automatic ? "\(record.status) \(record.message ?? "")" : "\(record.disposition)")
            if let error = record.errorType { seen.insert(error) }
            if record.disposition == .manual { seen.insert("manual \(record.status)") }
        }
    }

    /// A stale task makes an entry only when its template says so.
    private func isRecorded(_ event: Event, _ after: WorkflowTask) -> Bool {
        guard case .stale(let finding) = event else { return true }
        return finding.makesDeadLetter
    }

    private mutating func recorded(_ change: DeadLetterChange) throws(Violation) {
        switch change {
        case .made(let entry):
            try require(26, failures[entry.id] == nil, "an entry is made twice")
            failures[entry.id] = entry.failures.count
            pendingEntries.insert(entry.id)
            see(entry, entry.failures.last?.reason)
        case .failed(let id, let number, let failure):
            try require(26, failures[id] == number, "failure \(number) comes after \(failures[id] ?? -1)")
            try require(26, pendingEntries.contains(id), "a failure is added to an entry that is closed")
            failures[id] = number + 1
            seen.insert("dead letter \(failure.reason.rawValue) pending")
        case .changed(let entry):
            try require(26, failures[entry.id] == entry.failures.count, "an entry lost failures")
            if entry.resolution == .pending {
                pendingEntries.insert(entry.id)
            } else {
                pendingEntries.remove(entry.id)
            }
            see(entry, entry.failures.last?.reason)
        }
    }

    private mutating func see(_ entry: DeadLetterEntry, _ reason: DeadLetterReason?) {
        seen.insert("dead letter \((reason ?? entry.reason).rawValue) \(entry.resolution.rawValue)")
    }

    private mutating func see(_ remark: Remark) {
        switch remark {
        case .eventPayloadInvalid: seen.insert("remark payload")
        case .eventUndeclared: seen.insert("remark undeclared")
        case .resultSchemaViolated: seen.insert("remark schema")
        case .stale: seen.insert("remark stale")
        }
    }

    /// Every timer that is set, in a fixed order.
    var timersSet: [(step: Int, timer: StepTimer, due: Timestamp)] {
        timers.keys.sorted().flatMap { place in
            StepTimer.allCases.compactMap { timer in timers[place]?[timer].map { (place, timer, $0) } }
        }
    }

    /// The orchestrator has started anew: timers of silence are gone until they are counted anew.
    mutating func restarted() {
        for place in timers.keys {
            for timer in StepTimer.allCases where timer.isSilence { timers[place]?[timer] = nil }
        }
    }
}
