import TaskerProtocol

/// Tells when the wall clock went forward by itself: it was set, or the machine slept. Leases and the like are counted by
/// the wall clock, and workers that slept as well could not say that they live.
struct ClockWatch {
    private var wall: Timestamp
    private var steady: Duration

    /// Less than this is slewing, or a pause between the two readings; the shortest silence is a grace of two seconds.
    static let threshold = Duration.seconds(1)

    /// - Parameter steady: a clock that nobody sets and that stops while the machine sleeps, from any start.
    init(wall: Timestamp, steady: Duration) {
        self.wall = wall
        self.steady = steady
    }

    /// How far the wall clock went ahead since the last look; nil when it did not.
    mutating func jump(wall newWall: Timestamp, steady newSteady: Duration) -> Duration? {
        let distance = Duration.milliseconds(newWall.millisecondsSince(wall)) - (newSteady - steady)
        (wall, steady) = (newWall, newSteady)
        return distance >= Self.threshold ? distance : nil
    }
}
