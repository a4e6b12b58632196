/// The waits of the delivery rules. Those that a message sets (`limits`, `timeout_ms`) are not here.
struct DeliveryTiming: Sendable {
    var firstHeartbeat: Duration = .seconds(1)
    var waitForSlot: Duration = .seconds(1)
    var parked: Duration = .seconds(10)
    /// How long the publisher may be away before the worker stops taking deliveries.
    var publisherAway: Duration = .seconds(5)
    var afterReturn: Duration = .seconds(5)
    var afterNack: Duration = .milliseconds(500)
    var fetchAgain: Duration = .seconds(5)
    var announce: Duration = .seconds(15)
    /// After an announcement that no queue took.
    var helloAgain: Duration = .seconds(5)
    var grace: Duration = .seconds(30)
    /// From the end of the grace period to giving up.
    var afterGrace: Duration = .seconds(10)
    var rememberedCancels: Duration = .seconds(3600)
}
