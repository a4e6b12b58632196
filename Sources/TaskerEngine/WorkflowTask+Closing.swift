import TaskerProtocol
import TaskerTemplates

/// Why an attempt ends without success.
struct Closing {
    var failure: StepFailure
    var metadata: RawJSON = .emptyObject
    var isWorkerLoss = false
    var hasBackoff = true
}

/// The end of an attempt that failed, whoever found out (engine contract, section 5).
extension WorkflowTask {
    mutating func close(
        _ place: Int, _ closing: Closing, as ending: PastDispatch.Ending, _ context: inout EngineContext,
        answeredBy message: StepResultMessage? = nil
    ) {
        retireDispatch(place, as: ending, &context)
        clearResend(place)
        leaveQuarantine(place, &context)
        if closing.isWorkerLoss { steps[place].workerLosses += 1 }
        steps[place].lastFailureAt = context.now
        steps[place].lastError = closing.failure.encoded
        move(place, to: .enqueuedAsErrorForOrchestration, context)

        let retry = template(of: place).retry
        let reason: DeadLetterReason?
        if !isRetryable(closing) || !retry.isRetryable {
            reason = .permanentFailure
        } else if steps[place].workerLosses >= context.settings.maxWorkerLosses {
            reason = .poison
        } else if steps[place].attempts >= retry.attemptLimit {
            reason = .maxRetriesExceeded
        } else {
            reason = nil
        }
        var isRetriedAtOnce = false
        if let reason {
            move(place, to: .error, context, detail: closing.failure.errorType)
            recordDeadLetter(place, reason, closing.failure, &context)
        } else {
            let due = context.now.advanced(byMilliseconds: delay(place, closing, context.settings))
            steps[place].retryAt = due
            isRetriedAtOnce = due <= context.now
            move(place, to: .waitingForRetry, context, detail: closing.failure.errorType)
            effects.append(.setTimer(step: place, .retry, due: due))
        }
        // Attempts that end without an answer publish nothing.
        if let message {
            publishEvents(
                of: place, message,
                reason == nil ? .retryableFailure(closing.failure) : .permanentFailure(closing.failure), context)
        }
        settle(candidates: CollectionOfOne(place), on: isRetriedAtOnce ? .retryDue : .stepFailed, &context)
    }

    private func delay(_ place: Int, _ closing: Closing, _ settings: EngineSettings) -> Int64 {
        guard closing.hasBackoff else { return 0 }
        // The first loss is the worker's misfortune; a second may be the message's doing.
        if closing.isWorkerLoss, steps[place].workerLosses == 1 { return 0 }
        if let seconds = closing.failure.retryAfterSeconds, seconds >= 0, seconds.isFinite {
            let cap = settings.retryAfterCap.wholeMilliseconds
            return seconds * 1000 >= Double(cap) ? cap : Int64((seconds * 1000).rounded(.up))
        }
        return Backoff.delay(
            policy: template(of: place).retry, failure: steps[place].attempts, step: steps[place].id,
            jitterSeed: settings.jitterSeed)
    }

    /// `error.retryable`, else `metadata.retryable`, else by type.
    private func isRetryable(_ closing: Closing) -> Bool {
        if let stated = closing.failure.isRetryable { return stated }
        if let stated = closing.metadata.member("retryable")?.bool { return stated }
        let type = closing.failure.errorType
        return !Self.permanentTypes.contains(type) && !type.hasPrefix("decision_") && !type.hasPrefix("batch_")
    }

    private static let permanentTypes: Set<String> = [
        ErrorType.permanentError, ErrorType.validationError, "PermanentError", "ValidationError",
        ErrorType.handlerNotFound, ErrorType.invalidMessage, ErrorType.unsupportedProtocol, "handler_panic",
        "result_schema_violation", ErrorType.checkpointTooLarge, "checkpoint_no_progress",
    ]
}
