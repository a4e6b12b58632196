import TaskerMessaging

/// Announcements and the way out.
extension DeliveryMachine {
    // MARK: - Announcements

    /// Once cancel notices can arrive (the orchestrator repeats those that were missed after a hello) and publishing
    /// works.
    mutating func hello() {
        guard hasControl, isPublisherReady, leaving == .no else { return }
        owesHello = false
        announce(.hello)
        effects.append(.setTimer(.announce, timing.announce))
    }

    mutating func announceDue() {
        guard leaving != .bye else { return }
        effects.append(.setTimer(.announce, timing.announce))
        if isPublisherReady { announce(.heartbeat) }
    }

    private mutating func announce(_ kind: WorkerAnnouncement.Kind, reason: String? = nil) {
        if kind != .hello { announcements += 1 }
        let running = jobsInOrder.filter(\.isRunning).map {
            WorkerAnnouncement.Running(dispatchID: $0.dispatch.id, stepID: $0.dispatch.stepID, startedAt: $0.startedAt)
        }
        let announcement = Announcement(
            kind: kind, sequence: kind == .hello ? 0 : announcements, running: running, processedTotal: processedTotal,
            failedTotal: failedTotal, status: leaving == .no ? .active : .draining, reason: reason)
        _ = publish(.announcement(announcement), for: .announcement(kind))
    }

    mutating func announcementPublished(_ kind: WorkerAnnouncement.Kind, _ outcome: PublishOutcome) {
        if kind == .bye { return finish() }
        switch outcome {
        case .confirmed where !isReady:
            isReady = true
            effects.append(.ready)
        // Dropped: nobody listens yet, or no longer.
        case .returned where leaving == .no:
            if !isReady, !isUnheard { effects.append(.unheard) }
            isUnheard = true
            effects.append(.setTimer(.helloAgain, timing.helloAgain))
        default: break
        }
    }

    mutating func controlStarted() {
        isControlStarted = true
        hasControl = true
        hello()
    }

    /// A consumer runs again after its end; with the connection the control queue is on its way, too, and says hello.
    mutating func consumerStarted() {
        if owesHello { hello() }
    }

    // MARK: - Shutdown

    mutating func shutdown(_ reason: String) {
        guard leaving == .no else { return }
        leaving = .draining(reason: reason, consumersStopped: false)
        pauses.insert(.draining)
        effects.append(.stopConsuming)
        effects.append(.setTimer(.grace, timing.grace))
        effects.append(.setTimer(.lastCall, timing.grace + timing.afterGrace))
        for job in jobsInOrder {
            switch job.phase {
            case .waiting, .parked, .fetching: abandon(job.dispatch.id, ErrorType.workerShutdown)
            case .running, .answering: break
            }
        }
    }

    mutating func consumersStopped() {
        guard case .draining(let reason, _) = leaving else { return }
        leaving = .draining(reason: reason, consumersStopped: true)
        checkDrained()
    }

    /// Everything has been answered and nothing can be delivered any more: say goodbye.
    mutating func checkDrained() {
        guard case .draining(let reason, true) = leaving, jobs.isEmpty, refusals.isEmpty else { return }
        guard isPublisherReady, isControlStarted else { return finish() }
        leaving = .bye
        announceBye(reason)
    }

    private mutating func announceBye(_ reason: String) { announce(.bye, reason: reason) }

    mutating func graceIsOver() {
        for job in jobsInOrder where job.isRunning {
            let id = job.dispatch.id
            effects.append(.stop(id, .interrupted))
            // Nothing may follow for this dispatch: what the handler still returns is dropped.
            keep(id, abandonment(of: job, ErrorType.interrupted), hasSlot: true)
        }
    }

    mutating func lastCall() {
        let unsent: [StepResultMessage] = jobsInOrder.compactMap { job in
            if case .answering(let message, _, _) = job.phase { message } else { nil }
        }
        leaving = .over
        effects.append(.finish(exitCode: unsent.isEmpty ? 0 : 1, unsent: unsent))
    }

    mutating func finish() {
        leaving = .over
        effects.append(.finish(exitCode: 0, unsent: []))
    }
}

extension DeliveryMachine.Job {
    var isRunning: Bool {
        if case .running = phase { true } else { false }
    }
}
