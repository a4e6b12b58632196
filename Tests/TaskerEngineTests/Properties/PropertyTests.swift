#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerEngine

/// The engine contract's properties (section 15) that concern standard steps, over random tasks in a hostile world.
///
/// `TASKER_SEEDS=n` runs n seeds, `TASKER_SEED=n` runs that one and prints what happened.
@Suite("Properties")
struct PropertyTests {
    static let shards = 4
    static let single = ProcessInfo.processInfo.environment["TASKER_SEED"].flatMap { UInt64($0) }
    static let count = ProcessInfo.processInfo.environment["TASKER_SEEDS"].flatMap { UInt64($0) } ?? 2000

    @Test("random tasks keep every property", arguments: 0..<shards)
    func random(_ shard: Int) {
        var failures = 0
        for seed in Self.single.map({ $0...$0 }) ?? 0...max(1, Self.count) - 1 where Int(seed) % Self.shards == shard {
            var simulation = Simulation(seed: seed)
            do {
                try simulation.run()
            } catch {
                failures += 1
                report(seed, error)
                if failures == 3 { return }
            }
        }
    }

    /// Runs the seed again, with its last events.
    private func report(_ seed: UInt64, _ error: any Error) {
        var simulation = Simulation(seed: seed, isTraced: true)
        try? simulation.run()
        let events = (simulation.trace ?? []).suffix(Self.single == nil ? 6 : .max).joined(separator: "\n  ")
        Issue.record("seed \(seed) (run it alone with TASKER_SEED=\(seed)): \(error)\n  \(events)")
    }

    /// A driver that no longer gets anywhere would pass every property.
    @Test("the driver reaches what it is there for")
    func reach() {
        var seen: Set<String> = []
        for seed in 0..<400 as Range<UInt64> {
            var simulation = Simulation(seed: seed)
            try? simulation.run()
            seen.formUnion(simulation.witness.seen)
        }
        let expected: Set<String> = [
            // Transitions of a task of standard steps without an operator.
            "pending Start initializing", "initializing ReadyStepsFound enqueuing_steps",
            "initializing NoDependenciesReady waiting_for_dependencies",
            "enqueuing_steps StepsEnqueued steps_in_process",
            "steps_in_process StepCompleted evaluating_results",
            "steps_in_process AllStepsCompleted evaluating_results",
            "steps_in_process StepFailed evaluating_results", "steps_in_process RetryDue evaluating_results",
            "steps_in_process HoldEnded evaluating_results", "steps_in_process StepFailed waiting_for_retry",
            "evaluating_results AllStepsSuccessful complete", "evaluating_results ReadyStepsFound enqueuing_steps",
            "evaluating_results NoDependenciesReady waiting_for_dependencies",
            "evaluating_results OnlyRetriesLeft waiting_for_retry",
            "evaluating_results PermanentFailure blocked_by_failures",
            "waiting_for_dependencies DependenciesReady evaluating_results",
            "waiting_for_retry RetryReady enqueuing_steps", "waiting_for_retry RetryDue evaluating_results",
            "steps_in_process Cancel cancelled",
            "blocked_by_failures Cancel cancelled",
            // Messages that count, and those that do not.
            "accepted", "checkpoint", "abandoned", "duplicate", "cancelled", "superseded", "late", "forged",
            // Resends and closings by the engine itself.
            "resend worker_busy", "resend worker_shutdown", "resend handler_not_found", "resend publish in doubt",
            "resend nacked", "resend checkpoint", "worker_lost", "timeout", "dispatch_lost", "interrupted",
            "redelivered",
            "held no_route", "held quarantine", "quarantine ended",
            "dead letter permanent_failure pending", "dead letter max_retries_exceeded pending",
            "dead letter poison pending", "dead letter permanent_failure cancelled",
        ]
        #expect(expected.subtracting(seen) == [])
    }

    /// 7: the order of independent results changes neither final states nor results.
    @Test("any order of results ends the same way", arguments: 0..<shards)
    func permutations(_ shard: Int) {
        for seed in 0..<max(1, Self.count / 10) where Int(seed) % Self.shards == shard {
            let ends = (0..<3).map { OrderedRun(seed: seed, order: $0).end }
            #expect(ends.allSatisfy { $0 == ends[0] }, "seed \(seed)")
        }
    }

    /// 9: with one permanent failure exactly the steps behind it do not finish.
    @Test("one permanent failure stops exactly what is behind it", arguments: 0..<shards)
    func oneFailure(_ shard: Int) {
        for seed in 0..<max(1, Self.count / 10) where Int(seed) % Self.shards == shard {
            var random = SeededGenerator(seed: seed)
            let template = randomTemplate(&random)
            let failing = template.steps[random.int(0...template.steps.count - 1)].name
            let run = OrderedRun(seed: seed, order: 1, failing: failing)
            for step in run.task.steps {
                let ancestors = run.task.ancestors(of: step.place).map { run.task.steps[$0].name }
                let expected: StepState =
                    step.name == failing ? .error : ancestors.contains(failing) ? .pending : .complete
                #expect(step.state == expected, "seed \(seed), \(step.name)")
            }
            #expect(run.task.state == .blockedByFailures && run.task.deadLetter?.failures.count == 1)
        }
    }
}

/// A run in which every outcome is a function of step and attempt, and only the order differs.
struct OrderedRun {
    struct End: Equatable {
        var state: TaskState
        var steps: [StepState]
        var attempts: [Int]
        var results: [RawJSON?]
        var failures: Set<String>
    }

    private(set) var task: WorkflowTask
    private var now = Timestamp(milliseconds: 1_700_000_000_000)

    init(seed: UInt64, order: UInt64, failing: String? = nil) {
        var planning = SeededGenerator(seed: seed)
        let template = randomTemplate(&planning)
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
        while true {
            let open = task.steps.filter { $0.dispatch != nil }
            let timers = task.timers.filter { $0.timer == .retry }
            guard !open.isEmpty || !timers.isEmpty else { return }
            if let next = timers.min(by: { $0.due < $1.due }), open.isEmpty || random.chance(40) {
                now = max(now, next.due)
                context.now = now
                _ = task.apply(.timer(step: next.step, .retry, due: next.due), in: &context)
            } else {
                let step = random.pick(open)
                now = now.advanced(byMilliseconds: Int64(random.int(0...500)))
                context.now = now
                _ = task.apply(.result(step: step.place, outcome(step, seed, failing)), in: &context)
            }
        }
    }

    private func outcome(_ step: Step, _ seed: UInt64, _ failing: String?) -> StepResultMessage {
        var random = SeededGenerator(seed: seed ^ UInt64(step.place * 1000 + step.attempts))
        var message = StepResultMessage(
            dispatchID: step.dispatch?.id, taskID: task.id, stepID: step.id, status: .completed,
            result: RawJSON(.string("\(step.name) \(step.attempts)")), startedAt: now)
        let fails = failing.map { $0 == step.name } ?? random.chance(25)
        if fails {
            message.status = .failed
            message.error = StepFailure(
                message: "planned", errorType: failing != nil || random.chance(20) ? "permanent_error" : "Boom")
        }
        return message
    }

    var end: End {
        End(
            state: task.state, steps: task.steps.map(\.state), attempts: task.steps.map(\.totalAttempts),
            results: task.steps.map(\.envelope),
            failures: Set((task.deadLetter?.failures ?? []).map { "\($0.stepName) \($0.reason) \($0.attempts)" }))
    }
}
