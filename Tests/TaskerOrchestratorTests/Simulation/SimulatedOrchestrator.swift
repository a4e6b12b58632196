import Logging
import TaskerMessaging
import TaskerProtocol
import TaskerStore
import TaskerTemplates

@testable import TaskerOrchestrator

/// One orchestrator process after the other on one store, each the real ``Coordinator``. It has two connections, as the
/// real one: one to publish, one to consume. What it reads, when, and where it dies is the scheduler's choice.
final class SimulatedOrchestrator: SimulatedClient {
    let label = "orchestrator"
    let world: SimulatedWorld
    let store = InMemoryStore()
    var settings: OrchestratorSettings
    let mutations: CoordinatorMutations
    var random: SimulationRandom

    var process: Process?
    /// Grows with every start and crash: what was meant for an earlier process does nothing.
    private(set) var life = 0
    private(set) var restarts = 0
    var needsStart = false
    var needsTurn = false
    private var isTurnScheduled = false
    private var alarm: Int64?
    /// Added to the clock: jumps, forward and back.
    var clockOffset: Int64 = 0
    var pendingCrash: (operations: Int, down: Int64)?
    var pendingRefusals = 0
    private var downTime: Int64 = second
    var isStuckTurning = 0

    final class Process {
        let coordinator: Coordinator
        let link: SimulatedLink
        let crash: CrashSwitch
        var inbox: [(input: Input, about: SimulatedMessage.About)] = []
        var publishing: SimulatedConnection?
        var consuming: SimulatedConnection?
        var tokens: Set<UInt64> = []
        var epoch: UInt64 = 0
        var clocks: ClockWatch

        init(coordinator: Coordinator, link: SimulatedLink, crash: CrashSwitch, clocks: ClockWatch) {
            self.coordinator = coordinator
            self.clocks = clocks
            self.link = link
            self.crash = crash
        }
    }

    init(world: SimulatedWorld, settings: OrchestratorSettings, mutations: CoordinatorMutations, seed: UInt64) {
        self.world = world
        self.settings = settings
        self.mutations = mutations
        random = SimulationRandom(seed: seed)
    }

    var now: Timestamp {
        Timestamp(milliseconds: SimulationClock.epoch + (world.clock.now + clockOffset) / 1000)
    }

    // MARK: - Life

    func start() async throws {
        needsStart = false
        life += 1
        isTurnScheduled = false
        alarm = nil
        let crash = CrashSwitch()
        if let pendingCrash {
            crash.arm(after: pendingCrash.operations)
            downTime = pendingCrash.down
            self.pendingCrash = nil
        }
        crash.refuse(pendingRefusals)
        pendingRefusals = 0
        let link = SimulatedLink(crash: crash, ledger: world.ledger)
        let gate = StoreGate(
            permits: { crash.permits() }, refusesCommit: { crash.refuses() }, refusesRead: { crash.refusesRead() },
            committed: { [ledger = world.ledger] in ledger.committed($0) }, endsBehindCommits: true)
        let coordinator = Coordinator(
            store: GatedStore(inner: store, gate: gate), broker: link, settings: settings,
            ids: SeededIDSource(seed: random.next()), now: now,
            log: Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }, completion: { _ in },
            declareQueue: { link.declareSteps($0) })
        #if DEBUG
        coordinator.mutations = mutations
        #endif
        let steady = Duration.microseconds(world.clock.now)
        let process = Process(
            coordinator: coordinator, link: link, crash: crash,
            clocks: ClockWatch(wall: now, steady: steady, reached: now))
        self.process = process
        world.trace.note("orchestrator starts")
        world.ledger.orchestratorStarts()
        do {
            try await coordinator.recover(owner: "simulation", at: now)
            self.process?.clocks = ClockWatch(wall: now, steady: steady, reached: coordinator.now)
        } catch let error as StoreError where error.code == .fenced && crash.hasCrashed {
            return end()
        }
        if !world.areTemplatesKnown {
            push(.register(RegisterTemplates(templates: world.plan.templates) { _ in }), .other)
        }
        connect(true)
        connect(false)
        wake()
    }

    /// The process is gone; its connections are noticed to be, sooner or later.
    func end() {
        guard let process else { return }
        world.trace.note("orchestrator crashes")
        process.crash.crash()
        self.process = nil
        life += 1
        restarts += 1
        let delay = random.pick([0, 0, 10 * millisecond, 5 * second, 25 * second])
        let flushes = random.chance(50)
        for connection in [process.publishing, process.consuming].compactMap(\.self) {
            world.broker.abandon(connection, flushes: flushes, noticedAfter: world.isCalm ? 0 : delay)
        }
        let pause = world.isCalm ? second : downTime
        world.clock.after(pause) { self.needsStart = true }
    }

    func crash(after operations: Int, down: Int64) {
        downTime = down
        guard let process else { return pendingCrash = (operations, down) }
        process.crash.arm(after: operations)
        if operations == 0 { wake() }
    }

    func refuseCommits(_ count: Int) {
        if let process { process.crash.refuse(count) } else { pendingRefusals += count }
    }

    func refuseReads(_ count: Int) { process?.crash.refuseReads(count) }

    func calmDown() {
        pendingCrash = nil
        pendingRefusals = 0
        process?.crash.forget()
    }

    /// Runs in this process only.
    func during(_ delay: Int64, _ action: @escaping (Process) -> Void) {
        let life = life
        world.clock.after(delay) {
            if self.life == life, let process = self.process { action(process) }
        }
    }

    // MARK: - Inputs

    func push(_ input: Input, _ about: SimulatedMessage.About) {
        guard let process else { return }
        switch input {
        case .broker(.connected), .reading(true): world.ledger.mayBeginSilence(at: world.trueTime)
        default: break
        }
        process.inbox.append((input, about))
        wake()
    }

    /// Looks at what has arrived in a moment.
    func wake() {
        guard !isTurnScheduled else { return }
        isTurnScheduled = true
        let isLate = random.chance(world.isCalm ? 0 : 4)
        let pause = isLate ? random.microseconds(50_000...2_000_000) : random.microseconds(50...3000)
        during(pause) { _ in
            self.isTurnScheduled = false
            self.needsTurn = true
        }
    }

    /// Looks at the clock then.
    func wake(at time: Int64) {
        if let alarm, alarm <= time { return }
        alarm = time
        during(time - world.clock.now) { _ in
            guard self.alarm == time else { return }
            self.alarm = nil
            self.needsTurn = true
        }
    }
}
