import TaskerEngine
import TaskerMessaging
import TaskerProtocol
import TaskerTemplates

/// Builds the body of a step message at publish time, from the task in memory: the store keeps only that it is due.
struct DispatchComposer {
    let settings: OrchestratorSettings

    /// Room for everything of a message but context, inputs and results.
    private static let envelopeAllowance = 64 * 1024

    func message(for task: WorkflowTask, step place: Int, dispatch: Dispatch, token: UInt64, now: Timestamp)
        -> OutgoingMessage
    {
        let execute = body(for: task, step: place, dispatch: dispatch)
        var headers: [String: HeaderValue] = [:]
        if let parent = task.header.traceParent { headers["traceparent"] = .string(parent) }
        if let state = task.header.traceState { headers["tracestate"] = .string(state) }
        return OutgoingMessage(
            token: token, routingKey: settings.names.steps(dispatch.queue),
            properties: MessageProperties(
                messageID: dispatch.id.description, correlationID: task.header.correlationID.description,
                type: MessageKind.amqpType(MessageKind.stepExecute), replyTo: execute.replyTo,
                appID: "tasker-orchestrator", timestamp: now.milliseconds / 1000, headers: headers),
            body: execute.encoded())
    }

    private func body(for task: WorkflowTask, step place: Int, dispatch: Dispatch) -> StepExecute {
        let step = task.steps[place]
        let node = task.plan.nodes[step.place]
        let template = task.plan.template
        let header = task.header
        var results = dependencyResults(of: place, in: task)
        let bytes = results.reduce(0) { $0 + $1.envelope.count + $1.name.utf8.count + 4 }
        var omitted: StepExecute.Omitted?
        if bytes + header.context.count + node.initialization.count + Self.envelopeAllowance > settings.maxMessageBytes
        {
            omitted = StepExecute.Omitted(count: results.count, bytes: bytes)
            results = []
        }
        return StepExecute(
            dispatchID: dispatch.id, replyTo: settings.names.results(settings.partition),
            task: StepExecute.Task(
                id: task.id, name: template.name, namespace: template.namespace, version: template.version,
                correlationID: header.correlationID, parentCorrelationID: header.parentCorrelationID,
                context: header.context, initiator: header.initiator, sourceSystem: header.sourceSystem,
                tags: header.tags, priority: header.priority, requestedAt: header.requestedAt),
            step: StepExecute.Step(
                id: step.id, name: step.name, templateStepName: node.template.name, type: node.template.type.rawValue,
                attempt: step.attempts, maxAttempts: node.template.retry.attemptLimit,
                isRetryable: node.template.retry.isRetryable,
                timeoutMilliseconds: task.timeout(of: place, settings.engine), inputs: .emptyObject,
                checkpoint: step.checkpoint, lastAttemptedAt: step.lastAttemptedAt),
            handler: StepExecute.Handler(
                callable: node.template.handler.callable, method: node.template.handler.method,
                resolver: node.template.handler.resolver, initialization: node.initialization),
            definition: StepExecute.Definition(
                description: node.template.description, dependencies: node.template.dependencies,
                publishesEvents: node.publishesEvents),
            dependencyResults: results, omitted: omitted, limits: settings.limits)
    }

    /// The envelopes of all transitive ancestors that ran, in the order of the task's steps.
    func dependencyResults(of place: Int, in task: WorkflowTask) -> [(name: String, envelope: RawJSON)] {
        task.ancestors(of: place).compactMap { ancestor in
            task.steps[ancestor].envelope.map { (task.steps[ancestor].name, $0) }
        }
    }

    /// One answer to a `step.fetch`: results in name order, at least one, about a page in bytes.
    func page(of place: Int, in task: WorkflowTask, after name: String?, dispatch: DispatchID) -> StepDependencies {
        let rest = dependencyResults(of: place, in: task)
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
            .drop { result in name.map { !$0.utf8.lexicographicallyPrecedes(result.name.utf8) } ?? false }
        var bytes = 0
        var page: [(name: String, envelope: RawJSON)] = []
        for result in rest {
            if !page.isEmpty, bytes + result.envelope.count > settings.dependencyPageBytes { break }
            page.append(result)
            bytes += result.envelope.count
        }
        return StepDependencies(
            dispatchID: dispatch, dependencyResults: page, next: page.count < rest.count ? page.last?.name : nil)
    }
}
