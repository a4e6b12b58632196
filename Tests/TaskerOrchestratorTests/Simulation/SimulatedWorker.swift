import TaskerMessaging
import TaskerProtocol

/// A worker process that obeys the wire protocol, section 6, with handlers that are pure functions. It may be slow, be
/// frozen, lose its connection, be told to leave, or die at any moment, and comes back.
final class SimulatedWorker: SimulatedClient {
    /// What is planted to see that it is found.
    enum Mutation: Sendable {
        case runsRedelivered, acksBeforeConfirm
    }

    final class Job {
        enum Phase {
            case waiting, parked, fetching, running, answered
        }

        let message: StepExecute
        let dispatch: DispatchID
        var phase = Phase.waiting
        var connection: SimulatedConnection?
        var tag: UInt64 = 0
        var queue: String
        var answer: StepResultMessage?
        var results: [(name: String, envelope: RawJSON)]
        var holdsSlot = false
        var heartbeats: Int64 = 0
        var startedAt: Int64 = 0
        var isCancelled = false

        init(_ message: StepExecute, _ connection: SimulatedConnection, _ tag: UInt64, _ queue: String) {
            self.message = message
            self.connection = connection
            self.tag = tag
            self.queue = queue
            dispatch = message.dispatchID
            results = message.dependencyResults
        }
    }

    let world: SimulatedWorld
    let number: Int
    let plan: SimulationPlan.Worker
    let mutation: Mutation?
    var random: SimulationRandom
    var label: String { "worker \(number)" }

    var isAlive = false
    /// Grows with every boot and end of the process.
    var life = 0
    var frozenUntil: Int64 = 0
    var connection: SimulatedConnection?
    /// Since when it has been connected and awake without a break.
    var steadySince: Int64 = 0
    var isLeaving = false
    var isConsuming = false
    var isBlocked = false
    var attempts = 0
    var jobs: [DispatchID: Job] = [:]
    var answered: Set<DispatchID> = []
    var cancelled: Set<DispatchID> = []
    /// Publishes under way on the current connection.
    var awaited: [UInt64: (PublishOutcome) -> Void] = [:]
    var lastToken: UInt64 = 0

    init(world: SimulatedWorld, number: Int, plan: SimulationPlan.Worker, mutation: Mutation?, seed: UInt64) {
        self.world = world
        self.number = number
        self.plan = plan
        self.mutation = mutation
        random = SimulationRandom(seed: seed)
    }

    var clock: SimulationClock { world.clock }
    var usedSlots: Int { jobs.values.count { $0.holdsSlot } }
    /// In the order of their ids, so that nothing depends on a dictionary.
    var orderedJobs: [Job] { jobs.values.sorted { $0.dispatch < $1.dispatch } }

    var identity: WorkerIdentity {
        WorkerIdentity(id: "w\(number).\(life)", language: "swift", sdk: "simulation", hostname: "here")
    }

    /// Something inside the process: dies with it and waits while it is frozen.
    func after(_ delay: Int64, _ action: @escaping () -> Void) {
        let life = life
        clock.after(delay) { self.runWhenAwake(life, action) }
    }

    private func runWhenAwake(_ life: Int, _ action: @escaping () -> Void) {
        guard self.life == life, isAlive else { return }
        guard clock.now >= frozenUntil else { return clock.at(frozenUntil) { self.runWhenAwake(life, action) } }
        action()
    }

    // MARK: - Life

    func boot() {
        guard !isAlive else { return }
        life += 1
        isAlive = true
        isLeaving = false
        isConsuming = false
        isBlocked = false
        connection = nil
        jobs = [:]
        answered = []
        cancelled = []
        awaited = [:]
        attempts = 0
        world.trace.note("\(label) boots")
        connect()
        beatRegularly()
    }

    /// The process is gone, without a word unless it `flushes` what it has written.
    func die(flushes: Bool, noticedAfter: Int64, backAfter: Int64? = nil) {
        guard isAlive else { return }
        world.trace.note("\(label) dies")
        isAlive = false
        life += 1
        frozenUntil = 0
        if let connection { world.broker.abandon(connection, flushes: flushes, noticedAfter: noticedAfter) }
        connection = nil
        clock.after(backAfter ?? random.microseconds(1 * second...5 * second)) { self.boot() }
    }

    func freeze(for duration: Int64) {
        guard isAlive else { return }
        world.trace.note("\(label) is frozen for \(duration / millisecond) ms")
        frozenUntil = max(frozenUntil, clock.now + duration)
        steadySince = frozenUntil
        // The broker misses its heartbeats.
        if duration > 60 * second, let connection {
            clock.after(60 * second) {
                self.world.broker.cut(connection, brokerAfter: 0, clientAfter: duration - 60 * second)
            }
        }
    }

    func leave() {
        guard isAlive, !isLeaving else { return }
        world.trace.note("\(label) is told to leave")
        isLeaving = true
        stopConsuming()
        for job in orderedJobs where job.phase == .waiting || job.phase == .parked || job.phase == .fetching {
            abandon(job, ErrorType.workerShutdown)
        }
        after(30 * second) {
            for job in self.orderedJobs where job.phase == .running { self.abandon(job, ErrorType.interrupted) }
        }
        after(40 * second) { self.die(flushes: false, noticedAfter: 0) }
        leaveWhenDone()
    }

    func leaveWhenDone() {
        guard isLeaving, jobs.isEmpty else { return }
        after(100 * millisecond) {
            guard self.jobs.isEmpty else { return }
            self.announce(.bye)
            self.die(flushes: true, noticedAfter: 50 * millisecond)
        }
    }

    // MARK: - Connection

    func connect() {
        guard isAlive, connection == nil else { return }
        guard let connection = world.broker.connect(self) else {
            attempts += 1
            let pause = min(30 * second, 500 * millisecond << Int64(min(attempts, 6)))
            return after(random.microseconds(pause / 2...pause)) { self.connect() }
        }
        self.connection = connection
        attempts = 0
        isConsuming = false
        isBlocked = false
        steadySince = clock.now
        world.broker.write(connection) {
            self.world.broker.declare(self.world.names.dead)
            for queue in self.plan.queues { self.world.broker.declare(self.world.names.steps(queue)) }
            connection.hearsControl = true
            connection.replyQueue = "reply.\(connection.number)"
        }
        startConsuming()
        for job in orderedJobs {
            switch job.phase {
            case .running: beat(job)
            case .answered: send(job)
            case .fetching: fetch(job, after: nil)
            default: break
            }
        }
        announce(.hello)
    }

    func lost(_ connection: SimulatedConnection) {
        guard isAlive else { return }
        guard clock.now >= frozenUntil else { return after(0) { self.lost(connection) } }
        guard connection === self.connection else { return }
        self.connection = nil
        isConsuming = false
        awaited = [:]
        for job in orderedJobs {
            job.connection = nil
            if job.phase == .waiting || job.phase == .fetching {
                job.phase = .parked
                after(10 * second) { self.forget(job) }
            }
        }
        connect()
    }

    private func forget(_ job: Job) {
        if job.phase == .parked, jobs[job.dispatch] === job { jobs[job.dispatch] = nil }
        leaveWhenDone()
    }

    func startConsuming() {
        guard let connection, !isConsuming, !isLeaving else { return }
        isConsuming = true
        for queue in plan.queues {
            world.broker.write(connection) {
                self.world.broker.consume(connection, self.world.names.steps(queue), prefetch: self.plan.slots)
            }
        }
    }

    func stopConsuming() {
        guard let connection, isConsuming else { return }
        isConsuming = false
        for queue in plan.queues {
            world.broker.write(connection) { self.world.broker.cancel(connection, self.world.names.steps(queue)) }
        }
    }
}
