import TaskerProtocol
import TaskerTemplates

/// Random templates of all step types, and what the handlers of their steps do.
struct TemplateMaker {
    let name: String
    /// Every step may repeat often enough, and nothing in its outcome depends on timing.
    let isComparable: Bool
    let mayKill: Bool
    let isPinned: [String: [String]]
    let hasBacklog: Bool
    var random: SimulationRandom
    var steps: [StepTemplate] = []
    var behaviours: [String: Behaviour] = [:]

    mutating func make() -> TaskTemplate {
        add("first")
        var ends = ["first"]
        for index in 0..<random.int(1...2) {
            let parent = random.pick(ends)
            switch hasBacklog ? 0 : random.int(0...9) {
            case ..<4: ends += graph("g\(index)", after: parent)
            case ..<7: ends.append(decision("d\(index)", after: parent))
            default: ends.append(batch("b\(index)", after: parent))
            }
        }
        if random.chance(70) { add("last", after: Array(Set(ends.suffix(2))).sorted()) }
        if random.chance(30) { steps.shuffle(using: &random) }
        return TaskTemplate(
            name: name, namespace: "sim", version: "1.0.0",
            identityStrategy: random.chance(30) ? .callerProvided : .alwaysUnique, steps: steps)
    }

    // MARK: - Shapes

    private mutating func graph(_ prefix: String, after parent: String) -> [String] {
        var names: [String] = []
        for index in 0..<(hasBacklog ? 4 : random.int(1...4)) {
            let parents =
                names.isEmpty || hasBacklog || random.chance(40)
                ? [parent] : Array(Set([random.pick(names), names[0]])).sorted()
            names.append("\(prefix)_\(index)")
            add(names[index], after: parents)
        }
        return names
    }

    private mutating func decision(_ prefix: String, after parent: String) -> String {
        let count = random.int(1...3)
        let branches = (0..<count).map { "\(prefix)_branch\($0)" }
        add("\(prefix)_decide", .decision, after: [parent])
        behaviours["\(prefix)_decide"]?.branches = branches.filter { _ in random.chance(60) }
        var joined = branches
        for branch in branches { add(branch, after: ["\(prefix)_decide"]) }
        if random.chance(40) {
            add("\(prefix)_again", .decision, after: [branches[0]])
            let inner = ["\(prefix)_inner0", "\(prefix)_inner1"]
            behaviours["\(prefix)_again"]?.branches = inner.filter { _ in random.chance(60) }
            for name in inner { add(name, after: ["\(prefix)_again"]) }
            joined += inner
        } else if random.chance(30) {
            joined.append(batch("\(prefix)_batch", after: branches[0]))
        }
        add("\(prefix)_join", .deferredConvergence, after: joined)
        return "\(prefix)_join"
    }

    private mutating func batch(_ prefix: String, after parent: String) -> String {
        let strategy = random.pick(FailureStrategy.allCases)
        add("\(prefix)_analyze", .batchable, after: [parent])
        behaviours["\(prefix)_analyze"]?.batches = random.chance(15) ? 0 : random.int(1...5)
        let place = steps.count - 1
        steps[place].batch = BatchConfiguration(
            parallelism: random.chance(50) ? random.int(1...2) : nil,
            workerTemplate: random.chance(50) ? "\(prefix)_work" : nil, failureStrategy: strategy)
        add("\(prefix)_work", .batchWorker, after: ["\(prefix)_analyze"])
        behaviours["\(prefix)_work"]?.isShared = true
        if isComparable, let ending = behaviours["\(prefix)_work"]?.ending {
            // Those that do not misbehave need their attempts.
            steps[steps.count - 1].retry.maxAttempts = 60
            steps[steps.count - 1].timeoutMilliseconds = nil
            if ending != .succeeds { behaviours["\(prefix)_work"]?.ending = .permanent }
            // Which of the siblings had run when one failed depends on timing.
            if strategy == .failFast { behaviours["\(prefix)_work"]?.ending = .succeeds }
        }
        add("\(prefix)_sum", .deferredConvergence, after: ["\(prefix)_work"])
        return "\(prefix)_sum"
    }

    // MARK: - Steps

    private mutating func add(_ name: String, _ type: StepType = .standard, after parents: [String] = []) {
        var behaviour = Behaviour()
        behaviour.duration = random.pick([
            2 * millisecond, 2 * millisecond, 50 * millisecond, 300 * millisecond, 2 * second, 5 * second,
            random.chance(40) ? 25 * second : millisecond, random.chance(15) ? 90 * second : millisecond,
        ])
        if hasBacklog { behaviour.duration = random.pick([5 * second, 8 * second, 12 * second]) }
        if random.chance(15) { behaviour.checkpoints = random.int(1...3) }
        if random.chance(20) { behaviour.failures = random.int(1...2) }
        switch random.int(0...99) {
        case ..<6: behaviour.ending = .permanent
        case ..<9: behaviour.ending = .fails
        case ..<12: behaviour.ending = .overruns
        case ..<20 where mayKill: behaviour.ending = .kills
        default: break
        }
        // Later ones would never run.
        if name == "first", behaviour.ending != .kills { behaviour.ending = .succeeds }
        var retry = RetryPolicy(
            isRetryable: true, maxAttempts: 60, backoff: random.pick(BackoffStrategy.allCases),
            backoffBaseMilliseconds: Int64(random.int(0...1000)), maxBackoffMilliseconds: 4000,
            jitter: random.pick([0, 0.15]))
        if !isComparable {
            retry.isRetryable = random.chance(60)
            retry.maxAttempts = random.pick([0, 1, 2, 3, 3, 7])
        } else if behaviour.ending == .fails || behaviour.ending == .overruns {
            retry.maxAttempts = random.int(1...2)
        }
        var step = StepTemplate(
            name: name, handler: HandlerReference(callable: random.pick(["H0", "H1", "H2"])), type: type,
            dependencies: parents, retry: retry)
        if random.chance(15) { step.handler.queue = isPinned[step.handler.callable]?.last }
        if behaviour.ending == .overruns { step.timeoutMilliseconds = 2000 }
        if random.chance(30) {
            step.publishesEvents = [
                EventDeclaration(name: "sim.\(name)", condition: random.pick(EventCondition.allCases))
            ]
        }
        behaviours[name] = behaviour
        steps.append(step)
    }
}
