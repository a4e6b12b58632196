/// Durations in fixed buckets: observing one costs a few comparisons.
public struct Histogram: Sendable, Hashable {
    /// Upper bounds in seconds, ascending; one more bucket takes the rest.
    public static let bounds: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800,
    ]

    /// By bucket, not cumulated.
    public private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)
    /// In seconds.
    public private(set) var sum = 0.0
    public private(set) var count = 0

    public init() {}

    public mutating func observe(_ seconds: Double, times: Int = 1) {
        guard times > 0 else { return }
        var index = 0
        while index < Self.bounds.count, seconds > Self.bounds[index] { index += 1 }
        counts[index] += times
        count += times
        sum += seconds * Double(times)
    }

    public mutating func observe(milliseconds: Int64) { observe(Double(max(0, milliseconds)) / 1000) }

    public mutating func observe(_ duration: Duration, times: Int = 1) {
        let (seconds, attoseconds) = duration.components
        observe(Double(seconds) + Double(attoseconds) * 1e-18, times: times)
    }

    /// Within a bucket as if all were spread evenly; nil without observations.
    public func quantile(_ share: Double) -> Double? {
        guard count > 0 else { return nil }
        let rank = share * Double(count)
        var seen = 0.0
        for (index, inside) in counts.enumerated() where inside > 0 {
            if seen + Double(inside) >= rank {
                let low = index == 0 ? 0 : Self.bounds[index - 1]
                let high = index < Self.bounds.count ? Self.bounds[index] : low
                return low + (high - low) * max(0, rank - seen) / Double(inside)
            }
            seen += Double(inside)
        }
        return Self.bounds.last
    }
}
