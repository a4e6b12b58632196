import TaskerProtocol
import TaskerTemplates

/// SplitMix64: the same numbers for the same seed on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func int(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.upperBound - range.lowerBound + 1))
    }

    /// True in `percent` of 100 cases.
    mutating func chance(_ percent: Int) -> Bool { next() % 100 < UInt64(percent) }

    mutating func pick<T>(_ items: [T]) -> T { items[int(0...items.count - 1)] }
}

/// A random DAG of 1 to 60 steps of all five types with random policies, in random file order.
func randomTemplate(_ random: inout SeededGenerator) -> TaskTemplate {
    var builder = RandomTemplate(isMixed: random.chance(80))
    let size =
        random.chance(3)
        ? random.int(1...60) : random.int(random.chance(2) ? 0...0 : random.chance(30) ? 1...14 : 1...8)
    let breadth = random.int(0...3)
    for _ in 0..<size { builder.add(breadth: breadth, &random) }
    builder.steps.shuffle(using: &random)
    return TaskTemplate(
        name: "random", namespace: "test", version: "1.0.0", lifecycle: random.chance(15) ? lifecycle(&random) : nil,
        steps: builder.steps)
}

private func lifecycle(_ random: inout SeededGenerator) -> Lifecycle {
    func limit(_ range: ClosedRange<Int>, _ random: inout SeededGenerator) -> Int? {
        random.chance(50) ? random.int(range) : nil
    }
    return Lifecycle(
        maxDurationMinutes: limit(5...60, &random), maxWaitingForDependenciesMinutes: limit(1...10, &random),
        maxWaitingForRetryMinutes: limit(1...5, &random), maxStepsInProcessMinutes: limit(1...5, &random),
        stalenessAction: random.pick([.deadLetter, .error, .none]),
        autoDeadLetterOnTimeout: random.pick([nil, nil, true, false]),
        autoFailOnTimeout: random.pick([nil, nil, true, false]))
}

private struct RandomTemplate {
    var steps: [StepTemplate] = []
    let isMixed: Bool

    mutating func add(breadth: Int, _ random: inout SeededGenerator) {
        let index = steps.count
        var parents: Set<Int> = []
        if index > 0 {
            for _ in 0..<random.int(0...breadth) {
                // Near ones make chains, far ones make fans.
                parents.insert(
                    random.chance(60) ? random.int(max(0, index - 3)...index - 1) : random.int(0...index - 1))
            }
        }
        let type = type(&random)
        switch type {
        case .decision where parents.isEmpty: parents.insert(index - 1)
        case .deferredConvergence:
            while parents.count < min(index, random.int(1...4)) { parents.insert(random.int(0...index - 1)) }
        case .batchWorker: chooseAnalyzer(index, &parents, &random)
        default: break
        }
        var step = StepTemplate(
            name: "s\(index)",
            handler: HandlerReference(
                callable: "H\(random.int(0...3))", queue: random.chance(15) ? "declared" : nil),
            type: type, dependencies: parents.sorted().map { "s\($0)" }, retry: retry(&random),
            timeoutMilliseconds: random.chance(50) ? Int64(random.int(1...90)) * 1000 : nil)
        if type == .batchWorker || type == .batchable, random.chance(80) {
            step.batch = BatchConfiguration(
                parallelism: random.pick([nil, 1, 2, 3]),
                failureStrategy: random.pick([.continueOnFailure, .failFast, .isolate]))
        }
        if random.chance(25) { step.publishesEvents = (0..<random.int(1...3)).map { _ in event(&random) } }
        if random.chance(15) {
            step.resultSchema = ["type": "object", "properties": ["bad": false]]
            step.resultSchemaPolicy = random.pick([nil, .off, .warn, .fail])
        }
        steps.append(step)
    }

    private func type(_ random: inout SeededGenerator) -> StepType {
        guard isMixed, !steps.isEmpty else { return isMixed && random.chance(30) ? .batchable : .standard }
        switch random.int(0...99) {
        case ..<36: return .standard
        case ..<54: return .decision
        case ..<68: return .batchable
        case ..<82: return steps.contains { $0.type == .batchable } ? .batchWorker : .standard
        default: return .deferredConvergence
        }
    }

    /// A worker depends on a batchable step, or one names it, or neither.
    private mutating func chooseAnalyzer(_ index: Int, _ parents: inout Set<Int>, _ random: inout SeededGenerator) {
        let batchables = steps.indices.filter { steps[$0].type == .batchable }
        let analyzer = random.pick(batchables)
        if random.chance(80) { parents.insert(analyzer) }
        switch random.int(0...9) {
        case ..<3: steps[analyzer].handler.initialization = ["worker_template_name": .string("s\(index)")]
        case ..<5:
            var batch = steps[analyzer].batch ?? BatchConfiguration()
            batch.workerTemplate = "s\(index)"
            steps[analyzer].batch = batch
        default: break
        }
    }

    private func retry(_ random: inout SeededGenerator) -> RetryPolicy {
        RetryPolicy(
            isRetryable: random.chance(75), maxAttempts: random.int(0...5),
            backoff: random.pick(BackoffStrategy.allCases), backoffBaseMilliseconds: Int64(random.int(0...2000)),
            maxBackoffMilliseconds: Int64(random.int(100...20_000)), jitter: random.pick([0, 0.15, 1]))
    }

    private func event(_ random: inout SeededGenerator) -> EventDeclaration {
        EventDeclaration(
            name: "e.\(random.int(0...2))", condition: random.pick(EventCondition.allCases),
            deliveryMode: random.pick(EventDeliveryMode.allCases),
            schema: random.chance(30) ? ["type": "object", "required": ["by"]] : [:],
            publisher: random.chance(30) ? "Publisher" : nil)
    }
}
