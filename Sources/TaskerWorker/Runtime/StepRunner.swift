import Logging

/// Calls a handler and turns what comes out of it into the message.
struct StepRunner: Sendable {
    /// What one call of a handler gives.
    struct Run: Sendable {
        var message: StepResultMessage
        /// For subscribers of this process, once the message is confirmed.
        var events: [DomainEvent] = []
    }

    let worker: WorkerIdentity
    var logger = Logger(label: "tasker.worker")

    func run(
        _ step: StepRequest, _ entry: HandlerRegistry.Entry, _ link: HandlerLink, _ hooks: EventHooks = EventHooks()
    ) async -> Run {
        let startedAt = Timestamp.current()
        let start = ContinuousClock.now
        let context = StepContext(request: step, link: link)
        let declarations = EventHooks.declarations(of: step)
        var message: StepResultMessage
        if let program = entry.program {
            message = await program.run(context)
            // Not run: it has no times.
            if message.status == .abandoned {
                message.completedAt = message.completedAt ?? .current()
                return Run(message: message)
            }
        } else {
            var result: StepResult
            do {
                result = try await entry.body(context)
            } catch {
                result = failure(error, step, link.stopReason)
            }
            result.events = await hooks.entries(for: declarations, context, result, logger)
            message = ResultMessage.make(of: result, step, version: entry.version, worker: worker)
        }
        message.startedAt = message.startedAt ?? startedAt
        message.completedAt = Timestamp.current()
        message.executionMilliseconds = max(0, (ContinuousClock.now - start).wholeMilliseconds)
        ResultLimits.enforce(&message, step.limits)
        return Run(message: message, events: declarations.isEmpty ? [] : hooks.local(declarations, step, message))
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
}
