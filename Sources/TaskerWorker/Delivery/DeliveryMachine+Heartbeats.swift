import TaskerMessaging

/// Heartbeats, and the early ack of deliveries that would be held too long.
extension DeliveryMachine {
    mutating func heartbeatDue(_ id: DispatchID) {
        guard let job = jobs[id], case .running = job.phase else { return }
        effects.append(.setTimer(.heartbeat(id), .milliseconds(job.dispatch.limits.heartbeatIntervalMilliseconds)))
        // While the publisher is away nothing is kept: a fresh one goes out at once when it is back.
        if isPublisherReady { heartbeat(id) }
    }

    mutating func heartbeat(_ id: DispatchID) {
        guard let job = jobs[id] else { return }
        let message = nextHeartbeat(id, isDetached: job.isDetached)
        _ = publish(.heartbeat(job.dispatch, message, isPersistent: false), for: .none)
    }

    private mutating func nextHeartbeat(_ id: DispatchID, isDetached: Bool) -> StepHeartbeat {
        jobs[id]?.heartbeats += 1
        let job = jobs[id]
        return StepHeartbeat(
            dispatchID: id, taskID: job?.dispatch.taskID ?? TaskID(id.uuid),
            stepID: job?.dispatch.stepID ?? StepID(id.uuid),
            startedAt: job?.startedAt, sequence: job?.heartbeats ?? 1, isDetached: isDetached, worker: worker)
    }

    /// The delivery has been held for `ack_deadline_ms` (6.6).
    mutating func acknowledgeBy(_ id: DispatchID) {
        guard let job = jobs[id], !job.isDetached else { return }
        if job.isStarted {
            // The ack gives the broker credit for a delivery that no slot is free for.
            if usedSlots >= slots { pause(.slotsFull) }
            jobs[id]?.detaching = .due
            publishDetaching(id)
        } else if case .answering = job.phase {
            // Never ran here, so no heartbeat may say so; its answer is repeated until it is taken.
        } else {
            abandon(id, ErrorType.workerBusy)
        }
    }

    mutating func publishDetaching(_ id: DispatchID) {
        guard isPublisherReady, let job = jobs[id], job.detaching == .due else { return }
        let message = nextHeartbeat(id, isDetached: true)
        let token = publish(.heartbeat(job.dispatch, message, isPersistent: true), for: .detach(id))
        jobs[id]?.detaching = .inFlight(token: token)
    }

    mutating func detachingPublished(_ id: DispatchID, _ token: UInt64, _ outcome: PublishOutcome) {
        // Adopted, lost or settled in between: the ack is another's business then.
        guard let job = jobs[id], job.detaching == .inFlight(token: token) else { return }
        if outcome == .confirmed {
            jobs[id]?.detaching = .no
            jobs[id]?.held = []
            effects.append(.acknowledge(job.held))
        } else {
            jobs[id]?.detaching = .due
            if let delay = delay(after: outcome) { effects.append(.setTimer(.detachAgain(id), delay)) }
        }
    }
}
