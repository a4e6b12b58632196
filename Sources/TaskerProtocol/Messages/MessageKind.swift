/// The value of `kind` in each message's body.
public enum MessageKind {
    public static let stepExecute = "step.execute"
    public static let stepResult = "step.result"
    public static let stepHeartbeat = "step.heartbeat"
    public static let stepFetch = "step.fetch"
    public static let stepDependencies = "step.dependencies"
    public static let stepCancel = "step.cancel"
    public static let workerHello = "worker.hello"
    public static let workerHeartbeat = "worker.heartbeat"
    public static let workerBye = "worker.bye"
    public static let taskRequest = "task.request"
    public static let taskAccepted = "task.accepted"
    public static let taskRejected = "task.rejected"
    /// The orchestrator's own, to itself: all that was published before it has been read (engine contract, section 4).
    public static let marker = "orchestrator.marker"

    /// The AMQP `type` property of a kind: `tasker.<kind>.v1`, whatever the queue prefix is.
    public static func amqpType(_ kind: String) -> String { "tasker.\(kind).v1" }

    /// The kind of a message whose body is an object, nil when it says none.
    public static func of(_ body: RawJSON) -> String? { body.member("kind")?.string }
}
