import TaskerMessaging

/// From a delivery to the start of its handler.
extension DeliveryMachine {
    /// The checks in their order (6.1): readable, kind and version (both done by the reader) → held here already →
    /// delivered before → shutting down → cancelled → handler known → run.
    mutating func deliver(_ arrival: Arrival) {
        switch arrival.content {
        case .unreadable(let message):
            refuse(message, arrival.tag)
        case .step(let step, let trace, let isHandlerKnown):
            let id = step.dispatchID
            if jobs[id] != nil { return adopt(id, arrival.tag) }
            if answered.contains(id, at: now) { return effects.append(.acknowledge([arrival.tag])) }
            jobs[id] = Job(
                dispatch: Dispatch(step, trace: trace), number: nextNumber(), step: step, held: [arrival.tag])
            if arrival.wasDeliveredBefore {
                abandon(id, ErrorType.redelivered, deliveryCount: arrival.deliveryCount)
            } else if leaving != .no {
                abandon(id, ErrorType.workerShutdown)
            } else if cancelled.contains(id, at: now) {
                abandon(id, ErrorType.cancelled)
            } else if !isHandlerKnown {
                abandon(id, ErrorType.handlerNotFound)
            } else {
                effects.append(.setTimer(.acknowledgeBy(id), .milliseconds(step.limits.ackDeadlineMilliseconds)))
                admit(id)
            }
        }
    }

    /// This process has the dispatch already: the new delivery takes the place of the lost one. A second delivery on a
    /// connection that lives (the message was published twice) is held beside the first: both are acked in the end.
    private mutating func adopt(_ id: DispatchID, _ tag: DeliveryTag) {
        guard var job = jobs[id] else { return }
        job.held.append(tag)
        job.detaching = .no
        let wasParked = if case .parked = job.phase { true } else { false }
        if wasParked { job.phase = .waiting }
        jobs[id] = job
        effects.append(.cancelTimer(.detachAgain(id)))
        effects.append(.setTimer(.acknowledgeBy(id), .milliseconds(job.dispatch.limits.ackDeadlineMilliseconds)))
        if wasParked {
            effects.append(.cancelTimer(.parked(id)))
            admit(id)
        }
    }

    private mutating func admit(_ id: DispatchID) {
        if usedSlots < slots { return begin(id) }
        // Only beside detached handlers, whose credit is free and whose slot is not, or with several queues.
        waiting.append(id)
        effects.append(.setTimer(.waited(id), timing.waitForSlot))
    }

    private mutating func begin(_ id: DispatchID) {
        usedSlots += 1
        if jobs[id]?.step?.omitted != nil {
            jobs[id]?.phase = .fetching(PageCollector())
            if !isReplyQueueOpen {
                isReplyQueueOpen = true
                effects.append(.openReplyQueue)
            }
            askForPage(id)
        } else {
            start(id)
        }
    }

    mutating func start(_ id: DispatchID) {
        guard var job = jobs[id], let step = job.step else { return }
        job.step = nil
        job.phase = .running
        job.startedAt = now
        jobs[id] = job
        effects.append(.run(step))
        effects.append(.setTimer(.heartbeat(id), timing.firstHeartbeat))
        effects.append(.setTimer(.timeout(id), .milliseconds(job.dispatch.timeoutMilliseconds)))
    }

    /// A delivery has waited a second for a slot: this worker is full, others may not be.
    mutating func waited(_ id: DispatchID) {
        guard case .waiting = jobs[id]?.phase else { return }
        pause(.slotsFull)
        for id in waiting { abandon(id, ErrorType.workerBusy) }
    }

    /// A slot became free.
    mutating func freeSlot() {
        usedSlots -= 1
        while usedSlots < slots, let next = waiting.first {
            waiting.removeFirst()
            effects.append(.cancelTimer(.waited(next)))
            begin(next)
        }
        if usedSlots < slots { resume(.slotsFull) }
    }

    // MARK: - Lost deliveries

    /// Forgets the tags of a connection that ended. What has not started is parked for its own redelivery; what runs
    /// goes on, detached, and says so.
    mutating func lose(_ isLost: (DeliveryTag) -> Bool) {
        for (number, refusal) in refusals.sorted(by: { $0.key < $1.key }) where isLost(refusal.tag) {
            drop(refusal: number)
        }
        for var job in jobsInOrder where job.held.contains(where: isLost) {
            let id = job.dispatch.id
            job.held.removeAll(where: isLost)
            guard job.isDetached else {
                jobs[id] = job
                continue
            }
            job.detaching = .no
            effects.append(.cancelTimer(.acknowledgeBy(id)))
            effects.append(.cancelTimer(.detachAgain(id)))
            switch job.phase {
            case .waiting, .fetching:
                let hadSlot = job.hasSlot
                job.phase = .parked
                jobs[id] = job
                waiting.removeAll { $0 == id }
                effects.append(.cancelTimer(hadSlot ? .fetchAgain(id) : .waited(id)))
                effects.append(.setTimer(.parked(id), timing.parked))
                if hadSlot { freeSlot() }
            case .running:
                jobs[id] = job
                if isPublisherReady { heartbeat(id) }
            case .parked, .answering:
                jobs[id] = job
            }
        }
    }

    /// The redelivery went elsewhere.
    mutating func forget(_ id: DispatchID) {
        guard case .parked = jobs[id]?.phase else { return }
        jobs[id] = nil
        checkDrained()
    }

    // MARK: - Cancel notices

    mutating func cancel(_ id: DispatchID) {
        cancelled.insert(id, at: now)
        guard let job = jobs[id] else { return }
        switch job.phase {
        case .waiting, .parked, .fetching: abandon(id, ErrorType.cancelled)
        case .running: effects.append(.stop(id, .cancelled))
        case .answering: break
        }
    }
}
