import TaskerProtocol

extension TaskTemplate {
    /// The template in the canonical spelling, defaults filled in; what only the orchestrator's settings decide is left
    /// out. Both dialects of one template give the same bytes.
    public var canonicalJSON: JSONValue {
        var members: [String: JSONValue] = [
            "name": .string(name), "namespace_name": .string(namespace), "version": .string(version),
            "metadata": metadata, "steps": .array(steps.map(\.canonicalJSON)),
            "environments": .object(
                environments.mapValues { ["steps": .array($0.map(\.canonicalJSON))] }),
        ]
        members["description"] = description.map(JSONValue.string)
        if isIdentityStrategyStated { members["identity_strategy"] = .string(identityStrategy.rawValue) }
        members["input_schema"] = inputSchema
        members["lifecycle"] = lifecycle?.canonicalJSON
        return .object(members)
    }

    /// SHA-256 of the key-sorted canonical JSON, in hexadecimal.
    public var hash: String { SHA256.hexString(canonicalJSON.canonicalBytes) }
}

extension StepTemplate {
    var canonicalJSON: JSONValue {
        var members: [String: JSONValue] = [
            "name": .string(name), "handler": handler.canonicalJSON, "type": .string(type.rawValue),
            "dependencies": .array(dependencies.map(JSONValue.string)), "retry": retry.canonicalJSON,
            "publishes_events": .array(publishesEvents.map(\.canonicalJSON)),
        ]
        members["description"] = description.map(JSONValue.string)
        members["timeout_seconds"] = timeoutMilliseconds.map(seconds)
        members["batch_config"] = batch?.canonicalJSON
        members["result_schema"] = resultSchema
        members["result_schema_policy"] = (resultSchemaPolicy?.rawValue).map(JSONValue.string)
        return .object(members)
    }
}

/// Whole seconds as an integer, others as a decimal fraction.
private func seconds(_ milliseconds: Int64) -> JSONValue {
    milliseconds % 1000 == 0 ? .integer(milliseconds / 1000) : .double(Double(milliseconds) / 1000)
}

extension HandlerReference {
    var canonicalJSON: JSONValue {
        var members: [String: JSONValue] = ["callable": .string(callable), "initialization": initialization]
        members["method"] = method.map(JSONValue.string)
        members["resolver"] = resolver.map(JSONValue.string)
        members["queue"] = queue.map(JSONValue.string)
        return .object(members)
    }
}

extension RetryPolicy {
    var canonicalJSON: JSONValue {
        [
            "retryable": .bool(isRetryable), "max_attempts": .number(maxAttempts), "backoff": .string(backoff.rawValue),
            "backoff_base_ms": .integer(backoffBaseMilliseconds), "max_backoff_ms": .integer(maxBackoffMilliseconds),
            "jitter": .double(jitter),
        ]
    }
}

extension BatchConfiguration {
    var canonicalJSON: JSONValue {
        var members: [String: JSONValue] = [
            "batch_size": .number(batchSize), "cursor_field": .string(cursorField),
            "failure_strategy": .string(failureStrategy.rawValue),
        ]
        members["parallelism"] = parallelism.map(JSONValue.number)
        members["worker_template"] = workerTemplate.map(JSONValue.string)
        return .object(members)
    }
}

extension EventDeclaration {
    var canonicalJSON: JSONValue {
        var members: [String: JSONValue] = [
            "name": .string(name), "condition": .string(condition.rawValue),
            "delivery_mode": .string(deliveryMode.rawValue), "schema": schema,
        ]
        members["description"] = description.map(JSONValue.string)
        members["publisher"] = publisher.map(JSONValue.string)
        return .object(members)
    }
}

extension Lifecycle {
    var canonicalJSON: JSONValue {
        var members: [String: JSONValue] = ["staleness_action": .string(stalenessAction.rawValue)]
        members["max_duration_minutes"] = maxDurationMinutes.map(JSONValue.number)
        members["max_waiting_for_dependencies_minutes"] = maxWaitingForDependenciesMinutes.map(JSONValue.number)
        members["max_waiting_for_retry_minutes"] = maxWaitingForRetryMinutes.map(JSONValue.number)
        members["max_steps_in_process_minutes"] = maxStepsInProcessMinutes.map(JSONValue.number)
        members["auto_dlq_on_timeout"] = autoDeadLetterOnTimeout.map(JSONValue.bool)
        members["auto_fail_on_timeout"] = autoFailOnTimeout.map(JSONValue.bool)
        return .object(members)
    }
}

extension StepOverride {
    var canonicalJSON: JSONValue {
        var members: [String: JSONValue] = ["name": .string(step)]
        var handler: [String: JSONValue] = [:]
        handler["initialization"] = initialization.map(JSONValue.object)
        handler["queue"] = queue.map(JSONValue.string)
        if !handler.isEmpty { members["handler"] = .object(handler) }
        members["timeout_seconds"] = timeoutMilliseconds.map(seconds)
        members["retry"] = retry?.canonicalJSON
        return .object(members)
    }
}
