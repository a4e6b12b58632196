import Testing

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The whole orchestrator in a world of faults (architecture: invariants 1 to 10).
@Suite("Simulation")
struct SimulationTests {
    /// `make simulate` asks for more, or for one.
    static let count = environment("TASKER_SIMULATION_SEEDS") ?? 1000
    /// How many of the last events a failing seed prints.
    static let events = Int(environment("TASKER_SIMULATION_EVENTS") ?? 80)
    static let only = environment("TASKER_SIMULATION_SEED")
    static let shards = 8

    private static func environment(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
    }

    @Test("any faults at any time: the invariants hold, and what may repeat ends as undisturbed", arguments: 0..<shards)
    func seeds(_ shard: Int) async throws {
        if let only = Self.only {
            guard shard == 0 else { return }
            try await SimulationRun(seed: only, isLoud: true).run()
            return
        }
        var failures = 0
        for seed in 0..<Self.count where Int(seed % UInt64(Self.shards)) == shard {
            do { try await SimulationRun(seed: seed).run() } catch {
                Issue.record(error)
                failures += 1
                if failures >= 3 { return }
            }
        }
    }

    @Test("the same seed is the same run, event by event", arguments: 0..<shards)
    func sameSeed(_ shard: Int) async throws {
        for seed in 0..<UInt64(24) where Int(seed) % Self.shards == shard {
            let one = try await SimulationRun(seed: seed).run()
            let two = try await SimulationRun(seed: seed).run()
            #expect(one.hash == two.hash, "seed \(seed)")
        }
    }

    #if DEBUG
    @Test("every planted bug is found", arguments: SimulationMutation.allCases)
    func mutations(_ mutation: SimulationMutation) async throws {
        for seed in 0..<UInt64(400) {
            do { try await SimulationRun(seed: seed, mutation: mutation).run() } catch is SimulationFailure { return }
        }
        Issue.record("\(mutation) was not found in 400 seeds")
    }
    #endif
}
