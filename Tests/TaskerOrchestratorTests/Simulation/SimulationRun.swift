import TaskerEngine
import TaskerProtocol

/// One seed: the world as it would be undisturbed, the same world with its faults, and a comparison of the two.
struct SimulationRun {
    struct Report {
        var hash: UInt64 = 0
        var restarts = 0
        var steps = 0
    }

    let seed: UInt64
    var mutation: SimulationMutation?
    /// Prints what it does; for one seed.
    var isLoud = false

    /// - Throws: ``SimulationFailure`` with the seed and its last events.
    @discardableResult
    func run() async throws -> Report {
        let plan = SimulationPlan(seed: seed)
        let disturbed = try await play(plan, hasFaults: true, mutation)
        // A planted bug has to show in the disturbed world alone.
        guard mutation == nil else { return Report() }
        let undisturbed = try await play(plan, hasFaults: false, nil)
        for task in plan.tasks where task.isComparable {
            guard let one = undisturbed.ends[task.key], let other = disturbed.ends[task.key], one != other,
                one.steps["poisoned"] == nil, other.steps["poisoned"] == nil
            else { continue }
            let differences = Set(one.steps.keys).union(other.steps.keys).sorted().filter {
                one.steps[$0] != other.steps[$0]
            }
            .map {
                "\($0): \(one.steps[$0] ?? "none") (\(one.failures[$0] ?? "-")) became \(other.steps[$0] ?? "none") (\(other.failures[$0] ?? "-"))"
            }
            throw failure(
                "invariant 8: \(task.key) ended \(other.state.rawValue), undisturbed it is \(one.state.rawValue)\n    "
                    + differences.joined(separator: "\n    "), disturbed.world)
        }
        var hash = TraceHash()
        for world in [undisturbed.world, disturbed.world] {
            withUnsafeBytes(of: world.trace.hash.value.littleEndian) { hash.add($0) }
        }
        if isLoud {
            print("seed \(seed): \(disturbed.world.clock.steps) events, trace \(String(hash.value, radix: 16))")
        }
        return Report(
            hash: hash.value, restarts: disturbed.restarts,
            steps: undisturbed.world.clock.steps + disturbed.world.clock.steps)
    }

    private func play(_ plan: SimulationPlan, hasFaults: Bool, _ mutation: SimulationMutation?) async throws -> (
        world: SimulatedWorld, ends: [String: SimulatedEnd], restarts: Int
    ) {
        let world = SimulatedWorld(plan: plan, hasFaults: hasFaults, mutation: mutation)
        defer { world.dismantle() }
        do {
            try await world.run()
            return (world, try await world.ends(), world.orchestrator.restarts)
        } catch let error as SimulationFailure {
            throw failure("\(hasFaults ? "" : "undisturbed: ")\(error)", world)
        }
    }

    private func failure(_ text: String, _ world: SimulatedWorld) -> SimulationFailure {
        SimulationFailure(
            "seed \(seed): \(text)\nThe last events:\n  \(world.trace.tail.joined(separator: "\n  "))\n"
                + "Once more: make simulate SEED=\(seed)")
    }
}
