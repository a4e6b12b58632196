/// `step.heartbeat`, worker to orchestrator (wire protocol, section 5).
public struct StepHeartbeat: Sendable, Hashable {
    public struct Progress: Sendable, Hashable {
        public var done: Double
        public var total: Double?
        public var message: String?

        public init(done: Double, total: Double? = nil, message: String? = nil) {
            self.done = done
            self.total = total
            self.message = message
        }
    }

    public var dispatchID: DispatchID
    public var taskID: TaskID
    public var stepID: StepID
    public var startedAt: Timestamp?
    /// From 1; gaps are fine.
    public var sequence: Int64
    /// The worker holds no delivery of this dispatch any more.
    public var isDetached: Bool
    public var progress: Progress?
    public var worker: WorkerIdentity?

    public init(
        dispatchID: DispatchID, taskID: TaskID, stepID: StepID, startedAt: Timestamp?, sequence: Int64,
        isDetached: Bool = false, progress: Progress? = nil, worker: WorkerIdentity?
    ) {
        self.dispatchID = dispatchID
        self.taskID = taskID
        self.stepID = stepID
        self.startedAt = startedAt
        self.sequence = sequence
        self.isDetached = isDetached
        self.progress = progress
        self.worker = worker
    }

    public func encoded() -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("protocol")
        writer.value(WireProtocol.version)
        writer.key("kind")
        writer.value(MessageKind.stepHeartbeat)
        writer.key("dispatch_id")
        writer.value(dispatchID)
        writer.key("task_uuid")
        writer.value(taskID)
        writer.key("step_uuid")
        writer.value(stepID)
        writer.key("started_at")
        writer.value(startedAt)
        writer.key("sequence")
        writer.value(sequence)
        writer.key("detached")
        writer.value(isDetached)
        if let progress {
            writer.key("progress")
            writer.beginObject()
            writer.key("done")
            writer.value(progress.done)
            writer.key("total")
            if let total = progress.total { writer.value(total) } else { writer.null() }
            writer.key("message")
            writer.value(progress.message)
            writer.endObject()
        }
        writer.key("worker")
        if let worker { worker.write(to: &writer) } else { writer.null() }
        writer.endObject()
        return writer.finish()
    }

    /// Reads a body.
    /// - Throws: ``WireError``.
    public init(reading body: RawJSON) throws(WireError) {
        let message = try MessageReader(body)
        try message.check(kind: MessageKind.stepHeartbeat)
        var progress: Progress?
        if let object = message["progress"], let done = object.member("done")?.double {
            progress = Progress(
                done: done, total: object.member("total")?.double, message: object.member("message")?.string)
        }
        let worker = try message.optionalObject("worker")
        self.init(
            dispatchID: try message.identifier("dispatch_id"), taskID: try message.identifier("task_uuid"),
            stepID: try message.identifier("step_uuid"), startedAt: message.lenientTimestamp("started_at"),
            sequence: try message.optionalInteger("sequence") ?? 1,
            isDetached: try message.optionalBool("detached") ?? false, progress: progress,
            worker: try worker.map { object throws(WireError) in try WorkerIdentity(object) })
    }
}
