extension StepExecute {
    /// The message's body.
    public func encoded() -> [UInt8] {
        var writer = JSONWriter(reserving: 1024)
        writer.beginObject()
        writer.key("protocol")
        writer.value(WireProtocol.version)
        writer.key("kind")
        writer.value(MessageKind.stepExecute)
        writer.key("dispatch_id")
        writer.value(dispatchID)
        writer.key("reply_to")
        writer.value(replyTo)
        writer.key("task")
        task.write(to: &writer)
        writer.key("step")
        step.write(to: &writer)
        writer.key("handler")
        handler.write(to: &writer)
        writer.key("step_definition")
        definition.write(to: &writer)
        writer.key("dependency_results")
        writer.beginObject()
        for dependency in dependencyResults {
            writer.key(dependency.name)
            writer.value(dependency.envelope)
        }
        writer.endObject()
        if let omitted {
            writer.key("dependency_results_omitted")
            writer.beginObject()
            writer.key("count")
            writer.value(omitted.count)
            writer.key("bytes")
            writer.value(omitted.bytes)
            writer.endObject()
        }
        writer.key("limits")
        writer.beginObject()
        writer.key("max_result_bytes")
        writer.value(limits.maxResultBytes)
        writer.key("heartbeat_interval_ms")
        writer.value(limits.heartbeatIntervalMilliseconds)
        writer.key("ack_deadline_ms")
        writer.value(limits.ackDeadlineMilliseconds)
        writer.endObject()
        writer.endObject()
        return writer.finish()
    }

    /// Reads a body.
    /// - Throws: ``WireError`` when it is another kind or major version, or lacks what a worker needs.
    public init(reading body: RawJSON) throws(WireError) {
        let message = try MessageReader(body)
        try message.check(kind: MessageKind.stepExecute)
        self.init(
            dispatchID: try message.identifier("dispatch_id"),
            replyTo: try message.string("reply_to"),
            task: try Task(message.object("task")),
            step: try Step(message.object("step")),
            handler: try Handler(message.object("handler")),
            definition: try Definition(message.optionalObject("step_definition")),
            dependencyResults: try Self.members(of: message.optionalObject("dependency_results")),
            omitted: try Omitted(message.optionalObject("dependency_results_omitted")),
            limits: try Limits(message.optionalObject("limits")))
    }

    static func members(of object: RawJSON?) -> [(name: String, envelope: RawJSON)] {
        var members: [(name: String, envelope: RawJSON)] = []
        object?.forEachMember { name, value in members.append((name, value)) }
        return members
    }
}

extension StepExecute.Task {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("uuid")
        writer.value(id)
        writer.key("name")
        writer.value(name)
        writer.key("namespace")
        writer.value(namespace)
        writer.key("version")
        writer.value(version)
        writer.key("correlation_id")
        writer.value(correlationID)
        writer.key("parent_correlation_id")
        writer.value(parentCorrelationID)
        writer.key("context")
        writer.value(context)
        writer.key("initiator")
        writer.value(initiator)
        writer.key("source_system")
        writer.value(sourceSystem)
        writer.key("tags")
        writer.beginArray()
        for tag in tags { writer.value(tag) }
        writer.endArray()
        writer.key("priority")
        writer.value(priority)
        writer.key("requested_at")
        writer.value(requestedAt)
        writer.endObject()
    }

    fileprivate init(_ reader: MessageReader) throws(WireError) {
        self.init(
            id: try reader.identifier("uuid"), name: try reader.string("name"),
            namespace: try reader.string("namespace"), version: try reader.string("version"),
            correlationID: try reader.identifier("correlation_id"),
            parentCorrelationID: try reader.optionalIdentifier("parent_correlation_id"),
            context: reader["context"] ?? .emptyObject, initiator: try reader.optionalString("initiator"),
            sourceSystem: try reader.optionalString("source_system"), tags: try reader.strings("tags"),
            priority: Int(try reader.optionalInteger("priority") ?? 0),
            requestedAt: reader.lenientTimestamp("requested_at"))
    }
}

extension StepExecute.Step {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("uuid")
        writer.value(id)
        writer.key("name")
        writer.value(name)
        writer.key("template_step_name")
        writer.value(templateStepName)
        writer.key("type")
        writer.value(type)
        writer.key("attempt")
        writer.value(attempt)
        writer.key("max_attempts")
        writer.value(maxAttempts)
        writer.key("retryable")
        writer.value(isRetryable)
        writer.key("timeout_ms")
        writer.value(timeoutMilliseconds)
        writer.key("inputs")
        writer.value(inputs)
        writer.key("checkpoint")
        writer.value(checkpoint)
        writer.key("backoff_request_seconds")
        if let backoffRequestSeconds { writer.value(backoffRequestSeconds) } else { writer.null() }
        writer.key("last_attempted_at")
        writer.value(lastAttemptedAt)
        writer.endObject()
    }

    fileprivate init(_ reader: MessageReader) throws(WireError) {
        let name = try reader.string("name")
        self.init(
            id: try reader.identifier("uuid"), name: name,
            templateStepName: try reader.optionalString("template_step_name") ?? name,
            type: try reader.optionalString("type") ?? "standard",
            attempt: Int(clamping: try reader.optionalInteger("attempt") ?? 1),
            maxAttempts: Int(clamping: try reader.optionalInteger("max_attempts") ?? 1),
            isRetryable: try reader.optionalBool("retryable") ?? true,
            timeoutMilliseconds: try reader.optionalInteger("timeout_ms") ?? 300_000,
            inputs: try reader.optionalObject("inputs") ?? .emptyObject,
            checkpoint: try reader.optionalObject("checkpoint"),
            backoffRequestSeconds: reader["backoff_request_seconds"]?.double,
            lastAttemptedAt: reader.lenientTimestamp("last_attempted_at"))
    }
}

extension StepExecute.Handler {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("callable")
        writer.value(callable)
        writer.key("method")
        writer.value(method)
        writer.key("resolver")
        writer.value(resolver)
        writer.key("initialization")
        writer.value(initialization)
        writer.endObject()
    }

    fileprivate init(_ reader: MessageReader) throws(WireError) {
        self.init(
            callable: try reader.string("callable"), method: try reader.optionalString("method"),
            resolver: try reader.optionalString("resolver"),
            initialization: try reader.optionalObject("initialization") ?? .emptyObject)
    }
}

extension StepExecute.Definition {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("description")
        writer.value(description)
        writer.key("dependencies")
        writer.beginArray()
        for name in dependencies { writer.value(name) }
        writer.endArray()
        writer.key("publishes_events")
        writer.value(publishesEvents)
        writer.key("worker_template_names")
        writer.beginArray()
        for name in workerTemplateNames { writer.value(name) }
        writer.endArray()
        writer.endObject()
    }

    fileprivate init(_ object: RawJSON?) throws(WireError) {
        guard let object else {
            self.init()
            return
        }
        let reader = try MessageReader(object)
        self.init(
            description: try reader.optionalString("description"), dependencies: try reader.strings("dependencies"),
            publishesEvents: reader["publishes_events"] ?? .emptyArray,
            workerTemplateNames: try reader.strings("worker_template_names"))
    }
}

extension StepExecute.Omitted {
    fileprivate init?(_ object: RawJSON?) throws(WireError) {
        guard let object else { return nil }
        let reader = try MessageReader(object)
        self.init(
            count: Int(clamping: try reader.integer("count")),
            bytes: Int(clamping: try reader.optionalInteger("bytes") ?? 0))
    }
}

extension StepExecute.Limits {
    fileprivate init(_ object: RawJSON?) throws(WireError) {
        self.init()
        guard let object else { return }
        let reader = try MessageReader(object)
        if let value = try reader.optionalInteger("max_result_bytes") { maxResultBytes = Int(clamping: value) }
        if let value = try reader.optionalInteger("heartbeat_interval_ms") { heartbeatIntervalMilliseconds = value }
        if let value = try reader.optionalInteger("ack_deadline_ms") { ackDeadlineMilliseconds = value }
    }
}
