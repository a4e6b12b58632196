import Synchronization
import TaskerEngine
import TaskerMessaging
import TaskerProtocol
import TaskerStore
import TaskerTemplates

@testable import TaskerOrchestrator

/// A whole Tasker in one task of one thread: orchestrator, store, broker, workers, clients and operators, on one clock
/// and one scheduler. The same seed gives the same run, event by event.
final class SimulatedWorld {
    let plan: SimulationPlan
    let hasFaults: Bool
    let clock = SimulationClock()
    let trace: SimulationTrace
    let ledger: SimulationLedger
    let broker: SimulatedBroker
    let names = QueueNames.standard
    let plans = PlanCache()
    var workers: [SimulatedWorker] = []
    private var host: SimulatedOrchestrator?
    var random: SimulationRandom
    /// No more faults: everything has to come to its end.
    var isCalm = false
    var clients: [SimulatedCaller] = []
    /// What was injected and nobody can read.
    var garbage: [[UInt8]] = []
    var areTemplatesKnown: Bool { ledger.state.withLock { $0.templates >= plan.templates.count } }

    /// Of a clock that never jumps.
    var trueTime: Timestamp { Timestamp(milliseconds: SimulationClock.epoch + clock.now / 1000) }

    var orchestrator: SimulatedOrchestrator {
        guard let host else { preconditionFailure("a world has an orchestrator") }
        return host
    }

    init(plan: SimulationPlan, hasFaults: Bool, mutation: SimulationMutation?) {
        self.plan = plan
        self.hasFaults = hasFaults
        trace = SimulationTrace(clock: clock, limit: SimulationTests.events)
        ledger = SimulationLedger(settings: plan.settings.engine)
        broker = SimulatedBroker(clock: clock, trace: trace, ledger: ledger, seed: plan.seed ^ 1)
        random = SimulationRandom(seed: plan.seed ^ 2)
        var settings = plan.settings
        if mutation == .ignoresGrace { settings.engine.redeliveryGrace = .zero }
        host = SimulatedOrchestrator(
            world: self, settings: settings, mutations: mutation?.coordinator ?? [], seed: plan.seed ^ 3)
        for (number, worker) in plan.workers.enumerated() {
            workers.append(
                SimulatedWorker(
                    world: self, number: number, plan: worker, mutation: mutation?.worker,
                    seed: plan.seed &* 31 &+ UInt64(number)))
        }
        clients = plan.tasks.map { SimulatedCaller(world: self, task: $0) }
    }

    /// Runs until nothing is left to do.
    /// - Throws: ``SimulationFailure``.
    func run() async throws {
        begin()
        try await orchestrator.start()
        // Long enough for every lease, check and back-off several times over.
        let deadline = plan.calmAt + 3000 * second
        var nextLook = hasFaults ? plan.calmAt : second
        while clock.step() {
            if orchestrator.needsStart { try await orchestrator.start() }
            if orchestrator.needsTurn { try await orchestrator.turn() }
            if let violation = ledger.violation { throw SimulationFailure(violation) }
            if clock.now >= nextLook {
                if isCalm, try await isDry() { break }
                nextLook = clock.now + 3 * second
            }
            if clock.now > deadline { throw SimulationFailure("never comes to rest: \(try await unfinished())") }
            if clock.steps > 400_000 { throw SimulationFailure("livelock: \(try await unfinished())") }
        }
        try await checkEnd()
    }

    /// Breaks the references from the world to itself.
    func dismantle() {
        clock.clear()
        host = nil
        workers = []
        clients = []
    }

    private func begin() {
        broker.isSlow = hasFaults && plan.isSlow
        for worker in workers { clock.at(worker.plan.bootsAt) { worker.boot() } }
        for client in clients { clock.at(client.task.createdAt) { client.ask() } }
        if hasFaults {
            for fault in plan.faults { clock.at(fault.at) { self.inject(fault.kind) } }
        }
        clock.at(hasFaults ? plan.calmAt : 0) {
            self.isCalm = true
            self.broker.isSlow = false
            self.orchestrator.calmDown()
            self.trace.note("calm")
        }
    }

    /// What the ledger has to know of the world before a round.
    func observe() {
        var undisturbed: Set<DispatchID> = []
        for worker in workers where worker.isAlive && clock.now >= worker.frozenUntil {
            guard let connection = worker.connection, connection.carries, connection.isKnownToBroker,
                clock.now - worker.steadySince > 10 * second, !worker.isBlocked,
                !broker.isSlow, !broker.isBlocked
            else { continue }
            for job in worker.jobs.values where job.phase == .running && job.connection === connection {
                undisturbed.insert(job.dispatch)
            }
        }
        var queued: Set<DispatchID> = []
        for queue in plan.queueNames {
            for message in broker.queues[names.steps(queue)]?.messages ?? [] where message.deliveryCount == 0 {
                if let id = message.executed { queued.insert(id) }
            }
        }
        ledger.worldIs(undisturbed: undisturbed, queued: queued)
    }
}

extension SimulationPlan {
    var queueNames: [String] { Self.fleets }
}

struct SimulationFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
