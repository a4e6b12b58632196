import TaskerMessaging

/// Who holds the client's end of a connection. Everything is told in the order in which the broker wrote it.
protocol SimulatedClient: AnyObject {
    var label: String { get }
    func delivered(_ message: SimulatedMessage, tag: UInt64, queue: String, on connection: SimulatedConnection)
    func published(_ token: UInt64, _ outcome: PublishOutcome, on connection: SimulatedConnection)
    /// A message for an own queue: a cancel notice or an answer.
    func notified(_ body: [UInt8], type: String?, on connection: SimulatedConnection)
    func blocked(_ isBlocked: Bool, on connection: SimulatedConnection)
    /// The client has noticed that the connection is gone.
    func lost(_ connection: SimulatedConnection)
}

/// One connection. Its two ends learn of its death at different times; what is written in between is lost.
final class SimulatedConnection {
    let number: Int
    weak var client: (any SimulatedClient)?
    /// Bytes still travel.
    var carries = true
    /// The broker has not noticed its end.
    var isKnownToBroker = true
    /// The client has not noticed its end.
    var isKnownToClient = true
    var prefetch: [String: Int] = [:]
    /// In the order in which they were started.
    var consumed: [String] = []
    var hearsControl = false
    var replyQueue: String?
    var unacked: [UInt64: (queue: String, message: SimulatedMessage)] = [:]
    var lastTag: UInt64 = 0
    /// When the last byte in each direction arrives: nothing overtakes.
    var outward: Int64 = 0
    var inward: Int64 = 0
    /// Publishes that the broker does not read while it is short of memory.
    var stalled: [() -> Void] = []

    init(number: Int, client: any SimulatedClient) {
        self.number = number
        self.client = client
    }

    func unackedCount(of queue: String) -> Int { unacked.values.count { $0.queue == queue } }
}
