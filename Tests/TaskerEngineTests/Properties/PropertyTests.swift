#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerEngine

/// The engine contract's properties (section 15), over random tasks of all step types in a hostile world.
///
/// `TASKER_SEEDS=n` runs n seeds, `TASKER_SEED=n` runs that one and prints what happened.
@Suite("Properties")
struct PropertyTests {
    static let shards = 4
    static let single = ProcessInfo.processInfo.environment["TASKER_SEED"].flatMap { UInt64($0) }
    static let count = ProcessInfo.processInfo.environment["TASKER_SEEDS"].flatMap { UInt64($0) } ?? 10_000

    @Test("random tasks keep every property", arguments: 0..<shards)
    func random(_ shard: Int) {
        var failures = 0
        for seed in Self.single.map({ $0...$0 }) ?? 0...max(1, Self.count) - 1
        where Self.single != nil || Int(seed) % Self.shards == shard {
            do {
                var simulation = try Simulation(seed: seed)
                try simulation.run()
            } catch {
                failures += 1
                report(seed, error)
                if failures == 3 { return }
            }
            if Self.single != nil { return }
        }
    }

    /// Runs the seed again, with its last events.
    private func report(_ seed: UInt64, _ error: any Error) {
        var simulation = try? Simulation(seed: seed, isTraced: true)
        try? simulation?.run()
        let events = (simulation?.trace ?? []).suffix(Self.single == nil ? 6 : .max).joined(separator: "\n  ")
        Issue.record("seed \(seed) (run it alone with TASKER_SEED=\(seed)): \(error)\n  \(events)")
    }

    /// A driver that no longer gets anywhere would pass every property.
    @Test("the driver reaches what it is there for")
    func reach() {
        var seen: Set<String> = []
        let expected = Reach.all
        for seed in 0..<4000 as Range<UInt64> where Self.single == nil {
            guard var simulation = try? Simulation(seed: seed) else { continue }
            try? simulation.run()
            seen.formUnion(simulation.witness.seen)
            if expected.isSubset(of: seen) { return }
        }
        let missing = Self.single == nil ? expected.subtracting(seen).sorted() : []
        #expect(missing == [])
    }

    /// 7: the order of independent results changes neither rows nor final states nor results.
    @Test("any order of results ends the same way", arguments: 0..<shards)
    func permutations(_ shard: Int) {
        for seed in 0..<max(1, Self.count / 20) where Int(seed) % Self.shards == shard {
            let ends = (0..<3).map { OrderedRun(seed: seed, order: $0).end }
            #expect(ends.allSatisfy { $0 == ends[0] }, "seed \(seed)")
        }
    }

    /// 9: with one permanent failure exactly the steps behind it do not finish.
    @Test("one permanent failure stops exactly what is behind it", arguments: 0..<shards)
    func oneFailure(_ shard: Int) {
        var failures = 0
        for seed in 0..<max(1, Self.count / 20) where Int(seed) % Self.shards == shard {
            var random = SeededGenerator(seed: seed)
            let failing = random.pick(OrderedRun.template(seed, isolates: false).steps).name
            let run = OrderedRun(seed: seed, order: 1, failing: failing)
            // It may not have been chosen, and an ambiguous outcome is a failure of its own.
            guard let recorded = run.task.deadLetter?.failures, recorded.count == 1, recorded[0].stepName == failing
            else { continue }
            failures += 1
            for step in run.task.steps {
                let expected: StepState =
                    step.name == failing ? .error : run.isBehind(failing, step.name) ? .pending : .complete
                #expect(step.state == expected, "seed \(seed), \(step.name)")
            }
            #expect(run.task.state == .blockedByFailures, "seed \(seed)")
            #expect(Set(run.task.steps.map(\.name)) == run.oracle.rows, "seed \(seed)")
        }
        #expect(failures > Int(Self.count) / 1000)
    }
}
