/// Calls a handler and turns what comes out of it into the message.
struct StepRunner: Sendable {
    let worker: WorkerIdentity

    func run(_ step: StepRequest, _ entry: HandlerRegistry.Entry, _ link: HandlerLink) async -> StepResultMessage {
        let startedAt = Timestamp.current()
        let start = ContinuousClock.now
        let result: StepResult
        do {
            result = try await entry.body(StepContext(request: step, link: link))
        } catch {
            result = failure(error, step, link.stopReason)
        }
        var message = self.message(result, step, version: entry.version)
        message.startedAt = startedAt
        message.completedAt = Timestamp.current()
        message.executionMilliseconds = max(0, (ContinuousClock.now - start).wholeMilliseconds)
        ResultLimits.enforce(&message, step.limits)
        return message
    }

    /// An error that leaves a handler. After a request to stop it counts as obeying it.
    private func failure(_ error: any Error, _ step: StepRequest, _ stopped: StopReason?) -> StepResult {
        let name = String(describing: type(of: error))
        switch stopped {
        case .timedOut:
            return .failure(
                "the handler did not finish within \(step.step.timeoutMilliseconds) ms and stopped with \(name): \(error)",
                type: ErrorType.timeout, retryable: true)
        case .cancelled:
            return .failure(
                "the step was cancelled; the handler stopped with \(name): \(error)", type: ErrorType.cancelled,
                retryable: false)
        case .interrupted, nil: break
        }
        if let error = error as? StepError { return StepResult(.failure(error)) }
        let retryable = (error as? any RetryableErrorProtocol)?.isRetryable ?? true
        return .failure("\(error)", type: name, retryable: retryable)
    }

    private func message(_ result: StepResult, _ step: StepRequest, version: String?) -> StepResultMessage {
        var metadata = result.metadata
        metadata["handler_version"] = version.map { .string($0) }
        var message = StepResultMessage(
            dispatchID: step.dispatchID, taskID: step.task.id, stepID: step.step.id, status: .completed, worker: worker)
        switch result.outcome {
        case .success(let payload): message.result = payload
        case .checkpoint(let checkpoint):
            guard checkpoint.isFinite else {
                let failure = StepResult.failure(
                    "the checkpoint holds NaN or an infinity", type: ErrorType.serializationError, retryable: false)
                return self.message(failure, step, version: version)
            }
            message.status = .checkpoint
            message.checkpoint = checkpoint.encoded
        case .failure(let error):
            message.status = .failed
            metadata["retryable"] = .bool(error.isRetryable)
            message.error = wire(error, metadata: metadata)
        }
        message.metadata = RawJSON(.object(metadata))
        if message.status == .completed || message.status == .failed { message.events = events(result.events) }
        return message
    }

    private func wire(_ error: StepError, metadata: [String: JSONValue]) -> StepFailure {
        let all = metadata.merging(error.metadata) { _, own in own }
        var wait = error.retryAfter.map { Double($0.wholeMilliseconds) / 1000 }
        wait = wait ?? all["retry_after_seconds"]?.doubleValue ?? all["retry_after"]?.doubleValue
        if !error.isRetryable || wait?.isFinite != true { wait = nil }
        return StepFailure(
            message: error.message, errorType: error.type, errorCode: error.code, isRetryable: error.isRetryable,
            retryAfterSeconds: wait.map { min(max($0, 0), 86_400) }, metadata: RawJSON(.object(all)))
    }

    private func events(_ events: [StepEvent]) -> RawJSON {
        guard !events.isEmpty else { return .emptyArray }
        return RawJSON(
            .array(
                events.map { event in
                    event.isSuppressed
                        ? ["name": .string(event.name), "suppress": true]
                        : ["name": .string(event.name), "payload": event.payload, "metadata": .object(event.metadata)]
                }))
    }
}
