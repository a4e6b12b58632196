import TaskerEngine
import TaskerMessaging
import TaskerProtocol
import TaskerTemplates

/// Builds the body of a step message at publish time, from the task in memory: the store keeps only that it is due.
struct DispatchComposer {
    let settings: OrchestratorSettings
    private let outcomes = OutcomeCache()

    init(settings: OrchestratorSettings) { self.settings = settings }

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
        let node = task.plan.nodes[step.node]
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
                timeoutMilliseconds: task.timeout(of: place, settings.engine), inputs: inputs(of: place, in: task),
                checkpoint: step.outgoingCheckpoint, lastAttemptedAt: step.lastAttemptedAt),
            handler: StepExecute.Handler(
                callable: node.template.handler.callable, method: node.template.handler.method,
                resolver: node.template.handler.resolver, initialization: node.initialization),
            definition: StepExecute.Definition(
                description: node.template.description, dependencies: node.template.dependencies,
                publishesEvents: node.publishesEvents, workerTemplateNames: node.workerTemplateNames),
            dependencyResults: results, omitted: omitted, limits: settings.limits)
    }

    /// The envelopes of all transitive ancestors that ran, in the order of the task's steps, and the failures of batch
    /// workers that the step goes on without.
    func dependencyResults(of place: Int, in task: WorkflowTask) -> [(name: String, envelope: RawJSON)] {
        let tolerated = Set(task.toleratedParents(of: place))
        return task.ancestors(of: place).compactMap { ancestor in
            let step = task.steps[ancestor]
            if tolerated.contains(ancestor) { return (step.name, Self.failureEnvelope(step)) }
            // A batch worker has its own cursor: with all of them in each message a batch of 10 000 would be 9 GB.
            if ancestor == task.steps[place].creators.first, task.steps[place].batchItem != nil {
                return step.envelope.map { (step.name, outcomes.withoutCursors($0, of: step.id)) }
            }
            return step.state.isSatisfied ? step.envelope.map { (step.name, $0) } : nil
        }
    }

    private static func failureEnvelope(_ step: Step) -> RawJSON {
        var writer = JSONWriter(reserving: 96 + (step.lastError?.count ?? 4))
        writer.beginObject()
        writer.key("status")
        writer.value("failed")
        writer.key("result")
        writer.null()
        writer.key("error")
        writer.value(step.lastError)
        writer.key("metadata")
        writer.beginObject()
        writer.endObject()
        writer.endObject()
        return RawJSON(trusting: writer.finish())
    }

    /// What a batch worker gets beside the task's context: the handler's initialization, its cursor and its set's rules
    /// (engine contract, section 7.2); for a step that goes on without some workers, their names.
    private func inputs(of place: Int, in task: WorkflowTask) -> RawJSON {
        let step = task.steps[place]
        let node = task.plan.nodes[step.node]
        let failed = task.toleratedParents(of: place).map { task.steps[$0].name }
        guard let batch = step.batchItem, let analyzer = step.creators.first else {
            return failed.isEmpty ? .emptyObject : RawJSON(["failed_batches": .array(failed.map { .string($0) })])
        }
        let configuration = task.plan.batchConfiguration(worker: step.node, analyzer: task.steps[analyzer].node)
        let own: Set<String> = ["cursor", "batch_metadata", "is_no_op", "__template_step_name"]
        var writer = JSONWriter(reserving: 256 + node.initialization.count + batch.count)
        writer.beginObject()
        node.initialization.forEachMember { name, value in
            if !own.contains(name) {
                writer.key(name)
                writer.value(value)
            }
        }
        batch.forEachMember { name, value in
            writer.key(name)
            writer.value(value)
        }
        writer.key("batch_metadata")
        writer.beginObject()
        writer.key("cursor_field")
        writer.value(configuration.cursorField)
        writer.key("failure_strategy")
        writer.value(configuration.failureStrategy.rawValue)
        writer.endObject()
        writer.key("__template_step_name")
        writer.value(node.template.name)
        writer.endObject()
        return RawJSON(trusting: writer.finish())
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
