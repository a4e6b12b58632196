import Logging

/// Publishers and subscribers as the runner needs them.
struct EventHooks: Sendable {
    private(set) var publishers: [String: any EventPublisher] = [:]
    private(set) var subscribers = EventSubscribers()

    mutating func add(_ publisher: any EventPublisher, as name: String) { publishers[name] = publisher }
    mutating func subscribe(_ patterns: [String], _ body: @escaping EventSubscribers.Body) {
        subscribers.add(patterns, body)
    }

    static func declarations(of step: StepRequest) -> [EventDeclaration] {
        (step.definition.publishesEvents.items ?? []).compactMap { EventDeclaration($0) }
    }

    /// The entries of the result message: the handler's own first, then what the publishers make of the others.
    func entries(for declarations: [EventDeclaration], _ context: StepContext, _ result: StepResult, _ logger: Logger)
        async -> [StepEvent]
    {
        var events = result.events
        for declaration in declarations where declaration.mayHold(afterSuccess: result.isSuccess) {
            guard let name = declaration.publisher, !events.contains(where: { $0.name == declaration.name }) else {
                continue
            }
            guard let publisher = publishers[name] else {
                logger.warning(
                    """
                    event \(declaration.name) of step \(context.stepName) names the publisher \(name), which is not \
                    registered here: its payload is the step's result
                    """)
                continue
            }
            let event = EventContext(declaration: declaration, step: context, result: result)
            events.append(await entry(event, publisher, logger))
        }
        return events
    }

    private func entry(_ event: EventContext, _ publisher: any EventPublisher, _ logger: Logger) async -> StepEvent {
        let name = event.declaration.name
        do {
            guard try await publisher.shouldPublish(event) else { return .suppressed(name) }
            let made = StepEvent(
                name, payload: try await publisher.payload(event), metadata: try await publisher.metadata(event))
            if let fault = made.isFinite ? WireJSON.fault(in: made.encoded, depth: 62) : "holds NaN or an infinity" {
                logger.error("event \(name) of step \(event.step.stepName) is not published: its payload \(fault)")
                return .suppressed(name)
            }
            return made
        } catch {
            logger.error("event \(name) of step \(event.step.stepName) is not published: \(error)")
            return .suppressed(name)
        }
    }

    /// What subscribers of this process get once `message` is confirmed.
    func local(_ declarations: [EventDeclaration], _ step: StepRequest, _ message: StepResultMessage) -> [DomainEvent] {
        guard message.status == .completed || message.status == .failed else { return [] }
        let entries = message.events.items ?? []
        return declarations.compactMap { declaration in
            guard declaration.isLocal, holds(declaration.condition, step, message) else { return nil }
            guard subscribers.hasSubscriber(for: declaration.name) else { return nil }
            let entry = entries.first { $0.member("name")?.string == declaration.name }
            if entry?.member("suppress")?.bool == true { return nil }
            let result = message.result ?? .null
            return DomainEvent(
                id: .version5(namespace: step.step.id.uuid, name: "\(step.step.attempt):\(declaration.name)"),
                name: declaration.name, payload: entry?.member("payload") ?? result, taskID: step.task.id,
                stepID: step.step.id, stepName: step.step.name, namespace: step.task.namespace,
                correlationID: step.task.correlationID, firedAt: message.completedAt ?? .current(),
                firedBy: message.worker?.id ?? "", metadata: entry?.member("metadata")?.value.objectValue ?? [:],
                execution: DomainEvent.Execution(
                    isSuccess: message.status == .completed, result: result, errorMessage: message.error?.message,
                    errorType: message.error?.errorType, milliseconds: message.executionMilliseconds))
        }
    }

    private func holds(_ condition: EventDeclaration.Condition, _ step: StepRequest, _ message: StepResultMessage)
        -> Bool
    {
        let isSuccess = message.status == .completed
        let willRetry =
            message.error?.isRetryable ?? true && step.step.isRetryable && step.step.attempt < step.step.maxAttempts
        switch condition {
        case .always: return true
        case .success: return isSuccess
        case .failure: return !isSuccess
        case .retryableFailure: return !isSuccess && willRetry
        case .permanentFailure: return !isSuccess && !willRetry
        }
    }
}
