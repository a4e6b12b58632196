/// `step.fetch`, worker to orchestrator: asks for dependency results that did not fit (claim-check, section 3).
public struct StepFetch: Sendable, Hashable {
    public var dispatchID: DispatchID
    public var taskID: TaskID
    public var stepID: StepID
    /// The last page's `next`; nil for the first page.
    public var after: String?

    public init(dispatchID: DispatchID, taskID: TaskID, stepID: StepID, after: String?) {
        self.dispatchID = dispatchID
        self.taskID = taskID
        self.stepID = stepID
        self.after = after
    }

    public func encoded() -> [UInt8] {
        var writer = JSONWriter(reserving: 256)
        writer.beginObject()
        writer.key("protocol")
        writer.value(WireProtocol.version)
        writer.key("kind")
        writer.value(MessageKind.stepFetch)
        writer.key("dispatch_id")
        writer.value(dispatchID)
        writer.key("task_uuid")
        writer.value(taskID)
        writer.key("step_uuid")
        writer.value(stepID)
        writer.key("after")
        writer.value(after)
        writer.endObject()
        return writer.finish()
    }

    /// Reads a body.
    /// - Throws: ``WireError``.
    public init(reading body: RawJSON) throws(WireError) {
        let message = try MessageReader(body)
        try message.check(kind: MessageKind.stepFetch)
        self.init(
            dispatchID: try message.identifier("dispatch_id"), taskID: try message.identifier("task_uuid"),
            stepID: try message.identifier("step_uuid"), after: try message.optionalString("after"))
    }
}

/// `step.dependencies`, the answer to ``StepFetch``: one page of results in name order.
public struct StepDependencies: Sendable {
    public var dispatchID: DispatchID
    public var dependencyResults: [(name: String, envelope: RawJSON)]
    /// To be sent as `after` for the next page; nil on the last.
    public var next: String?
    /// The dispatch is no longer open: ack the delivery and send nothing.
    public var isGone: Bool

    public init(
        dispatchID: DispatchID, dependencyResults: [(name: String, envelope: RawJSON)], next: String?,
        isGone: Bool = false
    ) {
        self.dispatchID = dispatchID
        self.dependencyResults = dependencyResults
        self.next = next
        self.isGone = isGone
    }

    public func encoded() -> [UInt8] {
        var writer = JSONWriter(reserving: 1024)
        writer.beginObject()
        writer.key("protocol")
        writer.value(WireProtocol.version)
        writer.key("kind")
        writer.value(MessageKind.stepDependencies)
        writer.key("dispatch_id")
        writer.value(dispatchID)
        writer.key("dependency_results")
        writer.beginObject()
        for dependency in dependencyResults {
            writer.key(dependency.name)
            writer.value(dependency.envelope)
        }
        writer.endObject()
        writer.key("next")
        writer.value(next)
        if isGone {
            writer.key("gone")
            writer.value(true)
        }
        writer.endObject()
        return writer.finish()
    }

    /// Reads a body.
    /// - Throws: ``WireError``.
    public init(reading body: RawJSON) throws(WireError) {
        let message = try MessageReader(body)
        try message.check(kind: MessageKind.stepDependencies)
        self.init(
            dispatchID: try message.identifier("dispatch_id"),
            dependencyResults: StepExecute.members(of: try message.optionalObject("dependency_results")),
            next: try message.optionalString("next"), isGone: try message.optionalBool("gone") ?? false)
    }
}
