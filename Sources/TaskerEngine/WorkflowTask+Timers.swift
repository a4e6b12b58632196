import TaskerProtocol

/// What happens when nothing happens.
extension WorkflowTask {
    mutating func fire(_ timer: StepTimer, step place: Int, due: Timestamp, _ context: inout EngineContext) {
        guard !state.isTerminal, self.due(of: timer, step: place) == due else { return }
        switch timer {
        case .retry: settle(candidates: CollectionOfOne(place), on: .retryDue, &context)
        case .resend: resendDue(place, &context)
        case .lease: lose(place, "no heartbeat for \(context.settings.lease.wholeMilliseconds / 1000) s", &context)
        case .grace:
            lose(place, "its message came back from the broker and no worker answered for it", &context)
        case .timeout: closeTimedOut(place, &context)
        }
    }

    /// When that timer of that step is due, nil when it is not set.
    public func due(of timer: StepTimer, step place: Int) -> Timestamp? {
        switch timer {
        case .retry: steps[place].retryAt
        case .resend: steps[place].resendAt
        case .lease: steps[place].dispatch?.leaseDue
        case .grace: steps[place].dispatch?.graceDue
        case .timeout: steps[place].dispatch?.timeoutDue
        }
    }

    /// Every timer that is set.
    public var timers: [(step: Int, timer: StepTimer, due: Timestamp)] {
        steps.indices.flatMap { place in
            StepTimer.allCases.compactMap { timer in due(of: timer, step: place).map { (place, timer, $0) } }
        }
    }

    private mutating func resendDue(_ place: Int, _ context: inout EngineContext) {
        if let dispatch = steps[place].dispatch, dispatch.wasSeen || dispatch.publication == .confirmed {
            // The copy in doubt has shown up meanwhile.
            clearResend(place)
            return touch(place, context)
        }
        resend(place, because: steps[place].dispatch == nil ? ErrorType.handlerNotFound : "nacked", &context)
    }

    private mutating func lose(_ place: Int, _ how: String, _ context: inout EngineContext) {
        let dispatch = steps[place].dispatch
        let worker = dispatch?.workerID.map { " (worker \($0))" } ?? ""
        let failure = StepFailure(
            message: "the worker was lost\(worker): \(how)", errorType: ErrorType.workerLost, isRetryable: true)
        auditClosing(place, failure, context)
        close(place, Closing(failure: failure, isWorkerLoss: true), as: .expired, &context)
    }

    private mutating func closeTimedOut(_ place: Int, _ context: inout EngineContext) {
        let limit = timeout(of: place, context.settings)
        let failure = StepFailure(
            message: "the step ran longer than \(seconds(limit)) and its worker did not report it",
            errorType: ErrorType.timeout, isRetryable: true)
        auditClosing(place, failure, context)
        if let dispatch = steps[place].dispatch {
            effects.append(.cancelNotice(step: place, dispatch.id, reason: ErrorType.timeout))
        }
        close(place, Closing(failure: failure), as: .expired, &context)
    }

    mutating func closeLost(_ dispatch: DispatchID, step place: Int, _ context: inout EngineContext) {
        guard !state.isTerminal, let open = steps[place].dispatch, open.id == dispatch, !open.wasSeen,
            open.publication != .parked
        else { return }
        let failure = StepFailure(
            message: "the message to the workers is gone: queue \(open.queue) no longer holds it and nobody answered",
            errorType: ErrorType.dispatchLost, isRetryable: true)
        auditClosing(place, failure, context)
        close(place, Closing(failure: failure), as: .expired, &context)
    }

    /// Leases, graces and timeouts begin anew in full.
    mutating func countSilenceAnew(_ context: inout EngineContext) {
        guard !state.isTerminal else { return }
        for place in steps.indices {
            guard var dispatch = steps[place].dispatch else { continue }
            dispatch.suspicions = 0
            if dispatch.startedAt != nil {
                let lease = context.now.advanced(by: context.settings.lease)
                let timeout = context.now.advanced(byMilliseconds: timeout(of: place, context.settings))
                    .advanced(by: context.settings.timeoutMargin)
                dispatch.leaseDue = lease
                dispatch.timeoutDue = timeout
                // Heartbeats are not stored: what came before a restart counts until now.
                dispatch.lastHeartbeatAt = context.now
                effects.append(.setTimer(step: place, .lease, due: lease))
                effects.append(.setTimer(step: place, .timeout, due: timeout))
            }
            if dispatch.isInGrace {
                let grace = context.now.advanced(by: graceLength(place, context.settings))
                dispatch.graceDue = grace
                effects.append(.setTimer(step: place, .grace, due: grace))
            }
            steps[place].dispatch = dispatch
        }
    }

    private mutating func auditClosing(
        _ place: Int, _ failure: StepFailure, _ context: borrowing EngineContext
    ) {
        audit(
            AuditRecord(
                place: place, disposition: .automatic, attempt: steps[place].attempts,
                dispatch: steps[place].dispatch?.id, status: "failed", fromState: steps[place].state,
                toState: .enqueuedAsErrorForOrchestration, workerID: steps[place].dispatch?.workerID,
                workerLanguage: steps[place].dispatch?.workerLanguage, errorType: failure.errorType,
                message: failure.message))
    }

    private func seconds(_ milliseconds: Int64) -> String {
        milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
    }
}
