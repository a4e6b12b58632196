import TaskerProtocol
import TaskerTemplates

/// An event of the template that must leave because a result was accepted.
public struct DomainEvent: Sendable, Hashable {
    /// Depends only on step, attempt and name: a copy is recognised by it.
    public var id: UUIDValue
    public var name: String
    public var correlationID: CorrelationID
    /// The envelope.
    public var body: RawJSON
}

/// How the attempt ended, for the conditions of events.
enum EventOccasion {
    case success
    case retryableFailure(StepFailure)
    case permanentFailure(StepFailure)

    func meets(_ condition: EventCondition) -> Bool {
        switch (self, condition) {
        case (_, .always), (.success, .success), (.retryableFailure, .failure), (.permanentFailure, .failure),
            (.retryableFailure, .retryableFailure), (.permanentFailure, .permanentFailure):
            true
        default: false
        }
    }

    var failure: StepFailure? {
        switch self {
        case .success: nil
        case .retryableFailure(let failure), .permanentFailure(let failure): failure
        }
    }
}

/// Events that a step declares (engine contract, section 12).
extension WorkflowTask {
    /// Emits the durable events of an accepted result. Nothing that is wrong with an event fails the step.
    mutating func publishEvents(
        of place: Int, _ message: StepResultMessage, _ occasion: EventOccasion, _ context: borrowing EngineContext
    ) {
        let planned = plan.nodes[steps[place].node].events
        var sent: [String: RawJSON] = [:]
        for entry in message.events.items ?? [] {
            guard let name = entry.member("name")?.string else { continue }
            if planned.contains(where: { $0.declaration.name == name }) {
                sent[name] = entry
            } else {
                effects.append(.remark(.eventUndeclared(step: place, event: String(name.prefix(200)))))
            }
        }
        var published: Set<String> = []
        for event in planned {
            let name = event.declaration.name
            guard event.declaration.deliveryMode != .fast, occasion.meets(event.declaration.condition),
                sent[name]?.member("suppress")?.bool != true, published.insert(name).inserted
            else { continue }
            let payload = sent[name]?.member("payload") ?? message.result ?? .null
            if let violation = event.schema?.validate(payload, options: JSONSchema.Options(violationLimit: 1)).first {
                let text = "at \"\(violation.pointer)\": \(violation.message)"
                effects.append(.remark(.eventPayloadInvalid(step: place, event: name, message: text)))
                continue
            }
            effects.append(
                .domainEvent(
                    domainEvent(
                        event.declaration, place, payload, sent[name]?.member("metadata"), message, occasion, context)))
        }
    }

    private func domainEvent(
        _ declaration: EventDeclaration, _ place: Int, _ payload: RawJSON, _ metadata: RawJSON?,
        _ message: StepResultMessage, _ occasion: EventOccasion, _ context: borrowing EngineContext
    ) -> DomainEvent {
        let step = steps[place]
        let id = UUIDValue(version5: "\(step.totalAttempts):\(declaration.name)", namespace: step.id.uuid)
        var writer = JSONWriter(reserving: payload.count + 640)
        writer.beginObject()
        writer.key("event_id")
        writer.value(id)
        writer.key("event_name")
        writer.value(declaration.name)
        writer.key("event_version")
        writer.value("1.0")
        writer.key("payload")
        writer.value(payload)
        writer.key("metadata")
        writer.beginObject()
        writer.key("task_uuid")
        writer.value(self.id)
        writer.key("step_uuid")
        writer.value(step.id)
        writer.key("step_name")
        writer.value(step.name)
        writer.key("namespace")
        writer.value(plan.template.namespace)
        writer.key("correlation_id")
        writer.value(header.correlationID)
        writer.key("fired_at")
        writer.value(context.now)
        writer.key("fired_by")
        writer.value(declaration.publisher ?? plan.nodes[step.node].template.handler.callable)
        let own: Set<String> = [
            "task_uuid", "step_uuid", "step_name", "namespace", "correlation_id", "fired_at", "fired_by",
        ]
        metadata?.forEachMember { name, value in
            if !own.contains(name) {
                writer.key(name)
                writer.value(value)
            }
        }
        writer.endObject()
        writer.key("execution_result")
        writer.beginObject()
        writer.key("success")
        writer.value(occasion.failure == nil)
        if let failure = occasion.failure {
            writer.key("error_message")
            writer.value(failure.message)
            writer.key("error_type")
            writer.value(failure.errorType)
        } else {
            writer.key("result")
            writer.value(message.result)
        }
        writer.key("execution_time_ms")
        writer.value(message.executionMilliseconds)
        writer.endObject()
        writer.endObject()
        return DomainEvent(
            id: id, name: declaration.name, correlationID: header.correlationID,
            body: RawJSON(trusting: writer.finish()))
    }
}
