import TaskerEngine
import TaskerProtocol
import TaskerTemplates

@testable import TaskerOrchestrator

/// Everything that a seed decides before the world begins: templates, handlers, tasks, workers, settings and faults.
struct SimulationPlan {
    struct Worker {
        var queues: [String]
        var slots: Int
        var callables: [String]
        /// During a rolling deploy: handlers it does not know before that time.
        var knowsHandlersFrom: [String: Int64] = [:]
        var bootsAt: Int64 = 0
    }

    struct Task {
        var key: String
        var template: String
        var createdAt: Int64
        var isByMessage: Bool
        var priority = 0
        /// Nobody interferes, and every step may repeat: it must end as if nothing had happened.
        var isComparable: Bool
    }

    struct Fault {
        var at: Int64
        var kind: Kind
    }

    enum Kind {
        case crash(operations: Int, down: Int64)
        case restartBroker(Int64)
        case block(Int64)
        case nack(Int64)
        case cutOrchestrator(publishing: Bool, broker: Int64, client: Int64)
        case cutWorker(Int, broker: Int64, client: Int64)
        case killWorker(Int, flushes: Bool, noticed: Int64)
        case leaveWorker(Int)
        case freezeWorker(Int, Int64)
        case purgeSteps(String)
        case purgeResults
        case deleteSteps(String)
        case refuseCommits(Int)
        case refuseReads(Int)
        case jumpClock(Int64)
        case repeatResult
        case garbage(Int)
        case cancel(Int)
        case act(Int, Int)
        case route(String, String?)
    }

    let seed: UInt64
    var templates: [TaskTemplate] = []
    private var behaviours: [String: [String: Behaviour]] = [:]
    var tasks: [Task] = []
    var workers: [Worker] = []
    var faults: [Fault] = []
    var settings = OrchestratorSettings()
    var isSlow = false
    /// Faults are over then.
    var calmAt: Int64 = 0
    /// Worker losses end no step.
    var sparesVictims = true

    /// Few slots for many long steps: messages wait in their queues.
    private var hasBacklog = false

    static let callables = ["H0", "H1", "H2"]
    static let fleets = ["fleet0", "fleet1"]
    /// Who serves what; moving a route only makes sense between fleets that know the handler.
    var fleetsOf: [String: [String]] = [:]

    init(seed: UInt64) {
        self.seed = seed
        var random = SimulationRandom(seed: seed)
        sparesVictims = random.chance(70)
        hasBacklog = random.chance(20)
        planWorkers(&random)
        for index in 0..<random.pick([1, 1, 2, 3]) {
            let isComparable = index == 0 || random.chance(40)
            var maker = TemplateMaker(
                name: "t\(index)", isComparable: isComparable, mayKill: !sparesVictims && random.chance(40),
                isPinned: fleetsOf, hasBacklog: hasBacklog, random: random)
            let template = maker.make()
            random = maker.random
            templates.append(template)
            behaviours[template.name] = maker.behaviours
            for copy in 0..<random.int(1...2) {
                let isTouched = isComparable && random.chance(20)
                tasks.append(
                    Task(
                        key: "\(template.name).\(copy)", template: template.name,
                        createdAt: random.microseconds(0...random.pick([100_000, 5 * second, 20 * second])),
                        isByMessage: random.chance(35), priority: random.pick([0, 0, 5]),
                        isComparable: isComparable && !isTouched))
            }
        }
        planSettings(&random)
        planFaults(&random)
    }

    /// Nobody interferes with any task of the template.
    func isComparable(_ template: String) -> Bool {
        tasks.allSatisfy { $0.template != template || $0.isComparable }
    }

    func behaviour(of message: StepExecute) -> Behaviour {
        behaviours[message.task.name]?[message.step.templateStepName] ?? Behaviour()
    }

    private mutating func planWorkers(_ random: inout SimulationRandom) {
        for callable in Self.callables { fleetsOf[callable] = random.pick([["fleet0"], ["fleet0", "fleet1"]]) }
        fleetsOf["H2"] = random.pick([["fleet1"], ["fleet0", "fleet1"]])
        let count = random.int(2...4)
        for index in 0..<count {
            let home = Self.fleets[index % 2]
            let queues = random.chance(20) ? Self.fleets : [home]
            let callables = Self.callables.filter { callable in
                queues.contains { fleetsOf[callable]?.contains($0) == true }
            }
            var worker = Worker(queues: queues, slots: hasBacklog ? 1 : random.int(1...3), callables: Self.callables)
            if queues.count == 1 { worker.callables = callables }
            if random.chance(30) { worker.bootsAt = random.microseconds(0...20 * second) }
            if random.chance(10) {
                worker.knowsHandlersFrom[random.pick(Self.callables)] = random.microseconds(1 * second...40 * second)
            }
            workers.append(worker)
        }
        // A worker with both queues serves everything from both.
        if workers.contains(where: { $0.queues.count > 1 }) {
            for callable in Self.callables { fleetsOf[callable] = Self.fleets }
            for index in workers.indices { workers[index].callables = Self.callables }
        }
    }

    private mutating func planSettings(_ random: inout SimulationRandom) {
        settings.taskCacheLimit = random.pick([1, 2, 3, 5000])
        settings.publishWindow = random.pick([1, 2, 4, 4000])
        settings.resultsPrefetch = random.pick([1, 3, 20, 1000])
        settings.requestsPrefetch = random.pick([1, 100])
        settings.lostDispatchCheck = .seconds(random.pick([5, 60]))
        settings.engine.lostDispatch = .seconds(random.pick([10, 60]))
        settings.limits.ackDeadlineMilliseconds = random.pick([20_000, 600_000])
        settings.engine.maxWorkerLosses = sparesVictims ? 1_000_000 : 3
        settings.engine.jitterSeed = random.next()
        // So that results have to be fetched.
        if random.chance(15) { settings.maxMessageBytes = 66_000 }
        settings.dependencyPageBytes = random.pick([100, 1024 * 1024])
        isSlow = random.chance(30)
    }
}
