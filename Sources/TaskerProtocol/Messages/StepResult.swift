/// `step.result`, worker to orchestrator (wire protocol, section 4). What the orchestrator does not act on stays raw.
public struct StepResultMessage: Sendable, Hashable {
    public enum Status: String, Sendable {
        case completed, failed, checkpoint, abandoned
    }

    /// nil only in an answer to a message whose ids could not be read.
    public var dispatchID: DispatchID?
    public var taskID: TaskID?
    public var stepID: StepID?
    public var status: Status
    public var result: RawJSON?
    public var error: StepFailure?
    /// `{cursor, items_processed, accumulated_results?}`.
    public var checkpoint: RawJSON?
    /// An array of `{name, payload, metadata}` or `{name, suppress}`.
    public var events: RawJSON
    /// An object.
    public var metadata: RawJSON
    public var startedAt: Timestamp?
    public var completedAt: Timestamp?
    public var executionMilliseconds: Int64
    public var worker: WorkerIdentity?

    public init(
        dispatchID: DispatchID?, taskID: TaskID?, stepID: StepID?, status: Status, result: RawJSON? = nil,
        error: StepFailure? = nil, checkpoint: RawJSON? = nil, events: RawJSON = .emptyArray,
        metadata: RawJSON = .emptyObject, startedAt: Timestamp? = nil, completedAt: Timestamp? = nil,
        executionMilliseconds: Int64 = 0, worker: WorkerIdentity? = nil
    ) {
        self.dispatchID = dispatchID
        self.taskID = taskID
        self.stepID = stepID
        self.status = status
        self.result = result
        self.error = error
        self.checkpoint = checkpoint
        self.events = events
        self.metadata = metadata
        self.startedAt = startedAt
        self.completedAt = completedAt
        self.executionMilliseconds = executionMilliseconds
        self.worker = worker
    }

    public func encoded() -> [UInt8] {
        var writer = JSONWriter(reserving: 640 + (result?.count ?? 0))
        writer.beginObject()
        writer.key("protocol")
        writer.value(WireProtocol.version)
        writer.key("kind")
        writer.value(MessageKind.stepResult)
        writer.key("dispatch_id")
        writer.value(dispatchID)
        writer.key("task_uuid")
        writer.value(taskID)
        writer.key("step_uuid")
        writer.value(stepID)
        writer.key("status")
        writer.value(status.rawValue)
        writer.key("result")
        writer.value(result)
        writer.key("error")
        if let error { error.write(to: &writer) } else { writer.null() }
        writer.key("checkpoint")
        writer.value(checkpoint)
        writer.key("events")
        writer.value(events)
        writer.key("metadata")
        writer.value(metadata)
        writer.key("started_at")
        writer.value(startedAt)
        writer.key("completed_at")
        writer.value(completedAt)
        writer.key("execution_time_ms")
        writer.value(executionMilliseconds)
        writer.key("worker")
        if let worker { worker.write(to: &writer) } else { writer.null() }
        writer.endObject()
        return writer.finish()
    }

    /// Reads a body.
    /// - Throws: ``WireError``.
    public init(reading body: RawJSON) throws(WireError) {
        let message = try MessageReader(body)
        try message.check(kind: MessageKind.stepResult)
        let statusText = try message.string("status")
        guard let status = Status(rawValue: statusText) else {
            throw WireError(.invalidMessage, "\"\(statusText.prefix(40))\" is no status of a step.result")
        }
        let error = try message.optionalObject("error")
        if status == .failed || status == .abandoned, error == nil {
            throw WireError(.invalidMessage, "a \(statusText) result needs \"error\"")
        }
        let checkpoint = try message.optionalObject("checkpoint")
        if status == .checkpoint, checkpoint == nil {
            throw WireError(.invalidMessage, "a checkpoint result needs \"checkpoint\"")
        }
        let worker = try message.optionalObject("worker")
        self.init(
            dispatchID: try message.optionalIdentifier("dispatch_id"),
            taskID: try message.optionalIdentifier("task_uuid"),
            stepID: try message.optionalIdentifier("step_uuid"),
            status: status, result: message.raw("result"),
            error: try error.map { object throws(WireError) in try StepFailure(object) }, checkpoint: checkpoint,
            events: message["events"].flatMap { $0.isArray ? $0 : nil } ?? .emptyArray,
            metadata: try message.optionalObject("metadata") ?? .emptyObject,
            startedAt: message.lenientTimestamp("started_at"), completedAt: message.lenientTimestamp("completed_at"),
            executionMilliseconds: max(0, try message.optionalInteger("execution_time_ms") ?? 0),
            worker: try worker.map { object throws(WireError) in try WorkerIdentity(object) })
    }
}

/// The member `error` of a failed or abandoned result.
public struct StepFailure: Sendable, Hashable {
    public var message: String
    public var errorType: String
    public var errorCode: String?
    /// nil: the worker did not say (the orchestrator then decides by ``errorType``).
    public var isRetryable: Bool?
    /// 0-86400 seconds.
    public var retryAfterSeconds: Double?
    public var backtrace: [String]
    /// An object.
    public var metadata: RawJSON?

    public init(
        message: String, errorType: String, errorCode: String? = nil, isRetryable: Bool? = nil,
        retryAfterSeconds: Double? = nil, backtrace: [String] = [], metadata: RawJSON? = nil
    ) {
        self.message = message
        self.errorType = errorType
        self.errorCode = errorCode
        self.isRetryable = isRetryable
        self.retryAfterSeconds = retryAfterSeconds
        self.backtrace = backtrace
        self.metadata = metadata
    }

    public func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("message")
        writer.value(message)
        writer.key("error_type")
        writer.value(errorType)
        if let errorCode {
            writer.key("error_code")
            writer.value(errorCode)
        }
        if let isRetryable {
            writer.key("retryable")
            writer.value(isRetryable)
        }
        if let retryAfterSeconds {
            writer.key("retry_after_seconds")
            writer.value(retryAfterSeconds)
        }
        if !backtrace.isEmpty {
            writer.key("backtrace")
            writer.beginArray()
            for line in backtrace { writer.value(line) }
            writer.endArray()
        }
        if let metadata {
            writer.key("metadata")
            writer.value(metadata)
        }
        writer.endObject()
    }

    public var encoded: RawJSON {
        var writer = JSONWriter(reserving: 256)
        write(to: &writer)
        return RawJSON(trusting: writer.finish())
    }

    /// Reads the object leniently where it only informs: what decides is `error_type`, `retryable` and
    /// `retry_after_seconds`.
    public init(_ object: RawJSON) throws(WireError) {
        let reader = try MessageReader(object, what: "\"error\"")
        self.init(
            message: reader["message"]?.string ?? "", errorType: reader["error_type"]?.string ?? "handler_error",
            errorCode: reader["error_code"]?.string, isRetryable: reader["retryable"]?.bool,
            retryAfterSeconds: reader["retry_after_seconds"]?.double,
            backtrace: reader["backtrace"]?.items?.compactMap(\.string) ?? [],
            metadata: reader["metadata"].flatMap { $0.isObject ? $0 : nil })
    }
}

/// Reserved values of `error_type`, and the reasons of an abandoned dispatch.
public enum ErrorType {
    public static let timeout = "timeout"
    public static let cancelled = "cancelled"
    public static let handlerNotFound = "handler_not_found"
    public static let invalidMessage = "invalid_message"
    public static let unsupportedProtocol = "unsupported_protocol"
    public static let serializationError = "serialization_error"
    public static let resultTooLarge = "result_too_large"
    public static let checkpointTooLarge = "checkpoint_too_large"
    public static let eventsTooLarge = "events_too_large"
    public static let workerLost = "worker_lost"
    public static let dispatchLost = "dispatch_lost"
    public static let interrupted = "interrupted"
    public static let redelivered = "redelivered"
    public static let workerShutdown = "worker_shutdown"
    public static let workerBusy = "worker_busy"
    public static let permanentError = "permanent_error"
    public static let retryableError = "retryable_error"
    public static let validationError = "validation_error"
    public static let handlerError = "handler_error"
}
