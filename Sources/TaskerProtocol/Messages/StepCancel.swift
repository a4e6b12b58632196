/// `step.cancel`, orchestrator to every worker (wire protocol, 6.9). Matched by dispatch only.
public struct StepCancel: Sendable, Hashable {
    public var dispatchID: DispatchID
    public var taskID: TaskID?
    public var stepID: StepID?
    public var reason: String?

    public init(dispatchID: DispatchID, taskID: TaskID?, stepID: StepID?, reason: String?) {
        self.dispatchID = dispatchID
        self.taskID = taskID
        self.stepID = stepID
        self.reason = reason
    }

    public func encoded() -> [UInt8] {
        var writer = JSONWriter(reserving: 256)
        writer.beginObject()
        writer.key("protocol")
        writer.value(WireProtocol.version)
        writer.key("kind")
        writer.value(MessageKind.stepCancel)
        writer.key("dispatch_id")
        writer.value(dispatchID)
        writer.key("task_uuid")
        writer.value(taskID)
        writer.key("step_uuid")
        writer.value(stepID)
        writer.key("reason")
        writer.value(reason)
        writer.endObject()
        return writer.finish()
    }

    /// Reads a body.
    /// - Throws: ``WireError``.
    public init(reading body: RawJSON) throws(WireError) {
        let message = try MessageReader(body)
        try message.check(kind: MessageKind.stepCancel)
        self.init(
            dispatchID: try message.identifier("dispatch_id"), taskID: try message.optionalIdentifier("task_uuid"),
            stepID: try message.optionalIdentifier("step_uuid"), reason: try message.optionalString("reason"))
    }
}
