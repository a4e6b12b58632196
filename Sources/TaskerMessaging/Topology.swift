import TaskerProtocol

/// What Tasker declares on the broker, exactly as the table of the wire protocol, section 1: two programs that declare a
/// queue with different arguments cannot work together, so nobody writes these by hand.
public enum Topology {
    /// Returns the ready messages to a dead letter after this many deliveries that did not end in an ack. A worker acks
    /// each redelivery after answering `abandoned`, so this is a backstop, never the normal way.
    public static let stepDeliveryLimit: Int64 = 20
    /// The orchestrator's own queues: a restart loop of the orchestrator must not lose results.
    public static let orchestratorDeliveryLimit: Int64 = 1_000_000
    public static let deadMaximumLength: Int64 = 100_000
    public static let workersMessageTTLMilliseconds: Int64 = 60_000
    public static let workersMaximumLength: Int64 = 10_000

    /// The queue of a fleet; declared by the orchestrator and by its workers.
    public static func steps(queue: String, names: QueueNames, type: QueueType) -> [TopologyItem] {
        [.queue(name: names.steps(queue), arguments: work(names, type, limit: stepDeliveryLimit))]
    }

    /// The results queue of one partition; declared by the orchestrator only.
    public static func results(partition: Int, names: QueueNames, type: QueueType) -> [TopologyItem] {
        var arguments = work(names, type, limit: orchestratorDeliveryLimit)
        arguments["x-single-active-consumer"] = .bool(true)
        return [.queue(name: names.results(partition), arguments: arguments)]
    }

    /// Task requests by message; declared by the orchestrator only.
    public static func requests(names: QueueNames, type: QueueType) -> [TopologyItem] {
        [.queue(name: names.requests, arguments: work(names, type, limit: orchestratorDeliveryLimit))]
    }

    /// The dead letter exchange and its queue; declared by everybody, before any queue that points to it.
    public static func dead(names: QueueNames, type: QueueType) -> [TopologyItem] {
        [
            .exchange(name: names.dead, kind: .fanout),
            .queue(
                name: names.dead,
                arguments: ["x-queue-type": .string(type.rawValue), "x-max-length": .integer(deadMaximumLength)]),
            .binding(queue: names.dead, exchange: names.dead, routingKey: ""),
        ]
    }

    /// Worker announcements; declared by the orchestrator only.
    public static func workers(names: QueueNames) -> [TopologyItem] {
        [
            .queue(
                name: names.workers,
                arguments: [
                    "x-queue-type": .string(QueueType.classic.rawValue),
                    "x-message-ttl": .integer(workersMessageTTLMilliseconds),
                    "x-max-length": .integer(workersMaximumLength),
                ])
        ]
    }

    /// The exchange of cancel notices; each worker binds its own exclusive queue (``ConsumedQueue/ownExclusive(boundTo:)``).
    public static func control(names: QueueNames) -> [TopologyItem] {
        [.exchange(name: names.control, kind: .fanout)]
    }

    /// The exchange of domain and lifecycle events.
    public static func events(names: QueueNames) -> [TopologyItem] {
        [.exchange(name: names.events, kind: .topic)]
    }

    /// Everything an orchestrator needs before the first step queue, in an order that always works.
    public static func orchestrator(partitions: Range<Int>, names: QueueNames, type: QueueType) -> [TopologyItem] {
        dead(names: names, type: type) + control(names: names) + events(names: names) + workers(names: names)
            + requests(names: names, type: type)
            + partitions.flatMap { results(partition: $0, names: names, type: type) }
    }

    /// Everything a worker declares for its queues.
    public static func worker(queues: [String], names: QueueNames, type: QueueType) -> [TopologyItem] {
        dead(names: names, type: type) + control(names: names)
            + queues.flatMap { steps(queue: $0, names: names, type: type) }
    }

    private static func work(_ names: QueueNames, _ type: QueueType, limit: Int64) -> [String: HeaderValue] {
        var arguments: [String: HeaderValue] = [
            "x-queue-type": .string(type.rawValue), "x-dead-letter-exchange": .string(names.dead),
        ]
        // Classic queues refuse the argument (seen on 3.10).
        if type == .quorum { arguments["x-delivery-limit"] = .integer(limit) }
        return arguments
    }
}
