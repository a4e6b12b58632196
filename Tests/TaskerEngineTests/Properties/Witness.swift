import TaskerProtocol
import TaskerTemplates

@testable import TaskerEngine

/// Watches one task from outside: follows its history and effects, and knows from the world what really ran.
struct Witness {
    private var taskState = TaskState.pending
    private var stepStates: [StepState]
    private var timers: [Int: [StepTimer: Timestamp]] = [:]
    /// What has happened, in words: so that a test can tell whether the driver reaches everything.
    private(set) var seen: Set<String> = []
    private var minted: Set<DispatchID> = []
    private var lastAttempt: [Int: Int] = [:]
    private var errorsEntered: [Int: Int] = [:]
    private var completions = 0
    private(set) var isCancelled = false
    /// Copies of dispatches in doubt, which may run beside their replacement.
    private(set) var firstCopies: Set<DispatchID> = []
    /// Dispatches that continue after a checkpoint.
    private(set) var continuations: Set<DispatchID> = []
    /// Every dispatch with its step.
    private(set) var dispatches: [(place: Int, id: DispatchID)] = []

    /// Every step's ancestors by the template's names: what the engine finds by places.
    private let ancestors: [Set<Int>]

    init(_ task: WorkflowTask) {
        stepStates = task.steps.map(\.state)
        ancestors = task.steps.map { step in
            var places: Set<Int> = []
            var open = task.template(of: step.place).dependencies
            while let next = open.popLast() {
                if let place = task.plan.place(of: next), places.insert(place).inserted {
                    open.append(contentsOf: task.plan.nodes[place].template.dependencies)
                }
            }
            return places
        }
    }

    // MARK: - After every event

    mutating func observe(
        _ event: Event, _ effects: [Effect], before: WorkflowTask, after: WorkflowTask, starts: [DispatchID: Int],
        now: Timestamp, settings: EngineSettings
    ) throws(Violation) {
        let wasTerminal = taskState.isTerminal
        var errors: [Int] = []
        var deadLetters: [DeadLetterEntry] = []
        var notices: [DispatchID] = []
        for effect in effects {
            switch effect {
            case .journal(let entry):
                try follow(entry, before: before)
                if case .step(let place, _, .error, _, _, _) = entry { errors.append(place) }
            case .dispatch(let place, let id):
                try dispatched(place, id, effects, before: before, after: after, starts: starts)
            case .cancelNotice(_, let id, _): notices.append(id)
            case .setTimer(let place, let timer, let due):
                timers[place, default: [:]][timer] = due
                if timer == .retry { try checkDelay(place, due.millisecondsSince(now), after, settings) }
            case .clearTimer(let place, let timer):
                try require(
                    27, timers[place]?[timer] != nil, "a timer is cleared that was not set: \(timer) of \(place)")
                timers[place]?[timer] = nil
            case .deadLetterChanged(let entry):
                deadLetters.append(entry)
                seen.insert("dead letter \(entry.failures.last?.reason.rawValue ?? "") \(entry.resolution.rawValue)")
            case .held(_, let hold, _, _): seen.insert("held \(hold.rawValue)")
            case .quarantineEnded: seen.insert("quarantine ended")
            case .taskChanged, .stepChanged, .withdraw, .stepsAdded, .domainEvent, .remark: break
            }
        }
        try require(27, taskState == after.state, "history says \(taskState), the task \(after.state)")
        try require(
            4, (after.state == .complete) == (after.satisfiedCount == after.steps.count),
            "\(after.state), \(after.satisfiedCount) of \(after.steps.count) satisfied")
        try require(5, completions <= 1, "complete was entered \(completions) times")
        try require(
            26, deadLetters.filter { $0.resolution == .pending }.count == errors.count,
            "\(errors.count) errors, \(deadLetters.count) entries")
        if wasTerminal {
            let others = effects.filter { if case .journal(.audit) = $0 { false } else { true } }
            try require(15, others.isEmpty, "a terminal task did \(others)")
        }
        if case .cancel = event, !wasTerminal {
            let expected = before.steps.compactMap { $0.dispatch }.filter { $0.publication != .parked }.map(\.id)
            try require(14, notices == expected, "cancel notices \(notices) instead of \(expected)")
            isCancelled = true
        }
        try checkRejection(event, effects, before: before)
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

    /// 27: only transitions of the contract, and history replays to the current state.
    private mutating func follow(_ entry: JournalEntry, before: WorkflowTask) throws(Violation) {
        switch entry {
        case .task(let from, let to, let event):
            try require(27, from == taskState, "task left \(from) but was in \(taskState)")
            try require(27, from.successors.contains(to), "task went from \(from) to \(to)")
            try require(27, !event.isEmpty, "a transition without an event")
            taskState = to
            if to == .complete { completions += 1 }
            seen.insert("\(from.rawValue) \(event) \(to.rawValue)")
        case .step(let place, let from, let to, _, _, _):
            try require(27, from == stepStates[place], "step \(place) left \(from) but was in \(stepStates[place])")
            try require(27, from.successors.contains(to), "step \(place) went from \(from) to \(to)")
            stepStates[place] = to
            if to == .error { errorsEntered[place, default: 0] += 1 }
            seen.insert("\(from.rawValue) \(to.rawValue)")
        case .created: break
        case .audit(let record):
            seen.insert(
                record.disposition == .automatic ? "\(record.status) \(record.message ?? "")" : "\(record.disposition)")
            if let error = record.errorType { seen.insert(error) }
        }
    }

    /// 1, 2, 14: parents, attempts, fresh ids, nothing after a cancel.
    private mutating func dispatched(
        _ place: Int, _ id: DispatchID, _ effects: [Effect], before: WorkflowTask, after: WorkflowTask,
        starts: [DispatchID: Int]
    ) throws(Violation) {
        try require(14, !isCancelled, "step \(place) was dispatched after the cancel")
        try require(
            1, after.steps[place].parents.allSatisfy { after.steps[$0].state.isSatisfied },
            "step \(place) was dispatched before its parents were satisfied")
        try require(2, minted.insert(id).inserted, "two dispatches share \(id)")
        dispatches.append((place, id))
        let attempt = after.steps[place].attempts
        let last = lastAttempt[place] ?? 0
        try require(2, attempt == last || attempt == last + 1, "step \(place) went from attempt \(last) to \(attempt)")
        lastAttempt[place] = attempt
        guard attempt == last else { return }

        var resend: AuditRecord?
        for case .journal(.audit(let record)) in effects where record.place == place && record.status == "resend" {
            resend = record
        }
        guard let resend else {
            throw Violation(2, "attempt \(attempt) of step \(place) was sent again without a reason")
        }
        let previous = before.steps[place].dispatch?.id ?? before.steps[place].pastDispatches.last?.id
        switch resend.message {
        case "publish in doubt", "nacked":
            if let previous { firstCopies.insert(previous) }
            if let previous, continuations.contains(previous) { continuations.insert(id) }
        case "checkpoint": continuations.insert(id)
        case ErrorType.workerBusy, ErrorType.workerShutdown, ErrorType.handlerNotFound:
            try require(
                2, previous.map { starts[$0] ?? 0 == 0 } ?? true,
                "step \(place) was sent again although it had been started")
            if let previous, continuations.contains(previous) { continuations.insert(id) }
        default: throw Violation(2, "step \(place) was sent again because of \(resend.message ?? "nothing")")
        }
    }

    /// 24: within the jitter's bounds, never above the cap; Retry-After at most its own.
    private func checkDelay(
        _ place: Int, _ delay: Int64, _ task: WorkflowTask, _ settings: EngineSettings
    ) throws(Violation) {
        let step = task.steps[place]
        let policy = task.template(of: place).retry
        let error = step.lastError?.member("error_type")?.string
        if error == ErrorType.interrupted || (error == ErrorType.workerLost && step.workerLosses == 1) {
            return try require(24, delay == 0, "\(error ?? "") was retried after \(delay) ms")
        }
        if let asked = step.lastError?.member("retry_after_seconds")?.double, asked >= 0 {
            let expected = min(Int64((asked * 1000).rounded(.up)), settings.retryAfterCap.wholeMilliseconds)
            return try require(24, delay == expected, "\(delay) ms instead of the \(expected) asked for")
        }
        let cap = policy.maxBackoffMilliseconds
        // In a closing that is retried at once the attempt has been counted already.
        let failure = step.state == .waitingForRetry ? step.attempts : step.attempts - 1
        let plain = Double(
            min(cap, Backoff.raw(policy.backoff, base: policy.backoffBaseMilliseconds, n: failure, cap: cap)))
        let bounds = (plain * (1 - policy.jitter) - 1)...min(Double(cap), plain * (1 + policy.jitter) + 1)
        try require(
            24, bounds.contains(Double(delay)) && delay <= cap && delay >= 0, "\(delay) ms is outside \(bounds)")
    }

    // MARK: - Now and then

    /// What holds at any time, counted anew.
    func inspect(_ task: WorkflowTask, countsSilence: Bool) throws(Violation) {
        try require(
            27, stepStates == task.steps.map(\.state),
            "history says \(stepStates), the steps \(task.steps.map(\.state))")
        for state in StepState.allCases {
            let counted = task.steps.count { $0.state == state }
            try require(
                25, task.count(state) == counted, "\(task.count(state)) steps counted in \(state), there are \(counted)"
            )
        }
        try require(
            25, StepState.allCases.reduce(0) { $0 + task.count($1) } == task.steps.count, "counters do not add up")
        for step in task.steps {
            let set = timers[step.place] ?? [:]
            for timer in StepTimer.allCases {
                try require(
                    27, set[timer] == task.due(of: timer, step: step.place),
                    "\(timer) of step \(step.place) is \(String(describing: task.due(of: timer, step: step.place))), effects said \(String(describing: set[timer]))"
                )
            }
            try require(
                2, (step.dispatch == nil) || step.state == .enqueued || step.state == .inProgress,
                "a dispatch is open in \(step.state)")
            try inspectEnvelopes(step, task)
            try inspectWatch(step, countsSilence: countsSilence)
        }
        let isAtWork = task.inFlightCount > 0 || task.count(.waitingForRetry) > 0 || task.heldStepCount > 0
        try require(
            8, task.state == .pending || task.state.isTerminal || task.state == .blockedByFailures || isAtWork,
            "stuck in \(task.state)")
        try require(8, task.state.isResting || task.state == .pending, "rests in \(task.state)")
        try require(
            8, (task.inFlightCount > 0) == (task.state == .stepsInProcess),
            "\(task.inFlightCount) in flight in \(task.state)")
        try inspectDeadLetter(task)
    }

    /// 8: every open dispatch is watched, and a step in flight without one has a timer.
    private func inspectWatch(_ step: Step, countsSilence: Bool) throws(Violation) {
        guard step.state.isInFlight else { return }
        guard let dispatch = step.dispatch else {
            return try require(8, step.resendAt != nil, "step \(step.place) is in flight without dispatch or timer")
        }
        // Not seen: the relay or the lost-dispatch check has it. While silence does not count yet, its timers are to come.
        let isWatched = !countsSilence || !dispatch.wasSeen || dispatch.leaseDue != nil || dispatch.graceDue != nil
        try require(8, isWatched, "nobody watches dispatch \(dispatch) of step \(step.place)")
    }

    /// 18, 30: whoever is in flight sees the envelopes of all its ancestors, and of nobody else.
    private func inspectEnvelopes(_ step: Step, _ task: WorkflowTask) throws(Violation) {
        try require(
            30, (step.envelope != nil) == step.state.isSatisfied,
            "step \(step.place) in \(step.state) has \(step.envelope?.text ?? "no envelope")")
        guard step.state == .enqueued || step.state == .inProgress else { return }
        let found = task.ancestors(of: step.place)
        try require(30, Set(found) == ancestors[step.place] && found.count == Set(found).count, "ancestors: \(found)")
        try require(
            30, found.allSatisfy { task.steps[$0].envelope != nil }, "an ancestor of \(step.name) has no result")
    }

    /// 26: one failure record per error, one entry.
    private func inspectDeadLetter(_ task: WorkflowTask) throws(Violation) {
        var recorded: [Int: Int] = [:]
        for failure in task.deadLetter?.failures ?? [] {
            recorded[task.index(of: failure.stepID) ?? -1, default: 0] += 1
        }
        try require(26, recorded == errorsEntered, "recorded failures \(recorded), errors \(errorsEntered)")
        let isPending = task.deadLetter?.resolution == .pending
        try require(
            26, isPending == (task.deadLetter != nil && !task.state.isTerminal),
            "an entry is \(String(describing: task.deadLetter?.resolution)) in \(task.state)")
    }

    // MARK: - What really ran

    /// 3: handler starts per budget, checkpoint continuations and first copies aside.
    func checkStarts(_ task: WorkflowTask, _ starts: [DispatchID: Int]) throws(Violation) {
        var counted: [Int: Int] = [:]
        for (place, id) in dispatches {
            let count = starts[id] ?? 0
            try require(3, count <= 1, "dispatch \(id) was started \(count) times")
            if !firstCopies.contains(id), !continuations.contains(id) { counted[place, default: 0] += count }
        }
        for (place, count) in counted {
            let limit = task.template(of: place).retry.attemptLimit
            try require(3, count <= limit, "step \(place) was started \(count) times, \(limit) allowed")
        }
        for (place, id) in dispatches where firstCopies.contains(id) {
            try require(
                3, task.template(of: place).retry.isRetryable,
                "step \(place) must not repeat and was sent again in doubt")
        }
    }

    /// 9, 15: where a task may end.
    func checkEnd(_ task: WorkflowTask) throws(Violation) {
        if isCancelled {
            try require(15, task.state == .cancelled, "cancelled, and yet \(task.state)")
            try require(15, task.steps.allSatisfy { $0.state == .complete || $0.state == .cancelled }, "a mixture")
            return
        }
        try require(8, task.state == .complete || task.state == .blockedByFailures, "came to rest in \(task.state)")
        for step in task.steps {
            let isBehind = ancestors[step.place].contains { task.steps[$0].state == .error }
            let expected: [StepState] = isBehind ? [.pending] : [.complete, .error]
            try require(9, expected.contains(step.state), "step \(step.place) ended in \(step.state)")
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
