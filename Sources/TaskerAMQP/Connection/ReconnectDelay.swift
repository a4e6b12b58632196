/// At once after a connection that had lasted, then doubling with jitter.
struct ReconnectDelay {
    /// Shorter ones do not count: a broker that ends every connection right after the login is not asked all the time.
    static let lasting = Duration.seconds(2)

    let minimum: Duration
    let maximum: Duration
    private var failures = 0

    init(minimum: Duration, maximum: Duration) {
        self.minimum = minimum
        self.maximum = maximum
    }

    /// How long to wait before the next attempt. `lasted`: how long the connection was there that has just ended, nil when
    /// there was none.
    mutating func next(lasted: Duration?) -> Duration {
        if let lasted, lasted >= Self.lasting { failures = 0 }
        failures += 1
        if failures == 1, lasted != nil { return .zero }
        var delay = minimum
        for _ in 1..<min(max(failures, 2) - 1, 20) where delay < maximum { delay *= 2 }
        return min(delay, maximum) * Double.random(in: 0.5...1)
    }
}
