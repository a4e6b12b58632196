import TaskerProtocol
import TaskerTemplates

/// Messages from workers.
extension WorkflowTask {
    mutating func receive(_ message: StepResultMessage, step place: Int, _ context: inout EngineContext) {
        guard let dispatch = steps[place].dispatch, dispatch.id == message.dispatchID, !state.isTerminal,
            steps[place].state.isInFlight
        else { return reject(message, step: place, context) }
        confirmPublishing(place)
        switch message.status {
        case .completed: complete(place, with: message, &context)
        case .failed: fail(place, with: message, &context)
        case .checkpoint: saveCheckpoint(place, from: message, &context)
        case .abandoned: abandon(place, with: message, &context)
        }
    }

    // MARK: - Outcomes

    private mutating func complete(_ place: Int, with message: StepResultMessage, _ context: inout EngineContext) {
        let from = steps[place].state
        if from == .enqueued { reportStart(place, by: message.worker, context) }
        noteWorker(place, message.worker)
        steps[place].executionMilliseconds = message.executionMilliseconds
        auditResult(message, place, .accepted, from: from, to: .enqueuedForOrchestration)
        retireDispatch(place, as: .answered, &context)
        clearResend(place)
        leaveQuarantine(place, &context)
        let growth: Growth
        do throws(OutcomeError) {
            try checkSchema(place, message.result, context.settings)
            growth = try self.growth(of: place, result: message.result, context.settings)
        } catch {
            move(place, to: .enqueuedForOrchestration, context)
            return failEvaluation(place, error.failure, message, &context)
        }
        steps[place].envelope = successEnvelope(message)
        move(place, to: .enqueuedForOrchestration, context)
        move(place, to: .complete, context)
        grow(growth, from: place, &context)
        publishEvents(of: place, message, .success, context)
        settle(candidates: EmptyCollection(), on: .stepCompleted, &context)
    }

    /// A success whose result cannot be used: the step fails for good.
    private mutating func failEvaluation(
        _ place: Int, _ failure: StepFailure, _ message: StepResultMessage, _ context: inout EngineContext
    ) {
        steps[place].lastFailureAt = context.now
        steps[place].lastError = failure.encoded
        move(place, to: .error, context, detail: failure.errorType)
        recordDeadLetter(place, .permanentFailure, failure, &context)
        publishEvents(of: place, message, .permanentFailure(failure), context)
        settle(candidates: CollectionOfOne(place), on: .stepFailed, &context)
    }

    /// - Throws: ``OutcomeError`` `result_schema_violation` where the policy is `fail`.
    private mutating func checkSchema(
        _ place: Int, _ result: RawJSON?, _ settings: EngineSettings
    ) throws(OutcomeError) {
        let policy = template(of: place).resultSchemaPolicy ?? settings.resultSchemaPolicy
        guard policy != .off, let schema = plan.nodes[steps[place].node].resultSchema else { return }
        let violations = schema.validate(result ?? .null, options: JSONSchema.Options(violationLimit: 5))
        guard let first = violations.first else { return }
        let more = violations.count > 1 ? " (and \(violations.count - 1) more)" : ""
        let text = "the result breaks result_schema at \"\(first.pointer)\": \(first.message)\(more)"
        if policy == .fail { throw OutcomeError("result_schema_violation", text) }
        effects.append(.remark(.resultSchemaViolated(step: place, message: text)))
    }

    private mutating func fail(_ place: Int, with message: StepResultMessage, _ context: inout EngineContext) {
        let from = steps[place].state
        if from == .enqueued, message.startedAt != nil { reportStart(place, by: message.worker, context) }
        noteWorker(place, message.worker)
        steps[place].executionMilliseconds = message.executionMilliseconds
        auditResult(message, place, .accepted, from: from, to: .enqueuedAsErrorForOrchestration)
        let failure =
            message.error ?? StepFailure(message: "the worker gave no reason", errorType: ErrorType.handlerError)
        close(
            place, Closing(failure: failure, metadata: message.metadata), as: .answered, &context, answeredBy: message)
    }

    private mutating func abandon(_ place: Int, with message: StepResultMessage, _ context: inout EngineContext) {
        let reason = message.error?.errorType ?? ""
        let from = steps[place].state
        let started = steps[place].dispatch?.startedAt != nil
        auditResult(message, place, .abandoned, from: from, to: from)
        switch reason {
        case ErrorType.redelivered: openGrace(place, &context)
        // A start report contradicts "never started": whatever ran is over.
        case _ where started: interrupt(place, &context)
        // `cancelled` answers a dispatch that was cancelled, which is never the open one; should it be, nobody has
        // started it.
        case ErrorType.workerShutdown, ErrorType.workerBusy, ErrorType.cancelled:
            resend(place, because: reason, &context)
        case ErrorType.handlerNotFound: handlerNotFound(place, message.error?.message ?? "", &context)
        default: interrupt(place, &context)
        }
    }

    /// The handler was started and stopped because its worker had to leave: a failure, but nobody's fault.
    private mutating func interrupt(_ place: Int, _ context: inout EngineContext) {
        let failure = StepFailure(
            message: "the worker had to leave while the handler ran", errorType: ErrorType.interrupted,
            isRetryable: true)
        close(place, Closing(failure: failure, hasBackoff: false), as: .answered, &context)
    }

    private mutating func openGrace(_ place: Int, _ context: inout EngineContext) {
        guard var dispatch = steps[place].dispatch else { return }
        // A detached worker holds no delivery: the broker had to deliver it again, and the lease watches.
        guard !dispatch.isDetached, !dispatch.isInGrace else {
            if !dispatch.isAnswered {
                steps[place].dispatch?.isAnswered = true
                touch(place, context)
            }
            return
        }
        dispatch.isAnswered = true
        dispatch.isInGrace = true
        let due = context.now.advanced(by: graceLength(place, context.settings))
        dispatch.graceDue = due
        steps[place].dispatch = dispatch
        clearResend(place)
        effects.append(.setTimer(step: place, .grace, due: due))
        touch(place, context)
    }

    /// Closing early gains nothing where the step may not run again.
    func graceLength(_ place: Int, _ settings: EngineSettings) -> Duration {
        mayRunAgain(place) ? settings.redeliveryGrace : settings.lease
    }

    /// Another worker of the fleet may know the handler, during a rolling deploy: asks again, for some minutes.
    mutating func handlerNotFound(_ place: Int, _ message: String, _ context: inout EngineContext) {
        let since = steps[place].handlerNotFoundSince ?? context.now
        let patience = context.settings.handlerNotFoundPatience.wholeMilliseconds
        if context.now.millisecondsSince(since) >= patience {
            let failure = StepFailure(
                message: message.isEmpty ? "no worker of the fleet knows the handler" : message,
                errorType: ErrorType.handlerNotFound, isRetryable: false)
            return close(place, Closing(failure: failure), as: .answered, &context)
        }
        let delay = doublingDelay(steps[place].handlerNotFoundCount, cap: context.settings.resendDelayCap)
        steps[place].handlerNotFoundSince = since
        steps[place].handlerNotFoundCount += 1
        retireDispatch(place, as: .superseded, &context)
        scheduleResend(place, delay: delay, &context)
    }

    private mutating func saveCheckpoint(
        _ place: Int, from message: StepResultMessage, _ context: inout EngineContext
    ) {
        let from = steps[place].state
        if from == .enqueued { reportStart(place, by: message.worker, context) }
        noteWorker(place, message.worker)
        auditResult(message, place, .checkpoint, from: from, to: .inProgress)
        do throws(OutcomeError) {
            let record = try CheckpointRecord(
                message.checkpoint ?? .emptyObject, after: steps[place].checkpoint, at: context.now, context.settings)
            steps[place].checkpoint = record.encoded
        } catch {
            return close(place, Closing(failure: error.failure), as: .answered, &context)
        }
        resend(place, because: "checkpoint", &context)
    }

    // MARK: - Heartbeats

    mutating func receive(_ message: StepHeartbeat, step place: Int, _ context: inout EngineContext) {
        guard var dispatch = steps[place].dispatch, dispatch.id == message.dispatchID, !state.isTerminal,
            steps[place].state.isInFlight
        else { return }
        var changed = confirmPublishing(place)
        dispatch = steps[place].dispatch ?? dispatch
        if dispatch.startedAt == nil {
            reportStart(place, by: message.worker, context)
            dispatch = steps[place].dispatch ?? dispatch
            let due = context.now.advanced(byMilliseconds: timeout(of: place, context.settings))
                .advanced(by: context.settings.timeoutMargin)
            dispatch.timeoutDue = due
            effects.append(.setTimer(step: place, .timeout, due: due))
            changed = true
        }
        if dispatch.isInGrace {
            // After a restart the grace's timer may not have begun anew yet.
            if dispatch.graceDue != nil { effects.append(.clearTimer(step: place, .grace)) }
            dispatch.isInGrace = false
            dispatch.graceDue = nil
            changed = true
        }
        if dispatch.isDetached != message.isDetached {
            dispatch.isDetached = message.isDetached
            changed = true
        }
        let lease = context.now.advanced(by: context.settings.lease)
        dispatch.leaseDue = lease
        dispatch.lastHeartbeatAt = context.now
        dispatch.suspicions = 0
        steps[place].dispatch = dispatch
        effects.append(.setTimer(step: place, .lease, due: lease))
        clearResend(place)
        if changed { touch(place, context) }
    }

    /// The worker has started the handler: said so, or sent the outcome.
    private mutating func reportStart(
        _ place: Int, by worker: WorkerIdentity?, _ context: borrowing EngineContext
    ) {
        steps[place].dispatch?.startedAt = context.now
        steps[place].dispatch?.workerID = worker?.id
        steps[place].dispatch?.workerLanguage = worker?.language
        noteWorker(place, worker)
        steps[place].lastAttemptedAt = context.now
        if steps[place].state == .enqueued { move(place, to: .inProgress, context) }
    }

    private mutating func noteWorker(_ place: Int, _ worker: WorkerIdentity?) {
        guard let worker else { return }
        steps[place].workerID = worker.id
        steps[place].workerLanguage = worker.language
    }

    // MARK: - What does not count

    private mutating func reject(
        _ message: StepResultMessage, step place: Int, _ context: borrowing EngineContext
    ) {
        let step = steps[place]
        let past = step.pastDispatches.first { $0.id == message.dispatchID }
        let disposition: AuditRecord.Disposition
        switch past?.ending {
        case .answered: disposition = .duplicate
        case .cancelled: disposition = .cancelled
        case .superseded: disposition = .superseded
        case .expired: disposition = .late
        case nil:
            // Ids older than what is remembered were superseded; all others were never minted for this step.
            disposition = step.pastDispatches.count >= Step.pastDispatchLimit ? .superseded : .forged
        }
        let final =
            disposition != .forged && disposition != .duplicate && (step.state == .cancelled || state == .cancelled)
        auditResult(message, place, final ? .cancelled : disposition, from: step.state, to: step.state)
    }

    // MARK: - Records

    private mutating func auditResult(
        _ message: StepResultMessage, _ place: Int, _ disposition: AuditRecord.Disposition, from: StepState,
        to next: StepState
    ) {
        audit(
            AuditRecord(
                place: place, disposition: disposition, attempt: steps[place].attempts, dispatch: message.dispatchID,
                status: message.status.rawValue, fromState: from, toState: next, workerID: message.worker?.id,
                workerLanguage: message.worker?.language, executionMilliseconds: message.executionMilliseconds,
                errorType: message.error?.errorType, message: message.error.map { String($0.message.prefix(500)) }))
    }

    private func successEnvelope(_ message: StepResultMessage) -> RawJSON {
        var writer = JSONWriter(reserving: 64 + (message.result?.count ?? 4) + message.metadata.count)
        writer.beginObject()
        writer.key("status")
        writer.value("completed")
        writer.key("result")
        writer.value(message.result)
        writer.key("metadata")
        writer.value(message.metadata)
        writer.endObject()
        return RawJSON(trusting: writer.finish())
    }
}
