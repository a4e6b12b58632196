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
/// `TASKER_SEEDS=n` runs n seeds, `TASKER_SEED=n` runs that one and prints what happened; `TASKER_INSPECTED=p` looks at
/// everything after p of 100 events instead of 5.
@Suite("Properties")
struct PropertyTests {
    static let shards = 4
    static let single = ProcessInfo.processInfo.environment["TASKER_SEED"].flatMap { UInt64($0) }
    static let count = ProcessInfo.processInfo.environment["TASKER_SEEDS"].flatMap { UInt64($0) } ?? 10_000

    static let inspectedShare = ProcessInfo.processInfo.environment["TASKER_INSPECTED"].flatMap { Int($0) } ?? 5

    /// A driver that no longer gets anywhere would pass every property: it must also reach what it is there for.
    @Test("random tasks keep every property, and reach everything")
    func random() async {
        if let seed = Self.single {
            _ = Self.run(CollectionOfOne(seed))
            return
        }
        let seen = await withTaskGroup(of: Set<String>.self) { group in
            for shard in 0..<UInt64(Self.shards) {
                group.addTask { Self.run(stride(from: shard, to: Self.count, by: Self.shards)) }
            }
            return await group.reduce(into: Set<String>()) { $0.formUnion($1) }
        }
        guard Self.count >= 10_000 else { return }
        let missing = Reach.all.subtracting(seen).sorted()
        #expect(missing == [])
    }

    /// 6, 8, 28: after every event. The twin that goes on is a new one each time.
    @Test("a task that is stored and loaded after every event goes on as if it had not been", arguments: 0..<shards)
    func reloads(_ shard: Int) {
        guard Self.single == nil else { return }
        let seeds = stride(from: UInt64(shard), to: max(1, Self.count / 20), by: Self.shards)
        _ = Self.run(seeds, inspectedShare: 100)
    }

    /// - Returns: what these seeds have reached.
    private static func run(
        _ seeds: some Sequence<UInt64>, inspectedShare: Int = inspectedShare
    ) -> Set<String> {
        var seen: Set<String> = []
        var failures = 0
        for seed in seeds {
            do {
                var simulation = try Simulation(seed: seed, inspectedShare: inspectedShare)
                defer { seen.formUnion(simulation.witness.seen) }
                try simulation.run()
            } catch {
                failures += 1
                report(seed, error, inspectedShare)
                if failures == 3 { return seen }
            }
        }
        return seen
    }

    /// Runs the seed again, with its last events.
    private static func report(_ seed: UInt64, _ error: any Error, _ inspectedShare: Int) {
        var simulation = try? Simulation(seed: seed, isTraced: true, inspectedShare: inspectedShare)
        try? simulation?.run()
        let events = (simulation?.trace ?? []).suffix(single == nil ? 6 : .max).joined(separator: "\n  ")
        let again = "TASKER_SEED=\(seed) TASKER_INSPECTED=\(inspectedShare)"
        Issue.record("seed \(seed) (run it alone with \(again)): \(error)\n  \(events)")
    }

    /// 7: the order of independent results changes neither rows nor final states nor results.
    @Test("any order of results ends the same way", arguments: 0..<shards)
    func permutations(_ shard: Int) {
        for seed in stride(from: UInt64(shard), to: max(1, Self.count / 20), by: Self.shards) {
            let ends = (0..<3).map { OrderedRun(seed: seed, order: $0).end }
            #expect(ends.allSatisfy { $0 == ends[0] }, "seed \(seed)")
        }
    }

    /// 9: with one permanent failure exactly the steps behind it do not finish.
    @Test("one permanent failure stops exactly what is behind it", arguments: 0..<shards)
    func oneFailure(_ shard: Int) {
        var failures = 0
        for seed in stride(from: UInt64(shard), to: max(1, Self.count / 20), by: Self.shards) {
            var random = SeededGenerator(seed: seed)
            let steps = OrderedRun.template(seed, isolates: false).steps
            guard !steps.isEmpty else { continue }
            let failing = random.pick(steps).name
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
