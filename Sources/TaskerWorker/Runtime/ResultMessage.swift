/// From a handler's result to `step.result` (SDK contract, section 3.4).
enum ResultMessage {
    static func make(of result: StepResult, _ step: StepRequest, version: String?, worker: WorkerIdentity)
        -> StepResultMessage
    {
        guard let fault = fault(in: result) else { return message(result, step, version, worker) }
        let failure = StepResult.failure(
            "\(fault), which JSON messages cannot carry. Return numbers that are finite, text without U+0000 and flat data",
            type: ErrorType.serializationError, retryable: false)
        return message(failure, step, version, worker)
    }

    /// What of it cannot be sent, as the beginning of a sentence; nil when all can.
    private static func fault(in result: StepResult) -> String? {
        var parts: [(name: String, value: RawJSON, isFinite: Bool)] = []
        switch result.outcome {
        case .success(let payload): parts.append(("the result", payload, true))
        case .checkpoint(let checkpoint): parts.append(("the checkpoint", checkpoint.encoded, checkpoint.isFinite))
        case .failure(let error):
            let metadata = JSONValue.object(error.metadata)
            // One level deeper: it stands within `error`.
            if !error.metadata.isEmpty {
                parts.append(("the error's metadata", RawJSON([metadata]), metadata.isFinite))
            }
        }
        if !result.metadata.isEmpty {
            let metadata = JSONValue.object(result.metadata)
            parts.append(("the metadata", RawJSON([metadata]), metadata.isFinite))
        }
        for event in result.events {
            parts.append(("the event \(event.name)", RawJSON(trusting: event.encoded.bytes), event.isFinite))
        }
        for (name, value, isFinite) in parts {
            if !isFinite { return "\(name) holds NaN or an infinity" }
            if let fault = WireJSON.fault(in: value, depth: 63) { return "\(name) \(fault)" }
        }
        return nil
    }

    private static func message(
        _ result: StepResult, _ step: StepRequest, _ version: String?, _ worker: WorkerIdentity
    ) -> StepResultMessage {
        var metadata = result.metadata
        metadata["handler_version"] = version.map { .string($0) }
        var message = StepResultMessage(
            dispatchID: step.dispatchID, taskID: step.task.id, stepID: step.step.id, status: .completed, worker: worker)
        switch result.outcome {
        case .success(let payload): message.result = BatchOutcome.completed(payload, for: step)
        case .checkpoint(let checkpoint):
            message.status = .checkpoint
            message.checkpoint = checkpoint.encoded
        case .failure(let error):
            message.status = .failed
            metadata["retryable"] = .bool(error.isRetryable)
            message.error = wire(error, metadata: metadata)
        }
        message.metadata = RawJSON(.object(metadata))
        if message.status != .checkpoint, !result.events.isEmpty { message.events = array(of: result.events) }
        return message
    }

    private static func wire(_ error: StepError, metadata: [String: JSONValue]) -> StepFailure {
        let all = metadata.merging(error.metadata) { _, own in own }
        var wait = error.retryAfter.map { Double($0.wholeMilliseconds) / 1000 }
        wait = wait ?? all["retry_after_seconds"]?.doubleValue ?? all["retry_after"]?.doubleValue
        if !error.isRetryable || wait?.isFinite != true { wait = nil }
        return StepFailure(
            message: error.message.withoutNullCharacters, errorType: error.type.withoutNullCharacters,
            errorCode: error.code?.withoutNullCharacters, isRetryable: error.isRetryable,
            retryAfterSeconds: wait.map { min(max($0, 0), 86_400) }, metadata: RawJSON(.object(all)))
    }

    private static func array(of events: [StepEvent]) -> RawJSON {
        var writer = JSONWriter()
        writer.beginArray()
        for event in events { writer.value(event.encoded) }
        writer.endArray()
        return RawJSON(trusting: writer.finish())
    }
}

extension String {
    /// Messages of errors may hold anything; the protocol does not allow U+0000.
    var withoutNullCharacters: String {
        utf8.contains(0) ? String(String.UnicodeScalarView(unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : $0 })) : self
    }
}
