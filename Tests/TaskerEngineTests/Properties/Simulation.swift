import TaskerProtocol
import TaskerTemplates

@testable import TaskerEngine

/// One random life of one random task: chaos for a while, then calm until nothing happens any more. Every number comes
/// from the seed, so a failing seed fails again.
struct Simulation {
    let seed: UInt64
    var random: SeededGenerator
    var task: WorkflowTask
    var world = World()
    var witness: Witness
    var now = Timestamp(milliseconds: 1_700_000_000_000)
    var settings = EngineSettings()
    var routing: RandomRouting
    var ids: SeededIDSource
    var publishSequence: Int64 = 0
    /// New dispatches of one event that are published at once; the others are parked.
    var publishRoom = Int.max
    var suspects: [String: Set<StepID>] = [:]
    /// The orchestrator has a connection to the broker.
    var isConnected = true
    /// Silence begins to count when the first marker is back: when all that waited has been read.
    var awaitsMarker = false
    var holdsMayHaveEnded = false
    var isCalm = false
    var alwaysSucceeds = false
    /// Timers that have fired, by step.
    var fired: [Int: [StepTimer: Timestamp]] = [:]
    /// The task as a store gave it back at some time, which has gone on since with the same events.
    var twin: WorkflowTask
    var cursor = 0
    /// The last events, when asked for.
    var trace: [String]?
    /// Of 100 events, those after which everything costly is checked. The same seed is the same life, however much of it
    /// is looked at.
    let inspectedShare: Int

    /// For sets whose template says nothing.
    static let maxParallelBatches = 3

    init(seed: UInt64, isTraced: Bool = false, inspectedShare: Int = 5) throws(Violation) {
        self.seed = seed
        self.inspectedShare = inspectedShare
        random = SeededGenerator(seed: seed)
        let template = randomTemplate(&random)
        var ids = SeededIDSource(seed: seed)
        let start = now
        let header = TaskHeader(
            id: ids.nextID(at: start), context: .emptyObject, correlationID: ids.nextID(at: start), requestedAt: start,
            createdAt: start)
        task = WorkflowTask(
            header: header, plan: WorkflowPlan(template: template, hash: "\(seed)"),
            newStepID: { ids.nextID(at: start) })
        self.ids = ids
        twin = task
        witness = try Witness(task)
        routing = RandomRouting(isKnown: (0...3).map { _ in true })
        settings.maxWorkerLosses = random.int(1...4)
        settings.jitterSeed = random.next()
        settings.maxParallelBatches = Self.maxParallelBatches
        settings.maxWorkersPerBatch = 10
        settings.maxStepsPerDecision = random.pick([2, 5, 100])
        settings.maxDecisionDepth = random.pick([0, 1, 1, 2, 20, 20, 20, 20])
        settings.isDecidingEnabled = random.chance(94)
        settings.isBatchingEnabled = random.chance(94)
        settings.checkpointsWithoutProgress = random.int(2...4)
        settings.staleness.isDryRun = random.chance(10)
        settings.staleness.defaultAction = random.pick([.none, .none, .deadLetter, .error])
        for index in routing.isKnown.indices { routing.isKnown[index] = random.chance(80) }
        if random.chance(20) { publishRoom = random.int(0...2) }
        isConnected = random.chance(90)
        trace = isTraced ? [] : nil
    }

    /// Runs to the end.
    mutating func run() throws {
        try apply(.start)
        let chaos = random.int(5...25 + 3 * min(20, task.plan.nodes.count))
        let cancelAt = random.chance(8) ? random.int(0...chaos) : -1
        for round in 0..<chaos {
            let isAtRest = task.state == .waitingForRetry || task.state == .blockedByFailures
            if round == cancelAt || isAtRest && random.chance(2) {
                try apply(.cancel(reason: "random", actor: "driver"))
            }
            if task.state == .waitingForRetry, random.chance(4) {
                try apply(.manual(ManualAction(.resolveTask, actor: "driver", reason: "random")))
            }
            try act()
        }
        isCalm = true
        isConnected = true
        awaitsMarker = true
        routing.isKnown = routing.isKnown.map { _ in true }
        holdsMayHaveEnded = true
        try comeToRest()
        try witness.checkStarts(world.starts)
        if task.state == .blockedByFailures, random.chance(60) { try revive() }
    }

    private mutating func comeToRest() throws {
        var rounds = 0
        while try act() {
            rounds += 1
            try require(8, rounds < 20_000, "does not come to rest")
        }
        try witness.inspect(task, countsSilence: !awaitsMarker)
        try witness.checkEnd(task)
    }

    /// 10: a blocked task whose failed steps are all reset and then succeed ends `complete`.
    private mutating func revive() throws {
        alwaysSucceeds = true
        settings.isDecidingEnabled = true
        settings.isBatchingEnabled = true
        settings.maxDecisionDepth = 20
        let isReplay = task.deadLetter?.resolution == .pending && random.chance(50)
        try apply(.manual(ManualAction(isReplay ? .replay : .retryTask(steps: nil), actor: "driver", reason: "again")))
        try comeToRest()
        try require(
            10, task.state == .complete, "every failed step was reset and succeeded, and the task is \(task.state)")
    }

    // MARK: - Applying

    mutating func apply(_ event: Event) throws(Violation) {
        let before = task
        var context = EngineContext(
            now: now, ids: ids, settings: settings, routing: routing, publishesAtOnce: isConnected,
            publishSequence: publishSequence, suspects: suspects)
        context.publishRoom = publishRoom
        var used = context
        let effects = task.apply(event, in: &used)
        try followTwin(event, context, effects)
        trace?.append("\(now): \(event)\n      -> \(effects)")
        if let seeded = used.ids as? SeededIDSource { ids = seeded }
        publishSequence = used.publishSequence
        suspects = used.suspects
        try witness.observe(
            event, effects, before: before, after: task, world: world, now: now, settings: settings)
        if random.chance(inspectedShare) {
            try witness.inspect(task, countsSilence: !awaitsMarker)
            try checkTwice(event, used)
            try checkRestored(used)
            twin = task.reloaded
        }
        for effect in effects {
            switch effect {
            case .dispatch(let place, let id):
                if task.steps[place].dispatch?.publication == .begun {
                    world.relay.append((place, id))
                } else {
                    world.parked.append((place, id))
                }
            case .withdraw(let id):
                world.relay.removeAll { $0.dispatch == id }
                world.parked.removeAll { $0.dispatch == id }
            case .setTimer(let place, let timer, _): fired[place]?[timer] = nil
            case .quarantineEnded: holdsMayHaveEnded = true
            default: break
            }
        }
    }

    /// 6: applying an event twice equals applying it once, audit rows aside.
    private func checkTwice(_ event: Event, _ context: EngineContext) throws(Violation) {
        var again = task
        var context = context
        let effects = again.apply(event, in: &context)
        let (one, two) = (Snapshot(task), Snapshot(again))
        try require(6, one == two, "a second \(event) changed the task: \(Snapshot.difference(one, two))")
        for effect in effects {
            switch effect {
            case .journal(.audit), .held, .setTimer, .remark: break
            case .deadLetter where isNote(event): break
            default: throw Violation(6, "a second \(event) did \(effect)")
            }
        }
    }

    private func isNote(_ event: Event) -> Bool {
        if case .manual(let action) = event, case .updateDeadLetter = action.kind { return true }
        return false
    }

    /// 28: what was stored and loaded some time ago still does the same.
    private mutating func followTwin(_ event: Event, _ context: EngineContext, _ effects: [Effect]) throws(Violation) {
        var context = context
        let others = twin.apply(event, in: &context)
        try require(28, others == effects, "a task that was reloaded did \(others) instead of \(effects)")
        try require(
            28, twin.state == task.state && twin.revision == task.revision, "a task that was reloaded is \(twin.state)")
    }

    /// 28: a task that was stored and loaded behaves as if it had not been.
    private func checkRestored(_ context: EngineContext) throws(Violation) {
        var (original, restored) = (task, task.restored)
        var (contextOne, contextTwo) = (context, context)
        let one = original.apply(.silenceCountsAnew, in: &contextOne)
        let two = restored.apply(.silenceCountsAnew, in: &contextTwo)
        try require(28, one == two, "after a restart \(two) instead of \(one)")
        var (left, right) = (Snapshot(original).durable, Snapshot(restored).durable)
        // Only a pending entry is part of a task.
        if left.deadLetter?.resolution != .pending { (left.deadLetter, right.deadLetter) = (nil, nil) }
        try require(28, left == right, "differs after a restart: \(Snapshot.difference(left, right))")
        try require(28, original.revision == restored.revision, "revision")
    }

    // MARK: - Acting

    /// Does one thing that can happen now.
    /// - Returns: whether there was any.
    @discardableResult
    mutating func act() throws(Violation) -> Bool {
        var kinds: [Action] = []
        func offer(_ action: Action, _ weight: Int, _ possible: Bool) {
            if possible { for _ in 0..<weight { kinds.append(action) } }
        }
        offer(.read, 6, !world.inbox.isEmpty)
        offer(.relay, 5, !world.relay.isEmpty)
        offer(.begin, 4, isConnected && !world.parked.isEmpty)
        offer(.report, 4, !world.reports.isEmpty)
        offer(.deliver, 5, !world.copies.isEmpty)
        offer(.work, 6, !world.runs.isEmpty)
        offer(.releaseHolds, 3, holdsMayHaveEnded)
        if !isCalm {
            offer(.passTime, 3, true)
            offer(.changeRoutes, 1, true)
            offer(.connection, 1, true)
            offer(.forge, 1, true)
            offer(.restart, 1, !task.state.isTerminal && random.chance(40))
            offer(.loseDispatch, 1, true)
            offer(.operate, 1, random.chance(60))
        } else if kinds.isEmpty {
            // Nothing moves by itself: time passes.
            if task.state.isTerminal { return false }
            if awaitsMarker || witness.timersSet.contains(where: { !isFired($0) }) { kinds = [.passTime] }
            if kinds.isEmpty || random.chance(20) { if lostDispatch != nil { kinds = [.loseDispatch] } }
        }
        guard !kinds.isEmpty else { return false }
        try perform(random.pick(kinds))
        return true
    }

    enum Action {
        case read, relay, begin, report, deliver, work, releaseHolds, passTime, changeRoutes, connection, forge, restart
        case loseDispatch, operate
    }

    private mutating func perform(_ action: Action) throws(Violation) {
        switch action {
        case .read: try read()
        case .relay: publish()
        case .begin: try begin()
        case .report:
            let report = world.reports.remove(at: random.int(0...world.reports.count - 1))
            try apply(.publishing(step: report.place, report.dispatch, report.report))
            let dispatch = task.steps[report.place].dispatch
            if report.report == .notSent, dispatch?.id == report.dispatch, dispatch?.publication == .parked {
                world.parked.append((report.place, report.dispatch))
            }
        case .deliver: deliver()
        case .work: work()
        case .releaseHolds:
            holdsMayHaveEnded = false
            try apply(.holdsMayEnd)
        case .passTime: try passTime()
        case .changeRoutes:
            let index = random.int(0...routing.isKnown.count - 1)
            routing.isKnown[index].toggle()
            if routing.isKnown[index] { holdsMayHaveEnded = true }
        case .connection:
            isConnected.toggle()
            if isConnected { awaitsMarker = true }
        case .forge: try forge()
        case .restart: try restart()
        case .loseDispatch:
            if let (place, id) = lostDispatch { try apply(.dispatchLost(step: place, id)) }
        case .operate: try operate()
        }
    }
}

/// Handlers `H0` ... `H3` that come and go.
struct RandomRouting: Routing {
    var isKnown: [Bool]

    func queue(namespace: String, callable: String, declared: String?, task: TaskID) -> String? {
        if let declared { return declared }
        guard let index = Int(callable.dropFirst()), isKnown[index] else { return nil }
        return "fleet\(index % 2)"
    }
}
