import TaskerProtocol

/// The orchestrator's time: the wall clock, except that it never stands still or goes back for long, and that it is told
/// when it went forward by itself.
///
/// Forward: the clock was set, or the machine slept. Leases and the like are counted by the wall clock, and workers that
/// slept as well could not say that they live. Back: retries and time limits would wait until the clock has caught up, so
/// time goes on from where it was, and a tenth slower until both agree again; also across a restart.
struct ClockWatch {
    private var wall: Timestamp
    private var steady: Duration
    private var jump = Duration.zero
    /// How far it is ahead of a wall clock that was set back.
    private(set) var lead = Duration.zero

    /// Less than this is slewing, or a pause between the two readings; the shortest silence is a grace of two seconds.
    static let threshold = Duration.seconds(1)

    /// - Parameters:
    ///   - steady: a clock that nobody sets and that stops while the machine sleeps, from any start.
    ///   - reached: what time had come to before, by the history.
    init(wall: Timestamp, steady: Duration, reached: Timestamp) {
        self.wall = wall
        self.steady = steady
        lead = .milliseconds(max(0, reached.millisecondsSince(wall)))
    }

    /// The time that it is, by the readings of both clocks.
    mutating func time(wall newWall: Timestamp, steady newSteady: Duration) -> Timestamp {
        let passed = newSteady - steady
        let distance = Duration.milliseconds(newWall.millisecondsSince(wall)) - passed
        (wall, steady) = (newWall, newSteady)
        if distance <= .zero - Self.threshold {
            lead -= distance
        } else {
            let ahead = distance >= Self.threshold ? distance : .zero
            let madeUp = min(lead, ahead + passed / 10)
            lead -= madeUp
            if ahead - madeUp >= Self.threshold { jump += ahead - madeUp }
        }
        return newWall.advanced(byMilliseconds: lead.wholeMilliseconds)
    }

    /// How far time went ahead by itself since this was asked; nil when it did not.
    mutating func takeJump() -> Duration? {
        defer { jump = .zero }
        return jump > .zero ? jump : nil
    }
}
