import TaskerMessaging

/// Holds acks back while consumers are being cancelled.
///
/// A quorum queue assigns messages to a consumer before they reach the channel, up to its credit. Those on their way when
/// the consumer is cancelled come back later as *redelivered* although nobody saw them, and a step that may not repeat
/// would then end in an error without ever having run. So the flow is dried up first: without acks there is no new
/// credit, and the cancel follows when all credit is used or nothing has come for a moment.
struct AckGate {
    /// What has to happen before the consumers are cancelled.
    private enum Phase {
        case open
        /// `heard`: something was delivered since the last look.
        case drying(heard: Bool)
    }

    /// Longer than a message needs from the queue's process to ours on a loaded machine.
    static let quiet: Duration = .milliseconds(100)

    private let consumers: Int
    private let prefetch: Int
    private var phase = Phase.open
    /// Cancels that were asked for and not yet confirmed.
    private var cancels = 0
    /// Unacked deliveries per start of a consumer.
    private var unacked: [UInt64: Int] = [:]
    private var held: [DeliveryTag] = []

    init(consumers: Int, prefetch: Int) {
        self.consumers = consumers
        self.prefetch = prefetch
    }

    var isDrying: Bool {
        if case .drying = phase { true } else { false }
    }

    /// Every consumer has used its credit: nothing can be on its way.
    var isDry: Bool { unacked.values.filter { $0 >= prefetch }.count >= consumers }

    mutating func delivered(_ tags: [DeliveryTag]) {
        for tag in tags { unacked[tag.epoch, default: 0] += 1 }
        if isDrying { phase = .drying(heard: true) }
    }

    /// - Returns: the acks that may be sent now.
    mutating func acknowledge(_ tags: [DeliveryTag]) -> [DeliveryTag] {
        guard !isDrying, cancels == 0 else {
            held += tags
            return []
        }
        for tag in tags {
            if let count = unacked[tag.epoch] { unacked[tag.epoch] = count - 1 }
        }
        return tags
    }

    /// What came with a lost connection can neither be acked nor come again on it.
    mutating func lost(epoch: UInt64) {
        unacked[epoch] = nil
        held.removeAll { $0.epoch == epoch }
    }

    /// The consumers are to be cancelled: look again when ``isDry``, or after ``quiet``.
    mutating func dry() { phase = .drying(heard: false) }

    /// After ``quiet``: whether nothing has come since the last look.
    mutating func isQuiet() -> Bool {
        guard case .drying(let heard) = phase else { return false }
        phase = .drying(heard: false)
        return !heard
    }

    /// The consumers are cancelled now; acks wait for the broker's confirm.
    mutating func cancelling() {
        phase = .open
        cancels += 1
    }

    /// They are wanted after all, and stay.
    /// - Returns: the acks that may be sent now.
    mutating func stay() -> [DeliveryTag] {
        phase = .open
        return release()
    }

    /// The broker has confirmed a cancel: those consumers get nothing any more.
    /// - Returns: the acks that may be sent now.
    mutating func cancelled() -> [DeliveryTag] {
        cancels -= 1
        unacked = [:]
        return release()
    }

    private mutating func release() -> [DeliveryTag] {
        guard cancels == 0, !isDrying else { return [] }
        let tags = held
        held = []
        return acknowledge(tags)
    }
}
