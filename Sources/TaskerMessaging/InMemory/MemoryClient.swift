/// One client's side of the in-memory broker, kept by the server.
struct MemoryClient: Sendable {
    struct Consumer: Sendable {
        let spec: ConsumedQueue
        let prefetch: Int
        let handler: @Sendable (ConsumerEvent) -> Void
        /// The queue's name; for an own queue that of the present connection.
        var queue: String
        /// nil while it does not run.
        var epoch: UInt64?
        var lastTag: UInt64 = 0
        var isCancelled = false
        /// By tag, in the order of delivery.
        var unacked: [(tag: UInt64, message: StoredMessage)] = []

        var acknowledgesByItself: Bool {
            if case .ownExclusive = spec { true } else { false }
        }
        var hasCredit: Bool { acknowledgesByItself || prefetch == 0 || unacked.count < prefetch }
    }

    struct HeldConfirm: Sendable {
        let token: UInt64
        let completion: @Sendable ([PublishResult]) -> Void
    }

    let name: String
    let broadcast: StateBroadcast
    /// `connect()` was called; a server that starts again takes it back.
    var wantsConnection = false
    var epoch: UInt64?
    /// Gone for good: shut down, or crashed (then nothing of it is called any more).
    var isEnded = false
    var hasCrashed = false
    /// Declared so far, each item once.
    var topology: [TopologyItem] = []
    var consumers: [ConsumerID: Consumer] = [:]
    /// The order in which consumers are started again.
    var consumerOrder: [ConsumerID] = []
    var heldConfirms: [HeldConfirm] = []
    /// Calls that wait for a connection.
    var waiting: [@Sendable (inout ServerState) -> Void] = []
    var onEnd: [Promise<Void>] = []
}
