import TaskerMessaging
import TaskerProtocol

/// RabbitMQ as far as an orchestrator and workers can feel it: quorum-like delivery counts, redelivery to the old place,
/// single active consumers, confirms, nacks, returns, blocked publishers, dead letters. Nothing in it has a life of its
/// own: every message and every confirm arrives when the scheduler says so.
final class SimulatedBroker {
    struct Queue {
        var messages: [SimulatedMessage] = []
        var isSingleActive = false
        var deliveryLimit = Int.max
        var isTransient = false
    }

    let clock: SimulationClock
    let trace: SimulationTrace
    let ledger: SimulationLedger
    var random: SimulationRandom
    let names = QueueNames.standard
    var queues: [String: Queue] = [:]
    var connections: [SimulatedConnection] = []
    private var lastConnection = 0
    private var lastPosition = 0
    private var turn = 0

    var isUp = true
    var isBlocked = false
    /// Publishes to step queues are refused until then.
    var nacksUntil: Int64 = 0
    /// Deliveries may take seconds.
    var isSlow = false
    /// Bodies that went to results queues, to be sent again by a fault.
    var resultsSeen: [(OutgoingMessage, SimulatedMessage.About)] = []
    /// Every answer that reached the results queue.
    var answersArrived: Set<DispatchID> = []
    var detachedArrived: Set<DispatchID> = []
    /// Copies of each dispatch's message that reached a step queue.
    var copies: [DispatchID: Int] = [:]
    /// Reasons of what lies in the dead-letter queue, by body.
    var dead: [[UInt8]: Int] = [:]

    init(clock: SimulationClock, trace: SimulationTrace, ledger: SimulationLedger, seed: UInt64) {
        self.clock = clock
        self.trace = trace
        self.ledger = ledger
        random = SimulationRandom(seed: seed)
    }

    // MARK: - Connections

    func connect(_ client: any SimulatedClient) -> SimulatedConnection? {
        guard isUp else { return nil }
        lastConnection += 1
        let connection = SimulatedConnection(number: lastConnection, client: client)
        connections.append(connection)
        if isBlocked { tell(connection) { connection.client?.blocked(true, on: connection) } }
        return connection
    }

    private func latency() -> Int64 {
        if isSlow, random.chance(3) { return random.microseconds(100_000...3_000_000) }
        return random.microseconds(200...20_000)
    }

    /// Runs what the client has written when it arrives.
    func write(_ connection: SimulatedConnection, _ arrival: @escaping () -> Void) {
        connection.outward = max(connection.outward + 1, clock.now + latency())
        clock.at(connection.outward) {
            if connection.carries, connection.isKnownToBroker, self.isUp { arrival() }
        }
    }

    /// Runs what the broker has written when it arrives.
    func tell(_ connection: SimulatedConnection, _ arrival: @escaping () -> Void) {
        connection.inward = max(connection.inward + 1, clock.now + latency())
        clock.at(connection.inward) {
            if connection.carries, connection.isKnownToClient { arrival() }
        }
    }

    /// Both ends learn that it is gone, each after a time of its own.
    func cut(_ connection: SimulatedConnection, brokerAfter: Int64, clientAfter: Int64) {
        guard connection.carries else { return }
        connection.carries = false
        trace.note("connection \(connection.number) of \(connection.client?.label ?? "?") is cut")
        clock.after(brokerAfter) { self.noticeEnd(of: connection) }
        clock.after(clientAfter) { self.tellEnd(of: connection) }
    }

    private func tellEnd(of connection: SimulatedConnection) {
        guard connection.isKnownToClient else { return }
        connection.isKnownToClient = false
        connection.client?.lost(connection)
    }

    /// The client's process is gone: what it had written arrives or does not.
    func abandon(_ connection: SimulatedConnection, flushes: Bool, noticedAfter: Int64) {
        connection.isKnownToClient = false
        connection.client = nil
        if !flushes { connection.carries = false }
        clock.at(max(clock.now + noticedAfter, connection.outward + 1)) { self.noticeEnd(of: connection) }
    }

    /// The broker notices: what was not acked goes back to its place.
    func noticeEnd(of connection: SimulatedConnection) {
        guard connection.isKnownToBroker else { return }
        connection.isKnownToBroker = false
        connection.carries = false
        connections.removeAll { $0 === connection }
        connection.stalled = []
        var touched: Set<String> = []
        for (_, held) in connection.unacked.sorted(by: { $0.key < $1.key }) {
            touched.insert(held.queue)
            held.message.deliveryCount += 1
            requeue(held.message, to: held.queue)
        }
        connection.unacked = [:]
        for name in touched.union(connection.consumed).sorted() { clock.after(1000) { self.kick(name) } }
    }

    private func requeue(_ message: SimulatedMessage, to name: String) {
        guard var queue = queues[name] else { return }
        if message.deliveryCount > queue.deliveryLimit {
            trace.note("delivery limit: \(message.about.text)")
            return bury(message.body)
        }
        let place = queue.messages.firstIndex { $0.position > message.position } ?? queue.messages.count
        queue.messages.insert(message, at: place)
        queues[name] = queue
    }

    func bury(_ body: [UInt8]) { dead[body, default: 0] += 1 }

    // MARK: - Queues

    func declare(_ name: String) {
        guard queues[name] == nil else { return }
        var queue = Queue()
        if name == names.results(0) { queue.isSingleActive = true }
        if name.hasPrefix(names.steps("")) { queue.deliveryLimit = Int(Topology.stepDeliveryLimit) }
        if name == names.workers { queue.isTransient = true }
        queues[name] = queue
    }

    func consume(_ connection: SimulatedConnection, _ name: String, prefetch: Int) {
        if connection.prefetch[name] == nil { connection.consumed.append(name) }
        connection.prefetch[name] = prefetch
        kick(name)
    }

    func cancel(_ connection: SimulatedConnection, _ name: String) {
        connection.prefetch[name] = nil
        connection.consumed.removeAll { $0 == name }
        kick(name)
    }

    /// Delivers while there is a message and a consumer with credit.
    func kick(_ name: String) {
        while var queue = queues[name], let message = queue.messages.first {
            var consumers = connections.filter { $0.isKnownToBroker && $0.prefetch[name] != nil }
            if queue.isSingleActive { consumers = Array(consumers.prefix(1)) }
            consumers = consumers.filter { $0.unackedCount(of: name) < $0.prefetch[name] ?? 0 }
            guard !consumers.isEmpty else { return }
            turn += 1
            let connection = consumers[turn % consumers.count]
            queue.messages.removeFirst()
            queues[name] = queue
            connection.lastTag += 1
            let tag = connection.lastTag
            connection.unacked[tag] = (name, message)
            tell(connection) { connection.client?.delivered(message, tag: tag, queue: name, on: connection) }
        }
    }

    func acknowledge(_ connection: SimulatedConnection, _ tag: UInt64) {
        guard let held = connection.unacked.removeValue(forKey: tag) else { return }
        if let id = held.message.executed, !answersArrived.contains(id), !detachedArrived.contains(id) {
            ledger.acknowledgedUnanswered(id)
        }
        kick(held.queue)
    }

    func remove(_ name: String, at message: SimulatedMessage) {
        queues[name]?.messages.removeAll { $0 === message }
    }

    func nextPosition() -> Int {
        lastPosition += 1
        return lastPosition
    }
}
