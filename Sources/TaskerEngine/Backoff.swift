import TaskerProtocol
import TaskerTemplates

/// The exact delay before a retry (engine contract, section 5). Pure integer and IEEE 754 arithmetic: every machine and
/// every restart gives the same answer.
public enum Backoff {
    /// The delay after failure `n` (from 1) of a step, in milliseconds.
    public static func delay(policy: RetryPolicy, failure n: Int, step: StepID, jitterSeed: UInt64) -> Int64 {
        let cap = policy.maxBackoffMilliseconds
        let capped = min(raw(policy.backoff, base: policy.backoffBaseMilliseconds, n: n, cap: cap), cap)
        let spread = policy.jitter * (2 * unit(step: step, n: n, seed: jitterSeed) - 1)
        let jittered = (Double(capped) * (1 + spread) + 0.5).rounded(.down)
        return jittered >= Double(cap) ? cap : Int64(jittered)
    }

    /// Saturating; failures past the 62nd count as the cap.
    static func raw(_ strategy: BackoffStrategy, base: Int64, n: Int, cap: Int64) -> Int64 {
        if strategy == .none { return 0 }
        if n > 62 { return cap }
        let factor: Int64 =
            switch strategy {
            case .none: 0
            case .linear: Int64(n)
            case .exponential: 1 << Int64(max(0, n - 1))
            case .fibonacci: fibonacci(n)
            }
        let (product, overflow) = base.multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }

    /// F(1) = F(2) = 1; F(62) fits 64 bits.
    private static func fibonacci(_ n: Int) -> Int64 {
        var pair: (Int64, Int64) = (0, 1)
        for _ in 0..<max(0, n) { pair = (pair.1, pair.0 + pair.1) }
        return pair.0
    }

    /// A number in [0, 1) that depends only on step, failure and seed: FNV-1a, then SplitMix64's finaliser.
    private static func unit(step: StepID, n: Int, seed: UInt64) -> Double {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in "\(step):\(n)".utf8 {
            hash ^= UInt64(byte)
            hash &*= 0x100_0000_01B3
        }
        var z = (hash ^ seed) &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        z ^= z >> 31
        return Double(z >> 11) * 0x1p-53
    }
}
