import TaskerEngine
import TaskerProtocol
import TaskerStore

/// Which queue a step goes to (wire protocol, section 1). A value: the engine asks it, the coordinator changes it.
struct RouteTable: Routing {
    typealias Handler = RoutingTable.Handler

    private(set) var table: RoutingTable
    let stickiness: Duration
    /// Workers announce themselves again after a restart: before that their silence means nothing.
    let since: Timestamp

    init(table: RoutingTable = RoutingTable(), stickiness: Duration, since: Timestamp) {
        self.table = table
        self.stickiness = stickiness
        self.since = since
    }

    func queue(namespace: String, callable: String, declared: String?, task: TaskID) -> String? {
        if let declared { return declared }
        let exact = Handler(namespace: namespace, callable: callable)
        if let weighted = table.operatorRoutes[exact], let queue = choose(weighted, task: task) { return queue }
        return table.inUse[exact] ?? table.inUse[Handler(namespace: namespace, callable: nil)]
    }

    /// By a hash of the task's id, so that all attempts of a task's step go the same way while the weights stand.
    private func choose(_ queues: [RoutingTable.WeightedQueue], task: TaskID) -> String? {
        let total = queues.reduce(0) { $0 + max(0, $1.weight) }
        guard total > 0 else { return queues.first?.queue }
        var hash = (task.uuid.high ^ task.uuid.low) &+ 0x9E37_79B9_7F4A_7C15
        hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
        hash ^= hash >> 31
        var ticket = Int(hash % UInt64(total))
        for queue in queues {
            ticket -= max(0, queue.weight)
            if ticket < 0 { return queue.queue }
        }
        return queues.last?.queue
    }

    /// A live worker of `queues` announces handlers.
    /// - Returns: handlers that have a route now and had none before, and whether anything new was announced.
    mutating func announce(_ handlers: [Handler], queues: [String], at now: Timestamp) -> (
        gained: [Handler], isNews: Bool
    ) {
        var gained: [Handler] = []
        var isNews = false
        for handler in handlers {
            for queue in queues {
                if let place = table.announced[handler]?.firstIndex(where: { $0.queue == queue }) {
                    table.announced[handler]?[place].lastAt = now
                } else {
                    table.announced[handler, default: []]
                        .append(RoutingTable.Announcement(queue: queue, firstAt: now, lastAt: now))
                    isNews = true
                }
            }
            if table.inUse[handler] == nil, let queue = queues.first {
                table.inUse[handler] = queue
                gained.append(handler)
                isNews = true
            }
        }
        return (gained, isNews)
    }

    /// Moves handlers whose queue in use has had no live worker for a while to one that has.
    /// - Parameter isLive: whether a live worker of that queue announces that handler.
    /// - Returns: whether anything moved.
    mutating func reconsider(at now: Timestamp, isLive: (Handler, String) -> Bool) -> Bool {
        var moved = false
        for (handler, current) in table.inUse where !isLive(handler, current) {
            guard now >= deadline(of: handler, current) else { continue }
            guard let other = table.announced[handler]?.first(where: { isLive(handler, $0.queue) }) else { continue }
            table.inUse[handler] = other.queue
            moved = true
        }
        return moved
    }

    /// When a queue in use without a live worker loses its handler.
    func deadline(of handler: Handler, _ queue: String) -> Timestamp {
        let last = table.announced[handler]?.first { $0.queue == queue }?.lastAt ?? since
        return max(last, since).advanced(by: stickiness)
    }

    mutating func setOperatorRoute(_ handler: Handler, _ queues: [RoutingTable.WeightedQueue]?) {
        table.operatorRoutes[handler] = queues
    }

    /// Announced callables of a namespace, for "did you mean".
    func announcedCallables(namespace: String) -> [String] {
        table.announced.keys.filter { $0.namespace == namespace }.compactMap(\.callable).sorted()
    }
}
