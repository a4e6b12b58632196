import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerEngine

@Suite("Back-off")
struct BackoffTests {
    private static let id = StepID(UUIDValue(high: 0x018F_3B1E_7C00_7000, low: 0x8000_0000_0000_0001))

    private func delay(_ policy: RetryPolicy, _ n: Int, seed: UInt64 = 0) -> Int64 {
        Backoff.delay(policy: policy, failure: n, step: Self.id, jitterSeed: seed)
    }

    @Test("the contract's vectors")
    func vectors() {
        let policy = RetryPolicy(jitter: 0.15)
        #expect([1, 2, 3, 6].map { delay(policy, $0) } == [1125, 1798, 3459, 30_000])
        #expect([1, 2, 3, 6].map { delay(policy, $0, seed: 42) } == [1014, 1718, 3605, 26_975])
    }

    @Test(
        "the contract's table",
        arguments: [
            (BackoffStrategy.exponential, 1000, 30_000, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]),
            (.linear, 1000, 30_000, [1000, 2000, 3000, 4000, 5000, 6000, 7000]),
            (.fibonacci, 1000, 30_000, [1000, 1000, 2000, 3000, 5000, 8000, 13_000]),
            (.exponential, 50, 200, [50, 100, 200, 200, 200, 200, 200]),
            (.none, 1000, 30_000, [0, 0, 0, 0, 0, 0, 0]),
        ] as [(BackoffStrategy, Int64, Int64, [Int64])])
    func table(_ strategy: BackoffStrategy, _ base: Int64, _ cap: Int64, _ expected: [Int64]) {
        var policy = RetryPolicy(
            backoff: strategy, backoffBaseMilliseconds: base, maxBackoffMilliseconds: cap, jitter: 0)
        #expect((1...7).map { delay(policy, $0) } == expected)
        // With jitter: within its bounds, never above the cap, the same each time.
        policy.jitter = 0.15
        for (n, plain) in zip(1..., expected) {
            for seed in 0..<50 as Range<UInt64> {
                let jittered = delay(policy, n, seed: seed)
                #expect(jittered == delay(policy, n, seed: seed))
                #expect(jittered <= cap)
                #expect(Double(jittered) >= Double(plain) * 0.85 - 1)
                #expect(Double(jittered) <= Double(plain) * 1.15 + 1)
            }
        }
    }

    @Test("nothing overflows", arguments: [BackoffStrategy.linear, .exponential, .fibonacci])
    func saturation(_ strategy: BackoffStrategy) {
        for cap in [30_000, 86_400_000, Int64.max] {
            for base in [1, 1000, Int64.max] {
                for jitter in [0, 0.15, 1] {
                    let policy = RetryPolicy(
                        backoff: strategy, backoffBaseMilliseconds: base, maxBackoffMilliseconds: cap, jitter: jitter)
                    for n in [1, 2, 61, 62, 63, 64, 100, Int.max] {
                        #expect((0...cap).contains(delay(policy, n)))
                    }
                }
            }
        }
        #expect(delay(RetryPolicy(backoff: strategy, jitter: 0), 63) == 30_000)
    }

    @Test("shared vectors: delays")
    func sharedDelays() throws {
        for vector in try VectorFile("back-off.json").cases(of: "delay") {
            func integer(_ name: String) throws -> Int64 { try #require(vector.data.member(name)?.integer) }
            let policy = RetryPolicy(
                backoff: try #require(vector.data.member("strategy")?.string.flatMap { BackoffStrategy(rawValue: $0) }),
                backoffBaseMilliseconds: try integer("base_ms"), maxBackoffMilliseconds: try integer("max_ms"),
                jitter: try #require(vector.data.member("jitter")?.double))
            let id = try #require(vector.data.member("step_uuid")?.string.flatMap { StepID($0) })
            let delay = Backoff.delay(
                policy: policy, failure: Int(try integer("failure")), step: id,
                jitterSeed: UInt64(bitPattern: try integer("jitter_seed")))
            #expect(delay == vector.expected?.member("delay_ms")?.integer, "\(vector)")
            let raw = Backoff.raw(
                policy.backoff, base: policy.backoffBaseMilliseconds, n: Int(try integer("failure")),
                cap: policy.maxBackoffMilliseconds)
            #expect(
                min(raw, policy.maxBackoffMilliseconds) == vector.expected?.member("capped_ms")?.integer, "\(vector)")
        }
    }

    @Test("shared vectors: Retry-After")
    func sharedRetryAfter() throws {
        for vector in try VectorFile("back-off.json").cases(of: "retry_after") {
            var settings = EngineSettings()
            settings.retryAfterCap = .seconds(try #require(vector.data.member("cap_seconds")?.integer))
            var script = Script.started(
                step("a", retry: RetryPolicy(backoff: .linear, backoffBaseMilliseconds: 777, jitter: 0)),
                settings: settings)
            var error = JSONWriter()
            error.beginObject()
            error.key("retry_after_seconds")
            error.value(vector.data.member("retry_after_seconds"))
            error.endObject()
            let failure = try StepFailure(RawJSON(trusting: error.finish()))
            let now = script.now
            let effects = script.apply(
                .result(
                    step: 0,
                    StepResultMessage(
                        dispatchID: script.open(), taskID: Script.taskID, stepID: s(0), status: .failed, error: failure)
                ))
            let expected = vector.expected?.member("delay_ms")?.integer ?? 777
            #expect(effects.retryDue?.millisecondsSince(now) == expected, "\(vector)")
        }
    }
}
