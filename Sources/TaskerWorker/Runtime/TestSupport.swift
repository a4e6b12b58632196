/// What the test kit needs of the worker's inside.
extension HandlerRegistry {
    package func run(_ context: StepContext) async -> (message: StepResultMessage, events: [DomainEvent]) {
        let step = context.request
        let worker = WorkerIdentity(id: "test", language: "swift", sdk: WorkerIdentity.swiftSDK, hostname: "test")
        guard let entry = entry(for: step.handler) else {
            let message = StepResultMessage(
                dispatchID: step.dispatchID, taskID: step.task.id, stepID: step.step.id, status: .abandoned,
                error: StepFailure(
                    message: "there is no handler \(step.handler.described)", errorType: ErrorType.handlerNotFound,
                    isRetryable: true), worker: worker)
            return (message, [])
        }
        let run = await StepRunner(worker: worker).run(step, entry, context.link, hooks)
        return (run.message, run.events)
    }
}

extension StepContext {
    package func stop() { link.stop(.cancelled) }
    package var lastProgress: StepHeartbeat.Progress? { link.progress }
}

extension StepRequest.Handler {
    /// For messages: the callable with its method and resolver.
    var described: String {
        var text = "\"\(callable)\""
        if let method, method != "call" { text += " with the method \"\(method)\"" }
        if let resolver { text += " by the resolver \"\(resolver)\"" }
        return text
    }
}
