/// `worker.hello`, `worker.heartbeat` and `worker.bye`, worker to orchestrator (wire protocol, 6.8).
public struct WorkerAnnouncement: Sendable, Hashable {
    public enum Kind: String, Sendable {
        case hello = "worker.hello"
        case heartbeat = "worker.heartbeat"
        case bye = "worker.bye"
    }

    public enum Status: String, Sendable {
        case active, draining
    }

    public struct Handler: Sendable, Hashable {
        public var callable: String
        public var version: String?

        public init(callable: String, version: String? = nil) {
            self.callable = callable
            self.version = version
        }
    }

    public struct Running: Sendable, Hashable {
        public var dispatchID: DispatchID
        public var stepID: StepID?
        public var startedAt: Timestamp?

        public init(dispatchID: DispatchID, stepID: StepID?, startedAt: Timestamp?) {
            self.dispatchID = dispatchID
            self.stepID = stepID
            self.startedAt = startedAt
        }
    }

    public var kind: Kind
    public var worker: WorkerIdentity
    public var queues: [String]
    public var namespaces: [String]
    /// Every name that a step may call a handler by.
    public var handlers: [Handler]
    public var anyHandler: Bool
    public var slots: Int
    public var startedAt: Timestamp?
    public var processID: Int64
    public var sentAt: Timestamp?
    /// Heartbeats only: counts from 1.
    public var sequence: Int64
    public var running: [Running]
    public var processedTotal: Int64
    public var failedTotal: Int64
    public var status: Status
    /// Bye only.
    public var reason: String?

    public init(
        kind: Kind, worker: WorkerIdentity, queues: [String], namespaces: [String], handlers: [Handler],
        anyHandler: Bool = false, slots: Int, startedAt: Timestamp?, processID: Int64, sentAt: Timestamp?,
        sequence: Int64 = 0, running: [Running] = [], processedTotal: Int64 = 0, failedTotal: Int64 = 0,
        status: Status = .active, reason: String? = nil
    ) {
        self.kind = kind
        self.worker = worker
        self.queues = queues
        self.namespaces = namespaces
        self.handlers = handlers
        self.anyHandler = anyHandler
        self.slots = slots
        self.startedAt = startedAt
        self.processID = processID
        self.sentAt = sentAt
        self.sequence = sequence
        self.running = running
        self.processedTotal = processedTotal
        self.failedTotal = failedTotal
        self.status = status
        self.reason = reason
    }

    public func encoded() -> [UInt8] {
        var writer = JSONWriter(reserving: 768)
        writer.beginObject()
        writer.key("protocol")
        writer.value(WireProtocol.version)
        writer.key("kind")
        writer.value(kind.rawValue)
        writer.key("worker")
        worker.write(to: &writer)
        writer.key("queues")
        writer.beginArray()
        for queue in queues { writer.value(queue) }
        writer.endArray()
        writer.key("namespaces")
        writer.beginArray()
        for namespace in namespaces { writer.value(namespace) }
        writer.endArray()
        writer.key("handlers")
        writer.beginArray()
        for handler in handlers {
            writer.beginObject()
            writer.key("callable")
            writer.value(handler.callable)
            writer.key("version")
            writer.value(handler.version)
            writer.endObject()
        }
        writer.endArray()
        writer.key("any_handler")
        writer.value(anyHandler)
        writer.key("slots")
        writer.value(slots)
        writer.key("started_at")
        writer.value(startedAt)
        writer.key("pid")
        writer.value(processID)
        writer.key("sent_at")
        writer.value(sentAt)
        if kind != .hello {
            writer.key("sequence")
            writer.value(sequence)
            writer.key("running")
            writer.beginArray()
            for run in running {
                writer.beginObject()
                writer.key("dispatch_id")
                writer.value(run.dispatchID)
                writer.key("step_uuid")
                writer.value(run.stepID)
                writer.key("started_at")
                writer.value(run.startedAt)
                writer.endObject()
            }
            writer.endArray()
            writer.key("processed_total")
            writer.value(processedTotal)
            writer.key("failed_total")
            writer.value(failedTotal)
            writer.key("status")
            writer.value(status.rawValue)
        }
        if kind == .bye {
            writer.key("reason")
            writer.value(reason)
        }
        writer.endObject()
        return writer.finish()
    }

    /// Reads a body of any of the three kinds.
    /// - Throws: ``WireError``.
    public init(reading body: RawJSON) throws(WireError) {
        let message = try MessageReader(body)
        try WireProtocol.check(message.raw("protocol"))
        let kindText = try message.string("kind")
        guard let kind = Kind(rawValue: kindText) else {
            throw WireError(.unknownKind, "kind \"\(kindText.prefix(60))\" is not expected here")
        }
        var handlers: [Handler] = []
        for item in message["handlers"]?.items ?? [] {
            let reader = try MessageReader(item, what: "an entry of \"handlers\"")
            handlers.append(
                Handler(callable: try reader.string("callable"), version: try reader.optionalString("version")))
        }
        let running = (message["running"]?.items ?? []).compactMap { item -> Running? in
            guard let id = item.member("dispatch_id")?.string.flatMap({ DispatchID($0) }) else { return nil }
            return Running(
                dispatchID: id, stepID: item.member("step_uuid")?.string.flatMap { StepID($0) },
                startedAt: item.member("started_at")?.string.flatMap { Timestamp($0) })
        }
        self.init(
            kind: kind, worker: try WorkerIdentity(message.required("worker")), queues: try message.strings("queues"),
            namespaces: try message.strings("namespaces"), handlers: handlers,
            anyHandler: try message.optionalBool("any_handler") ?? false,
            slots: Int(clamping: try message.optionalInteger("slots") ?? 1),
            startedAt: message.lenientTimestamp("started_at"), processID: try message.optionalInteger("pid") ?? 0,
            sentAt: message.lenientTimestamp("sent_at"), sequence: try message.optionalInteger("sequence") ?? 0,
            running: running, processedTotal: try message.optionalInteger("processed_total") ?? 0,
            failedTotal: try message.optionalInteger("failed_total") ?? 0,
            status: message["status"]?.string.flatMap { Status(rawValue: $0) } ?? .active,
            reason: message["reason"]?.string)
    }
}
