import TaskerMessaging

/// Writes what the machine wants published.
struct ParcelEncoder: Sendable {
    static let appID = "tasker-swift"

    let names: QueueNames
    let worker: WorkerIdentity
    let namespaces: [String]
    let queues: [String]
    let anyHandler: Bool
    let slots: Int
    let startedAt: Timestamp

    func message(
        _ parcel: Parcel, token: UInt64, now: Timestamp, callables: () -> [WorkerAnnouncement.Handler],
        progress: (DispatchID) -> StepHeartbeat.Progress?
    ) -> OutgoingMessage {
        switch parcel {
        case .answer(let dispatch, let result):
            return OutgoingMessage(
                token: token, routingKey: dispatch.replyTo,
                properties: properties(MessageKind.stepResult, dispatch, id: dispatch.id.description, now),
                body: result.encoded())
        case .heartbeat(let dispatch, var heartbeat, let isPersistent):
            heartbeat.progress = progress(dispatch.id)
            var properties = properties(MessageKind.stepHeartbeat, dispatch, id: freshID(now), now)
            properties.isPersistent = isPersistent
            return OutgoingMessage(
                token: token, routingKey: dispatch.replyTo, properties: properties, body: heartbeat.encoded())
        case .fetch(let dispatch, let fetch, let replyQueue):
            var properties = properties(MessageKind.stepFetch, dispatch, id: freshID(now), now)
            properties.replyTo = replyQueue
            properties.isPersistent = false
            return OutgoingMessage(
                token: token, routingKey: dispatch.replyTo, properties: properties, body: fetch.encoded())
        case .deadLetter(let message):
            var properties = message.properties
            properties.isPersistent = true
            properties.headers["x-tasker-reason"] = .string(message.error.code.rawValue)
            properties.headers["x-tasker-detail"] = .string(ResultLimits.cut(message.error.detail, to: 1024))
            properties.headers["x-tasker-origin"] = .string(message.origin)
            return OutgoingMessage(
                token: token, exchange: names.dead, routingKey: "", properties: properties, body: message.body)
        case .refusal(let message): return refusal(message, token: token, now: now)
        case .announcement(let announcement):
            let body = WorkerAnnouncement(
                kind: announcement.kind, worker: worker, queues: queues, namespaces: namespaces, handlers: callables(),
                anyHandler: anyHandler, slots: slots, startedAt: startedAt, processID: System.processID, sentAt: now,
                sequence: announcement.sequence, running: announcement.running,
                processedTotal: announcement.processedTotal, failedTotal: announcement.failedTotal,
                status: announcement.status, reason: announcement.reason)
            let properties = MessageProperties(
                isPersistent: false, messageID: freshID(now), type: MessageKind.amqpType(announcement.kind.rawValue),
                appID: Self.appID, timestamp: now.milliseconds / 1000)
            return OutgoingMessage(
                token: token, routingKey: names.workers, properties: properties, body: body.encoded())
        }
    }

    private func properties(_ kind: String, _ dispatch: Dispatch, id: String, _ now: Timestamp) -> MessageProperties {
        MessageProperties(
            messageID: id, correlationID: dispatch.correlationID.description, type: MessageKind.amqpType(kind),
            appID: Self.appID, timestamp: now.milliseconds / 1000, headers: dispatch.trace)
    }

    private func freshID(_ now: Timestamp) -> String {
        var source = SystemIDSource()
        return source.next(at: now).description
    }

    /// Only the properties are known of a message that cannot be read.
    private func refusal(_ message: UnreadableMessage, token: UInt64, now: Timestamp) -> OutgoingMessage {
        let messageID = message.properties.messageID ?? ""
        let errorType =
            message.error.code == .unsupportedProtocol ? ErrorType.unsupportedProtocol : ErrorType.invalidMessage
        let result = StepResultMessage(
            dispatchID: DispatchID(messageID), taskID: nil, stepID: nil, status: .failed,
            error: StepFailure(
                message: "the worker cannot read the message: \(message.error.detail)", errorType: errorType,
                isRetryable: false),
            completedAt: now, worker: worker)
        return OutgoingMessage(
            token: token, routingKey: message.properties.replyTo ?? "",
            properties: MessageProperties(
                messageID: messageID, correlationID: message.properties.correlationID,
                type: MessageKind.amqpType(MessageKind.stepResult), appID: Self.appID,
                timestamp: now.milliseconds / 1000,
                headers: message.properties.headers.tracing),
            body: result.encoded())
    }
}

extension [String: HeaderValue] {
    /// The caller's span, when the header is a valid one.
    var traceParent: TraceParent? {
        guard case .string(let text)? = self["traceparent"] else { return nil }
        return TraceParent(parsing: text)
    }

    /// The W3C trace context, passed on unchanged.
    var tracing: [String: HeaderValue] { filter { $0.key == "traceparent" || $0.key == "tracestate" } }
}
