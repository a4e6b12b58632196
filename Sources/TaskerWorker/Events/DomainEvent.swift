/// An event as subscribers get it, in this process and on the broker alike.
public struct DomainEvent: Sendable, Hashable {
    /// What the step did.
    public struct Execution: Sendable, Hashable {
        public var isSuccess: Bool
        public var result: RawJSON
        public var errorMessage: String?
        public var errorType: String?
        public var milliseconds: Int64
    }

    /// The same for every delivery of one event of one attempt.
    public var id: UUIDValue
    public var name: String
    public var payload: RawJSON
    public var taskID: TaskID
    public var stepID: StepID
    public var stepName: String
    public var namespace: String
    public var correlationID: CorrelationID
    public var firedAt: Timestamp
    /// The id of the worker.
    public var firedBy: String
    /// What the publisher added.
    public var metadata: [String: JSONValue]
    public var execution: Execution

    /// The payload as a type of yours.
    /// - Throws: `DecodingError`.
    public func payload<T: Decodable>(as type: T.Type) throws -> T { try RawJSONDecoder().decode(type, from: payload) }

    /// The event's JSON text.
    public var encoded: RawJSON {
        var about = metadata
        about["task_uuid"] = .string(taskID.description)
        about["step_uuid"] = .string(stepID.description)
        about["step_name"] = .string(stepName)
        about["namespace"] = .string(namespace)
        about["correlation_id"] = .string(correlationID.description)
        about["fired_at"] = .string(firedAt.description)
        about["fired_by"] = .string(firedBy)
        var writer = JSONWriter(reserving: 512 + payload.count)
        writer.beginObject()
        writer.key("event_id")
        writer.value(id)
        writer.key("event_name")
        writer.value(name)
        writer.key("event_version")
        writer.value("1.0")
        writer.key("payload")
        writer.value(payload)
        writer.key("metadata")
        writer.value(.object(about))
        writer.key("execution_result")
        writer.beginObject()
        writer.key("success")
        writer.value(execution.isSuccess)
        writer.key("result")
        writer.value(execution.result)
        if let message = execution.errorMessage {
            writer.key("error_message")
            writer.value(message)
        }
        if let type = execution.errorType {
            writer.key("error_type")
            writer.value(type)
        }
        writer.key("execution_time_ms")
        writer.value(execution.milliseconds)
        writer.endObject()
        writer.endObject()
        return RawJSON(trusting: writer.finish())
    }
}
