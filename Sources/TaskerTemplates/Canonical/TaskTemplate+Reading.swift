import TaskerProtocol

extension TaskTemplate {
    /// Reads back what ``canonicalJSON`` wrote. It is not validated again.
    /// - Throws: ``CanonicalTemplateError`` with a JSON pointer to the first member of the wrong shape.
    public init(canonicalJSON value: JSONValue) throws(CanonicalTemplateError) {
        let reader = try CanonicalReader(value, "")
        var environments: [String: [StepOverride]] = [:]
        for (name, value) in try reader.object("environments") {
            let environment = try CanonicalReader(value, "/environments/\(JSONPointer.escape(name))")
            environments[name] = try environment.each("steps", StepOverride.init(canonical:))
        }
        let isStated = reader.members["identity_strategy"] != nil
        self.init(
            name: try reader.string("name"), namespace: try reader.string("namespace_name"),
            version: try reader.string("version"), description: try reader.optionalString("description"),
            metadata: .object(try reader.object("metadata")),
            identityStrategy: isStated
                ? try reader.choice("identity_strategy", IdentityStrategy.self) : .alwaysUnique,
            inputSchema: reader.members["input_schema"], environments: environments,
            lifecycle: reader.members["lifecycle"] == nil
                ? nil : try Lifecycle(canonical: try reader.inner("lifecycle")),
            steps: try reader.each("steps", StepTemplate.init(canonical:)), isIdentityStrategyStated: isStated)
    }
}

extension StepTemplate {
    fileprivate init(canonical reader: CanonicalReader) throws(CanonicalTemplateError) {
        var dependencies: [String] = []
        for dependency in try reader.array("dependencies") {
            guard let name = dependency.stringValue else { throw reader.fault("dependencies", "array of strings") }
            dependencies.append(name)
        }
        let handler = try reader.inner("handler")
        self.init(
            name: try reader.string("name"), description: try reader.optionalString("description"),
            handler: HandlerReference(
                callable: try handler.string("callable"), method: try handler.optionalString("method"),
                resolver: try handler.optionalString("resolver"),
                initialization: .object(try handler.object("initialization")),
                queue: try handler.optionalString("queue")),
            type: try reader.choice("type", StepType.self), dependencies: dependencies,
            retry: try RetryPolicy(canonical: try reader.inner("retry")),
            timeoutMilliseconds: try reader.optionalSeconds("timeout_seconds"),
            batch: reader.members["batch_config"] == nil
                ? nil : try BatchConfiguration(canonical: try reader.inner("batch_config")),
            publishesEvents: try reader.each("publishes_events", EventDeclaration.init(canonical:)),
            resultSchema: reader.members["result_schema"],
            resultSchemaPolicy: reader.members["result_schema_policy"] == nil
                ? nil : try reader.choice("result_schema_policy", ResultSchemaPolicy.self))
    }
}

extension RetryPolicy {
    fileprivate init(canonical reader: CanonicalReader) throws(CanonicalTemplateError) {
        self.init(
            isRetryable: try reader.bool("retryable"), maxAttempts: Int(try reader.integer("max_attempts")),
            backoff: try reader.choice("backoff", BackoffStrategy.self),
            backoffBaseMilliseconds: try reader.integer("backoff_base_ms"),
            maxBackoffMilliseconds: try reader.integer("max_backoff_ms"), jitter: try reader.double("jitter"))
    }
}

extension BatchConfiguration {
    fileprivate init(canonical reader: CanonicalReader) throws(CanonicalTemplateError) {
        self.init(
            batchSize: Int(try reader.integer("batch_size")), parallelism: try reader.optionalInt("parallelism"),
            cursorField: try reader.string("cursor_field"),
            workerTemplate: try reader.optionalString("worker_template"),
            failureStrategy: try reader.choice("failure_strategy", FailureStrategy.self))
    }
}

extension EventDeclaration {
    fileprivate init(canonical reader: CanonicalReader) throws(CanonicalTemplateError) {
        self.init(
            name: try reader.string("name"), description: try reader.optionalString("description"),
            condition: try reader.choice("condition", EventCondition.self),
            deliveryMode: try reader.choice("delivery_mode", EventDeliveryMode.self),
            schema: reader.members["schema"] ?? [:], publisher: try reader.optionalString("publisher"))
    }
}

extension Lifecycle {
    fileprivate init(canonical reader: CanonicalReader) throws(CanonicalTemplateError) {
        self.init(
            maxDurationMinutes: try reader.optionalInt("max_duration_minutes"),
            maxWaitingForDependenciesMinutes: try reader.optionalInt("max_waiting_for_dependencies_minutes"),
            maxWaitingForRetryMinutes: try reader.optionalInt("max_waiting_for_retry_minutes"),
            maxStepsInProcessMinutes: try reader.optionalInt("max_steps_in_process_minutes"),
            stalenessAction: try reader.choice("staleness_action", StalenessAction.self),
            autoDeadLetterOnTimeout: try reader.optionalBool("auto_dlq_on_timeout"),
            autoFailOnTimeout: try reader.optionalBool("auto_fail_on_timeout"))
    }
}

extension StepOverride {
    fileprivate init(canonical reader: CanonicalReader) throws(CanonicalTemplateError) {
        let handler = reader.members["handler"] == nil ? nil : try reader.inner("handler")
        self.init(
            step: try reader.string("name"),
            initialization: handler?.members["initialization"] == nil ? nil : try handler?.object("initialization"),
            queue: try handler?.optionalString("queue"),
            timeoutMilliseconds: try reader.optionalSeconds("timeout_seconds"),
            retry: reader.members["retry"] == nil ? nil : try RetryPolicy(canonical: try reader.inner("retry")))
    }
}
