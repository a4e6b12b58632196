import TaskerProtocol
import TaskerTemplates

@testable import TaskerEngine

extension Simulation {
    // MARK: - The relay

    /// Publishes one begun dispatch. What becomes of it is told later.
    mutating func publish() {
        let (place, id) = world.relay.remove(at: random.int(0...world.relay.count - 1))
        guard let dispatch = task.steps[place].dispatch, dispatch.id == id, dispatch.publication == .begun else {
            return
        }
        let copy = World.Copy(place: place, dispatch: id)
        let luck = isCalm ? 0 : random.int(0...99)
        let report: PublishingReport
        switch luck {
        case ..<70: report = .confirmed
        case ..<86: report = .inDoubt
        case ..<93: report = .nacked
        default: report = .notSent
        }
        // In doubt or nacked, a copy may be in the queue all the same.
        if report == .confirmed || (report != .notSent && random.chance(50)) { world.copies.append(copy) }
        world.reports.append((place, id, report))
    }

    mutating func begin() throws(Violation) {
        let (place, id) = world.parked.remove(at: random.int(0...world.parked.count - 1))
        guard let dispatch = task.steps[place].dispatch, dispatch.id == id, dispatch.publication == .parked else {
            return
        }
        publishSequence += 1
        try apply(.publishing(step: place, id, .begun(sequence: publishSequence)))
        world.relay.append((place, id))
    }

    /// A dispatch that the check would find gone.
    var lostDispatch: (place: Int, id: DispatchID)? {
        guard world.inbox.isEmpty else { return nil }
        for step in task.steps {
            guard let dispatch = step.dispatch, !dispatch.wasSeen, dispatch.publication != .parked,
                !world.isAnywhere(dispatch.id)
            else { continue }
            return (step.place, dispatch.id)
        }
        return nil
    }

    // MARK: - Workers

    mutating func deliver() {
        var copy = world.copies.remove(at: random.int(0...world.copies.count - 1))
        if copy.wasDelivered { return deliverAgain(copy) }
        copy.wasDelivered = true
        switch isCalm ? 0 : random.int(0...99) {
        case ..<76:
            world.starts[copy.dispatch, default: 0] += 1
            world.runs.append(World.Run(place: copy.place, dispatch: copy.dispatch))
        case ..<82: world.answer(copy, ErrorType.workerBusy, task, at: now)
        case ..<86: world.answer(copy, ErrorType.workerShutdown, task, at: now)
        case ..<92: world.answer(copy, ErrorType.handlerNotFound, task, at: now)
        case ..<97: world.copies.append(copy)  // The worker died before it began.
        default: break  // Purged.
        }
    }

    /// Delivered before: never run. The worker that still runs it may adopt it; any other says so.
    private mutating func deliverAgain(_ copy: World.Copy) {
        if let index = world.runs.firstIndex(where: { $0.dispatch == copy.dispatch }), random.chance(50) {
            world.runs[index].holdsDelivery = true
            return
        }
        if !isCalm, random.chance(3) { return }  // The broker's delivery limit.
        world.answer(copy, ErrorType.redelivered, task, at: now)
        // Its own ack may be lost too.
        if !isCalm, random.chance(10) { world.copies.append(copy) }
    }

    mutating func work() {
        let index = random.int(0...world.runs.count - 1)
        let place = world.runs[index].place
        if isCalm {
            let succeeds = alwaysSucceeds || random.chance(95)
            return world.finish(
                index, succeeds ? .completed(answer(place)) : .failed(failure(), answer(place)), cutsBeforeAck: false,
                task, at: now)
        }
        let cuts = random.chance(5)
        switch random.int(0...99) {
        case ..<50: world.finish(index, .completed(answer(place)), cutsBeforeAck: cuts, task, at: now)
        case ..<61: world.finish(index, .failed(failure(), answer(place)), cutsBeforeAck: cuts, task, at: now)
        case ..<66:
            // Some handlers do not advance.
            cursor += random.chance(80) ? 1 : 0
            world.finish(index, .checkpoint(cursor), cutsBeforeAck: cuts, task, at: now)
        case ..<69: world.finish(index, .interrupted, cutsBeforeAck: cuts, task, at: now)
        case ..<84: world.heartbeat(index, task, at: now)
        case ..<92: world.die(index)
        case ..<96: world.cut(index)
        default:
            // An early ack: the heartbeat that says so first.
            world.runs[index].holdsDelivery = false
            world.heartbeat(index, task, at: now)
        }
    }

    private mutating func answer(_ place: Int) -> Answer {
        let step = witness.oracle.templateStep(of: task.steps[place].name)
        var answer = Answer(outcome: .random(for: step, witness.oracle, settings, isCalm: isCalm, &random))
        if step.resultSchema != nil { answer.isBad = !isCalm && random.chance(40) }
        if !step.publishesEvents.isEmpty, random.chance(50) {
            answer.events.append(
                ("e.\(random.int(0...3))", random.chance(40) ? .suppressed : .payload(isValid: random.chance(60))))
        }
        return answer
    }

    private mutating func failure() -> StepFailure {
        StepFailure(
            message: "random", errorType: random.pick(["KeyError", "timeout", "permanent_error", "retryable_error"]),
            isRetryable: random.pick([nil, nil, true, false]),
            retryAfterSeconds: random.chance(20) ? Double(random.int(-1...20)) / 4 : nil)
    }

    // MARK: - Reading

    /// Any message that waits, in any order; some come twice.
    mutating func read() throws(Violation) {
        let index = random.int(0...world.inbox.count - 1)
        let event = world.inbox[index]
        if isCalm || !random.chance(10) { world.inbox.remove(at: index) }
        try apply(event)
    }

    mutating func forge() throws(Violation) {
        guard !task.steps.isEmpty else { return }
        let place = random.int(0...task.steps.count - 1)
        var id: DispatchID = SeededIDSource(seed: random.next()).peeked(at: now)
        if random.chance(50), let known = witness.dispatches.last { id = known.id }
        let message = StepResultMessage(
            dispatchID: id, taskID: task.id, stepID: task.steps[place].id,
            status: random.pick([.completed, .failed, .abandoned]),
            error: StepFailure(message: "forged", errorType: "redelivered"), startedAt: now, worker: World.worker)
        // With the open dispatch's id it would be no forgery.
        if task.steps[place].dispatch?.id != id { try apply(.result(step: place, message)) }
    }

    // MARK: - Time

    /// Goes to the next timer, or a little further, and fires what is due. Silence counts only when everything that was
    /// received has been read, and only while there is a connection.
    mutating func passTime() throws(Violation) {
        let timers = witness.timersSet.filter { !isFired($0) }
        if let next = timers.map(\.due).min(), isCalm || random.chance(task.inFlightCount == 0 ? 40 : 70) {
            now = max(now, next)
        } else {
            let isLong = random.chance(task.inFlightCount == 0 ? 50 : 8)
            now = now.advanced(byMilliseconds: Int64(random.int(1...(isLong ? 3_600_000 : 5000))))
        }
        // A retry that nobody looked at for an hour: rare, as hardly ever everything waits.
        if !isCalm, task.state == .waitingForRetry, random.chance(25) {
            now = now.advanced(by: .seconds(3600))
            try checkStaleness()
        }
        // Timers and the check of limits come in any order.
        if !isCalm, random.chance(40) { try checkStaleness() }
        var due = timers.filter { $0.due <= now }
        due.shuffle(using: &random)
        if awaitsMarker || due.contains(where: \.timer.isSilence) {
            if isConnected {
                while !world.inbox.isEmpty { try read() }
                if awaitsMarker {
                    awaitsMarker = false
                    try apply(.silenceCountsAnew)
                }
            } else {
                due.removeAll(where: \.timer.isSilence)
            }
        }
        for entry in due {
            fired[entry.step, default: [:]][entry.timer] = entry.due
            try apply(.timer(step: entry.step, entry.timer, due: entry.due))
        }
        if !isCalm { try checkStaleness() }
    }

    private mutating func checkStaleness() throws(Violation) {
        if let finding = task.staleness(at: now, settings), finding.isStale { try apply(.stale(finding)) }
    }

    /// A timer fires once: what it could not do then is done when a slot or a hold comes free.
    func isFired(_ entry: (step: Int, timer: StepTimer, due: Timestamp)) -> Bool {
        fired[entry.step]?[entry.timer] == entry.due
    }

    // MARK: - Restart

    /// The orchestrator is killed and started again: what was begun and not confirmed is in doubt, what was parked is
    /// parked, held steps are looked at again.
    mutating func restart() throws(Violation) {
        trace?.append("\(now): restart")
        task = task.restored
        twin = task
        witness.restarted()
        fired = [:]
        suspects = [:]
        world.relay = []
        world.reports = []
        world.parked = []
        awaitsMarker = true
        holdsMayHaveEnded = true
        for step in task.steps {
            guard let dispatch = step.dispatch else { continue }
            if task.isSuspect(step.place, settings) { suspects[dispatch.queue, default: []].insert(step.id) }
            switch dispatch.publication {
            case .parked: world.parked.append((step.place, dispatch.id))
            case .begun: try apply(.publishing(step: step.place, dispatch.id, .inDoubt))
            case .confirmed, .inDoubt: break
            }
        }
    }
}

extension SeededIDSource {
    fileprivate func peeked(at now: Timestamp) -> DispatchID {
        var copy = self
        return copy.nextID(at: now)
    }
}
