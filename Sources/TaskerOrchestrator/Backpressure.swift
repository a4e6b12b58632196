import TaskerProtocol

/// Past which backlogs new tasks are refused, so that what was accepted gets done (REST contract, section 1.6).
public struct BackpressureLimits: Sendable, Hashable {
    /// Messages not yet confirmed by the broker.
    public var outbox = 20_000
    /// Steps in flight, held or waiting for a retry.
    public var openSteps = 50_000
    /// Unfinished tasks of one namespace.
    public var openTasksPerNamespace = 10_000

    public init() {}
}

extension Coordinator {
    /// - Throws: ``OrchestratorError`` `backpressure`.
    func checkBacklog(namespace: String) throws(OrchestratorError) {
        let limits = settings.backpressure
        let tasks = openTasks[namespace] ?? 0
        if tasks >= limits.openTasksPerNamespace {
            throw refusal(
                "namespace \(namespace) has \(tasks) unfinished tasks already; the limit is \(limits.openTasksPerNamespace)",
                over: tasks - limits.openTasksPerNamespace, perMinute: tasksEnded.perMinute(at: now))
        }
        if open.count >= limits.openSteps {
            throw refusal(
                "\(open.count) steps are open already; the limit is \(limits.openSteps)",
                over: open.count - limits.openSteps, perMinute: stepsAnswered.perMinute(at: now))
        }
        let outbox = outboxDepth
        if outbox >= limits.outbox {
            throw refusal(
                "\(outbox) messages wait for the broker already; the limit is \(limits.outbox)",
                over: outbox - limits.outbox, perMinute: messagesConfirmed.perMinute(at: now))
        }
    }

    /// - Parameter over: how much must go before there is room.
    /// - Parameter rate: what went within the last minute.
    private func refusal(_ message: String, over: Int, perMinute rate: Int) -> OrchestratorError {
        var error = OrchestratorError(.backpressure, message, hint: "Try again later, or add workers")
        // Room for one is soon taken by somebody else: a hundred more are waited for.
        error.retryAfterSeconds = rate == 0 ? 60 : min(60, max(1, (over + 100) * 60 / rate))
        return error
    }
}
