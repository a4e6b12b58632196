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

/// A random DAG of 1 to 60 standard steps with random policies, in random file order. Other step types go in here.
func randomTemplate(_ random: inout SeededGenerator) -> TaskTemplate {
    let size = random.chance(25) ? random.int(1...60) : random.int(1...10)
    let breadth = random.int(0...3)
    var steps: [StepTemplate] = []
    for index in 0..<size {
        var parents: Set<Int> = []
        if index > 0 {
            for _ in 0..<random.int(0...breadth) {
                // Near ones make chains, far ones make fans.
                parents.insert(
                    random.chance(60) ? random.int(max(0, index - 3)...index - 1) : random.int(0...index - 1))
            }
        }
        let retry = RetryPolicy(
            isRetryable: random.chance(75), maxAttempts: random.int(0...5),
            backoff: random.pick(BackoffStrategy.allCases), backoffBaseMilliseconds: Int64(random.int(0...2000)),
            maxBackoffMilliseconds: Int64(random.int(100...20_000)), jitter: random.pick([0, 0.15, 1]))
        steps.append(
            StepTemplate(
                name: "s\(index)",
                handler: HandlerReference(
                    callable: "H\(random.int(0...3))", queue: random.chance(15) ? "declared" : nil),
                dependencies: parents.sorted().map { "s\($0)" }, retry: retry,
                timeoutMilliseconds: random.chance(50) ? Int64(random.int(1...90)) * 1000 : nil))
    }
    steps.shuffle(using: &random)
    return TaskTemplate(name: "random", namespace: "test", version: "1.0.0", steps: steps)
}
