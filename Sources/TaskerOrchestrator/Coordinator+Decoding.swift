import TaskerEngine
import TaskerMessaging
import TaskerProtocol

/// An input, read as far as it can be without knowing its task.
enum DecodedInput {
    case result(StepResultMessage, Delivery)
    case heartbeat(StepHeartbeat, DeliveryTag)
    case fetch(StepFetch, replyTo: String, DeliveryTag)
    case marker(Int64?, DeliveryTag)
    case worker(WorkerAnnouncement, DeliveryTag)
    case request(Result<TaskRequest, RequestFaults>, key: String?, replyTo: String?, correlationID: String?, Delivery)
    /// Nobody can use it.
    case bad(Delivery, reason: String, detail: String, origin: String)
    case other(Input)

    /// The task that must be in memory to go on.
    var task: TaskID? {
        switch self {
        case .result(let message, _): message.taskID
        case .heartbeat(let message, _): message.taskID
        case .fetch(let message, _, _): message.taskID
        case .other(.cancel(let request)): request.task
        case .other(.act(let request)): request.task
        default: nil
        }
    }
}

extension Coordinator {
    func decode(_ input: Input) -> DecodedInput {
        guard case .delivery(let source, let delivery) = input else { return .other(input) }
        let body: RawJSON
        do throws(JSONError) {
            guard delivery.body.count <= settings.maxMessageBytes else {
                return bad(
                    delivery, source, "too_large", "\(delivery.body.count) bytes, at most \(settings.maxMessageBytes)")
            }
            body = try RawJSON(validating: delivery.body, limits: .received)
        } catch {
            return bad(delivery, source, WireError.Code.invalidMessage.rawValue, "not JSON: \(error)")
        }
        do throws(WireError) {
            switch source {
            case .results: return try decodeResult(body, delivery)
            case .workers: return .worker(try WorkerAnnouncement(reading: body), delivery.tag)
            case .requests: return try decodeRequest(body, delivery)
            }
        } catch {
            return bad(delivery, source, error.code.rawValue, error.detail)
        }
    }

    private func decodeResult(_ body: RawJSON, _ delivery: Delivery) throws(WireError) -> DecodedInput {
        guard body.isObject else { throw WireError(.invalidMessage, "the message is no JSON object") }
        switch MessageKind.of(body) {
        case MessageKind.stepResult:
            var message = try StepResultMessage(reading: body)
            if let dispatch = message.dispatchID, message.taskID == nil || message.stepID == nil {
                // An answer to a message whose body its worker could not read: only the dispatch is known.
                let known = open.first { $0.value.dispatch == dispatch }
                message.taskID = known?.value.task
                message.stepID = known?.key
            }
            guard message.dispatchID != nil, message.taskID != nil, message.stepID != nil else {
                throw WireError(
                    .invalidMessage,
                    "a result without dispatch_id, task_uuid and step_uuid: \(message.error?.message ?? "")")
            }
            // The envelope is read; what is kept must not keep the whole message alive.
            message.checkpoint = message.checkpoint?.compacted()
            return .result(message, delivery)
        case MessageKind.stepHeartbeat: return .heartbeat(try StepHeartbeat(reading: body), delivery.tag)
        case MessageKind.stepFetch:
            guard let replyTo = delivery.properties.replyTo else {
                throw WireError(.invalidMessage, "a step.fetch needs the AMQP property reply_to")
            }
            return .fetch(try StepFetch(reading: body), replyTo: replyTo, delivery.tag)
        case MessageKind.marker:
            let own = body.member("instance")?.string == instance.description
            return .marker(own ? body.member("number")?.integer : nil, delivery.tag)
        case let kind:
            throw WireError(.unknownKind, "kind \"\(kind?.prefix(60) ?? "")\" has no meaning on the results queue")
        }
    }

    private func decodeRequest(_ body: RawJSON, _ delivery: Delivery) throws(WireError) -> DecodedInput {
        guard body.isObject else { throw WireError(.invalidMessage, "the message is no JSON object") }
        try WireProtocol.check(body.member("protocol"))
        guard MessageKind.of(body) == MessageKind.taskRequest else {
            throw WireError(.unknownKind, "only task.request has a meaning on the requests queue")
        }
        let request: Result<TaskRequest, RequestFaults>
        do throws(RequestFaults) { request = .success(try TaskRequest(reading: body)) } catch {
            request = .failure(error)
        }
        let key = (try? request.get().idempotencyKey) ?? delivery.properties.messageID
        guard key != nil else {
            throw WireError(
                .invalidMessage,
                "a task.request needs an idempotency_key or a message_id: without one a redelivery would make two tasks"
            )
        }
        return .request(
            request, key: key, replyTo: delivery.properties.replyTo,
            correlationID: delivery.properties.correlationID, delivery)
    }

    private func bad(_ delivery: Delivery, _ source: Input.Source, _ reason: String, _ detail: String) -> DecodedInput {
        let origin =
            switch source {
            case .results: settings.names.results(settings.partition)
            case .requests: settings.names.requests
            case .workers: settings.names.workers
            }
        return .bad(delivery, reason: reason, detail: detail, origin: origin)
    }
}
