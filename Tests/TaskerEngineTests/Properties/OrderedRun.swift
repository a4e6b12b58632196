import TaskerProtocol
import TaskerTemplates

@testable import TaskerEngine

/// A run in which every outcome is a function of step and attempt, and only the order differs.
struct OrderedRun {
    struct End: Equatable {
        var state: TaskState
        var steps: [String: StepState]
        var attempts: [String: Int]
        var results: [String: RawJSON]
        var failures: Set<String>
    }

    private(set) var task: WorkflowTask
    private(set) var oracle: Oracle
    private var now = Timestamp(milliseconds: 1_700_000_000_000)
    private let seed: UInt64
    private let failing: String?

    /// - Parameter failing: the step that fails for good while all others succeed; nil: some fail.
    init(seed: UInt64, order: UInt64, failing: String? = nil) {
        self.seed = seed
        self.failing = failing
        let template = Self.template(seed, isolates: failing == nil)
        oracle = Oracle(template)
        var ids = SeededIDSource(seed: seed)
        let start = now
        task = WorkflowTask(
            header: TaskHeader(
                id: ids.nextID(at: start), context: .emptyObject, correlationID: ids.nextID(at: start),
                requestedAt: start, createdAt: start),
            plan: WorkflowPlan(template: template, hash: "\(seed)"), newStepID: { ids.nextID(at: start) })
        var random = SeededGenerator(seed: seed &* 31 &+ order)
        var context = EngineContext(now: now, ids: ids, routing: RandomRouting(isKnown: [true, true, true, true]))
        _ = task.apply(.start, in: &context)
        while !task.state.isTerminal {
            let open = task.steps.filter { $0.dispatch != nil }
            let timers = task.timers.filter { $0.timer == .retry }
            guard !open.isEmpty || !timers.isEmpty else { return }
            if let next = timers.min(by: { $0.due < $1.due }), open.isEmpty || next.due > now && random.chance(40) {
                now = max(now, next.due)
                context.now = now
                _ = task.apply(.timer(step: next.step, .retry, due: next.due), in: &context)
            } else {
                let step = random.pick(open)
                now = now.advanced(byMilliseconds: Int64(random.int(0...500)))
                context.now = now
                answer(step, &context)
            }
        }
    }

    /// What a failed sibling holds back depends on the order by intention.
    static func template(_ seed: UInt64, isolates: Bool) -> TaskTemplate {
        var planning = SeededGenerator(seed: seed)
        var template = randomTemplate(&planning)
        for index in template.steps.indices where template.steps[index].batch != nil {
            if template.steps[index].batch?.failureStrategy == .failFast || !isolates {
                template.steps[index].batch?.failureStrategy = .continueOnFailure
            }
        }
        return template
    }

    private mutating func answer(_ step: Step, _ context: inout EngineContext) {
        var random = SeededGenerator(
            seed: step.name.utf8.reduce(seed &+ UInt64(step.attempts)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 })
        var message = StepResultMessage(
            dispatchID: step.dispatch?.id, taskID: task.id, stepID: step.id, status: .completed, startedAt: now)
        let template = oracle.templateStep(of: step.name)
        let outcome = RandomOutcome.random(for: template, oracle, EngineSettings(), isCalm: true, &random)
        message.result = outcome.result(by: step.name)
        let fails = failing.map { $0 == step.name } ?? random.chance(25)
        if fails {
            message.status = .failed
            message.error = StepFailure(
                message: "planned", errorType: failing != nil || random.chance(20) ? "permanent_error" : "Boom")
        }
        _ = task.apply(.result(step: step.place, message), in: &context)
        if task.steps[step.place].state == .complete, [.decision, .batchable].contains(template.type) {
            oracle.finish(step.name, with: outcome)
        }
    }

    var end: End {
        func by<T>(_ value: (Step) -> T?) -> [String: T] {
            task.steps.reduce(into: [:]) { $0[$1.name] = value($1) }
        }
        return End(
            state: task.state, steps: by(\.state), attempts: by(\.totalAttempts), results: by(\.envelope),
            failures: Set((task.deadLetter?.failures ?? []).map { "\($0.stepName) \($0.reason) \($0.attempts)" }))
    }

    /// Waits for a failed step, or for a dependency that only what waits for one could bring.
    func isBehind(_ failed: String, _ name: String) -> Bool {
        var seen: Set<String> = []
        var open = [name]
        while let next = open.popLast() {
            if next == failed || !(oracle.undetermined[next] ?? []).isEmpty { return true }
            if seen.insert(next).inserted { open += oracle.parents[next] ?? [] }
        }
        return false
    }
}
