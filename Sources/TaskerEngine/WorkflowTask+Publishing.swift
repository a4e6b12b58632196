import TaskerProtocol

/// What the relay tells of a dispatch's message.
extension WorkflowTask {
    mutating func publishing(
        _ report: PublishingReport, _ id: DispatchID, step place: Int, _ context: inout EngineContext
    ) {
        guard !state.isTerminal, var dispatch = steps[place].dispatch, dispatch.id == id else { return }
        switch report {
        case .begun(let sequence):
            guard dispatch.publication == .parked else { return }
            dispatch.publication = .begun
            dispatch.publishSequence = sequence
            dispatch.begunAt = context.now
        case .notSent:
            guard dispatch.publication == .begun, !dispatch.wasSeen else { return }
            dispatch.publication = .parked
            dispatch.publishSequence = 0
            dispatch.begunAt = nil
        case .confirmed:
            guard dispatch.publication != .confirmed else { return }
            dispatch.publication = .confirmed
        case .inDoubt, .nacked:
            guard dispatch.publication == .begun else { return }
            return doubt(place, nacked: report == .nacked, &context)
        }
        steps[place].dispatch = dispatch
        touch(place, context)
    }

    /// The number of an open dispatch that is about to be published, nil for any other.
    public func publishSequence(of id: DispatchID, step place: Int) -> Int64? {
        guard let dispatch = steps[place].dispatch, dispatch.id == id, dispatch.publication == .begun else {
            return nil
        }
        return dispatch.publishSequence
    }

    /// In which order the messages of several tasks leave is their orchestrator's choice. To be called before the
    /// dispatch is committed; its row has to be written anyway.
    public mutating func renumber(_ id: DispatchID, step place: Int, sequence: Int64) {
        guard publishSequence(of: id, step: place) != nil else { return }
        steps[place].dispatch?.publishSequence = sequence
    }

    /// The message may or may not be in the queue, and is never published again under its id: two copies could both
    /// count. A step that may repeat gets a new one; for any other the lost-dispatch check decides.
    private mutating func doubt(_ place: Int, nacked: Bool, _ context: inout EngineContext) {
        guard let dispatch = steps[place].dispatch else { return }
        if dispatch.wasSeen {
            steps[place].dispatch?.publication = .confirmed
            return touch(place, context)
        }
        steps[place].dispatch?.publication = .inDoubt
        guard mayRunAgain(place) else { return touch(place, context) }
        guard nacked else { return resend(place, because: "publish in doubt", &context) }
        // Each nack may leave a copy behind: not too many of them.
        let delay = doublingDelay(steps[place].attemptNacks, cap: context.settings.resendDelayCap)
        steps[place].attemptNacks += 1
        scheduleResend(place, delay: delay, &context)
    }

    /// A start or an answer shows that the broker had the message.
    /// - Returns: whether that was news.
    @discardableResult
    mutating func confirmPublishing(_ place: Int) -> Bool {
        guard let dispatch = steps[place].dispatch, dispatch.publication != .confirmed else { return false }
        if dispatch.publication == .parked { return false }
        steps[place].dispatch?.publication = .confirmed
        return true
    }
}
