import Logging
import TaskerEngine
import TaskerMessaging
import TaskerProtocol
import TaskerStore

/// Silence counts only when everything received has been read (engine contract, section 4): before a lease, a grace, a
/// timeout or the lost-dispatch check closes an attempt, a marker goes through the results queue and must be back.
extension Coordinator {
    // MARK: - Connection

    func broker(_ state: BrokerState) {
        let was = isConnected
        brokerState = state
        switch state {
        case .connected:
            if !was { log.info("connected to the broker") }
            parkWaitingOutbox()
            beginReading()
        case .blocked(let reason):
            log.warning("the broker takes no messages", metadata: ["reason": .string(reason)])
            // Neither markers nor the workers' heartbeats get through: silence means nothing.
            if !isPlanted(.readWhileBlocked) { stopReading() }
        case .disconnected(let reason):
            if was { log.warning("lost the broker", metadata: ["reason": .string(reason)]) }
            stopReading()
        }
    }

    func consuming(_ isNow: Bool) {
        isConsuming = isNow
        if isNow { beginReading() } else { stopReading() }
    }

    private func parkWaitingOutbox() {
        afterCommit.outbox += outboxWaiting
        outboxWaiting = []
    }

    /// The clock went forward by itself: what it takes for silence was none. As after a reconnect, all begins anew.
    func clockJumped(by distance: Duration) {
        log.notice(
            "the clock went forward; silence is counted anew",
            metadata: ["milliseconds": "\(distance.wholeMilliseconds)"])
        stopReading()
        beginReading()
    }

    private func stopReading() {
        isReading = false
        markers = [:]
        silentTimers = []
        silentLosses = []
    }

    /// Asks for the first marker: once it is back everything that waited has been read, and silence counts from there.
    private func beginReading() {
        guard isConnected, isConsuming, !isReading, !markers.values.contains(where: \.isFirst) else { return }
        sendMarker(Marker(isFirst: true, sentAt: now))
    }

    /// A marker that never came back is sent again while the connection stands.
    var nextMarkerRetry: Timestamp? {
        guard isConnected, isConsuming else { return nil }
        return markers.values.map(\.sentAt).min()?.advanced(by: .seconds(30))
    }

    // MARK: - Markers

    private func sendMarker(_ marker: Marker) {
        markerNumber += 1
        markers[markerNumber] = marker
        var writer = JSONWriter(reserving: 160)
        writer.beginObject()
        writer.key("protocol")
        writer.value(WireProtocol.version)
        writer.key("kind")
        writer.value(MessageKind.marker)
        writer.key("instance")
        writer.value(instance)
        writer.key("number")
        writer.value(markerNumber)
        writer.endObject()
        let what = Publishing.marker(markerNumber)
        afterCommit.messages.append(
            (
                OutgoingMessage(
                    token: token(for: what), routingKey: settings.names.results(settings.partition),
                    properties: MessageProperties(
                        isPersistent: false, messageID: ids.next(at: now).description,
                        type: MessageKind.amqpType(MessageKind.marker), appID: "tasker-orchestrator"),
                    body: writer.finish()), what
            ))
    }

    func markerFailed(_ number: Int64) {
        guard let marker = markers.removeValue(forKey: number) else { return }
        // Without a connection everything begins anew with the next one.
        guard isConnected, isConsuming else { return }
        silentTimers += marker.timers
        silentLosses += marker.losses
        if marker.isFirst { sendMarker(Marker(isFirst: true, sentAt: now)) }
    }

    func markerReturned(_ number: Int64) async throws {
        guard let marker = markers.removeValue(forKey: number) else { return }
        if marker.isFirst {
            isReading = true
            if !isPlanted(.forgetSilenceAtReconnect) { beginSilence() }
            log.debug("reading results")
        }
        for entry in marker.timers where open[entry.step]?.due(of: entry.timer) == entry.due {
            try await load([entry.task])
            guard let cached = cache[entry.task] else { continue }
            apply(.timer(step: entry.place, entry.timer, due: entry.due), to: cached)
        }
        for (step, dispatch) in marker.losses {
            guard let info = open[step], info.dispatch == dispatch, !info.wasSeen else { continue }
            try await load([info.task])
            guard let cached = cache[info.task] else { continue }
            apply(.dispatchLost(step: info.place, dispatch), to: cached)
        }
    }

    /// Leases, graces and timeouts begin anew in full for every started or answered dispatch, and so do the checks for
    /// lost ones.
    private func beginSilence() {
        nextLostCheck = now.advanced(by: settings.lostDispatchCheck)
        for (step, info) in open {
            if info.isStarted || info.isInGrace { followUps.silence.insert(info.task) }
            if info.suspicions > 0 { open[step]?.suspicions = 0 }
        }
    }

    // MARK: - Timers

    func fireTimers() async throws {
        watchWorkers()
        var due: [TimerEntry] = []
        while let entry = timers.popDue(at: now) {
            guard let info = open[entry.step], info.due(of: entry.timer) == entry.due else { continue }
            if entry.timer.isSilence, !isPlanted(.closeWithoutMarker) {
                // Without a connection it is dropped: it begins anew with the next one.
                guard isReading else { continue }
                silentTimers.append(entry)
            } else {
                due.append(entry)
            }
            poppedTimers.append(entry)
        }
        try await load(due.map(\.task))
        for entry in due {
            guard let cached = cache[entry.task] else { continue }
            apply(.timer(step: entry.place, entry.timer, due: entry.due), to: cached)
        }
        try await endStale()
        if let check = nextLostCheck, check <= now { checkForLostDispatches() }
        if isReading, !silentTimers.isEmpty || !silentLosses.isEmpty {
            sendMarker(Marker(timers: silentTimers, losses: silentLosses, sentAt: now))
            silentTimers = []
            silentLosses = []
        }
        if let retry = nextMarkerRetry, retry <= now { resendMarkers() }
    }

    private func resendMarkers() {
        let old = markers.filter { now.millisecondsSince($0.value.sentAt) >= 30_000 }
        for (number, var marker) in old.sorted(by: { $0.key < $1.key }) {
            markers[number] = nil
            marker.sentAt = now
            sendMarker(marker)
        }
    }

    // MARK: - Lost dispatches

    /// Asks for the figures of queues that hold a dispatch begun long ago that shows neither start nor answer.
    private func checkForLostDispatches() {
        nextLostCheck = now.advanced(by: settings.lostDispatchCheck)
        guard isReading else { return }
        warnOfLongWaits()
        for info in open.values where isOverdue(info) { if let queue = info.queue { queuesToInspect.insert(queue) } }
    }

    private func isOverdue(_ info: OpenStepInfo) -> Bool {
        // One that will be sent again anyway, after a nack, need not be found lost.
        guard info.state.isInFlight, info.dispatch != nil, !info.wasSeen, info.publication != .parked,
            info.resendAt == nil, let begun = info.begunAt
        else { return false }
        return now.millisecondsSince(begun) >= settings.engine.lostDispatch.wholeMilliseconds
    }

    func inspected(_ figures: [String: QueueFigures]) {
        guard isReading else { return }
        var lost: [(sequence: Int64, step: StepID, dispatch: DispatchID)] = []
        for (step, info) in open {
            guard isOverdue(info), let queue = info.queue, let dispatch = info.dispatch, let figure = figures[queue]
            else { continue }
            let passed = (newestSeen[queue] ?? 0) > info.publishSequence && info.publishSequence > 0
            guard figure.ready == 0 || passed else {
                open[step]?.suspicions = 0
                continue
            }
            // Twice: it may have been delivered a moment ago.
            open[step]?.suspicions += 1
            if info.suspicions + 1 >= 2 || isPlanted(.lostOnFirstSight) {
                lost.append((info.publishSequence, step, dispatch))
            }
        }
        // In the order in which they were published: the same inputs give the same run.
        silentLosses += lost.sorted { ($0.sequence, $0.step) < ($1.sequence, $1.step) }.map { ($0.step, $0.dispatch) }
        if !silentLosses.isEmpty {
            sendMarker(Marker(losses: silentLosses, sentAt: now))
            silentLosses = []
        }
    }
}
