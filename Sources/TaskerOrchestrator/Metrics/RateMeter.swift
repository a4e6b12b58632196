import TaskerProtocol

/// How often something happened within the last minute, in buckets of ten seconds.
struct RateMeter: Sendable {
    private static let width: Int64 = 10_000
    private var counts = [Int](repeating: 0, count: 6)
    private var newest: Int64 = 0
    private var since: Int64?

    mutating func note(_ number: Int = 1, at now: Timestamp) {
        advance(to: now)
        counts[Int(newest % 6)] += number
    }

    /// Since the first event, when that was less than a minute ago.
    func perMinute(at now: Timestamp) -> Int {
        guard let since else { return 0 }
        var copy = self
        copy.advance(to: now)
        let span = min(60_000, max(Self.width, now.milliseconds - since))
        return copy.counts.reduce(0, +) * 60_000 / Int(span)
    }

    private mutating func advance(to now: Timestamp) {
        if since == nil { since = now.milliseconds }
        let slot = now.milliseconds / Self.width
        guard slot > newest else { return }
        for index in 0..<min(6, slot - newest) { counts[Int((slot - index) % 6)] = 0 }
        newest = slot
    }
}
