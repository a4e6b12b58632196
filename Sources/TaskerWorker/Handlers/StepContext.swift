import Logging
import Synchronization

/// The message a context is built from.
public typealias StepRequest = StepExecute

/// What a handler is called with: the task's input, the results of the steps before it, and its own step.
public struct StepContext: Sendable {
    /// The message itself, for what has no accessor here.
    public let request: StepRequest
    let link: HandlerLink

    /// A context without a worker around it, for tests of handlers.
    public init(request: StepRequest) { self.init(request: request, link: HandlerLink()) }

    init(request: StepRequest, link: HandlerLink) {
        self.request = request
        self.link = link
    }

    // MARK: - Identity

    public var taskID: TaskID { request.task.id }
    public var stepID: StepID { request.step.id }
    public var dispatchID: DispatchID { request.dispatchID }
    public var correlationID: String { request.task.correlationID.description }
    public var taskName: String { request.task.name }
    public var namespace: String { request.task.namespace }
    public var stepName: String { request.step.name }
    /// The callable the template names.
    public var handlerName: String { request.handler.callable }

    /// The caller's span, nil when the task was created without one. It goes out unchanged with the step's result.
    public var traceParent: TraceParent? { link.traceParent }

    /// The worker's logger with the members `task`, `step`, `attempt` and, in a trace, `trace_id`.
    public var logger: Logger {
        var logger = link.logger
        logger[metadataKey: "task"] = "\(taskID)"
        logger[metadataKey: "step"] = "\(stepName)"
        logger[metadataKey: "attempt"] = "\(request.step.attempt)"
        if let traceParent { logger[metadataKey: "trace_id"] = "\(traceParent.traceID)" }
        return logger
    }

    // MARK: - Attempts

    /// Attempts finished before this one: 0 on the first run. A dispatch after a checkpoint is no new attempt.
    public var retryCount: Int { max(0, request.step.attempt - 1) }
    /// At least 1.
    public var maximumAttempts: Int { max(1, request.step.maxAttempts) }
    public var isRetry: Bool { retryCount > 0 }
    public var isLastAttempt: Bool { retryCount >= maximumAttempts - 1 }

    // MARK: - Progress

    /// The last accepted checkpoint, nil when there is none.
    public var checkpoint: Checkpoint? { request.step.checkpoint.map { Checkpoint($0) } }

    /// True once the task was cancelled or the step's time is over: stop early. A handler that throws then ends as
    /// `cancelled` or `timeout`; one that returns has its result sent.
    public var isCancelled: Bool { link.stopReason != nil }

    /// Why ``isCancelled`` is true.
    package var stopReason: StopReason? { link.stopReason }

    /// Tells the orchestrator how far the handler is; goes out with the next heartbeat.
    public func reportProgress(_ done: Double, of total: Double? = nil, message: String? = nil) {
        link.report(StepHeartbeat.Progress(done: done, total: total, message: message))
    }
}

/// Why a running handler should stop.
package enum StopReason: Sendable, Hashable {
    case cancelled, timedOut, interrupted
}

/// What a running handler and its worker share: the request to stop, and progress.
final class HandlerLink: Sendable {
    private struct State {
        var stopReason: StopReason?
        var progress: StepHeartbeat.Progress?
    }

    private let state = Mutex(State())
    let traceParent: TraceParent?
    let logger: Logger

    init(traceParent: TraceParent? = nil, logger: Logger = Logger(label: "tasker.worker")) {
        self.traceParent = traceParent
        self.logger = logger
    }

    var stopReason: StopReason? { state.withLock { $0.stopReason } }
    var progress: StepHeartbeat.Progress? { state.withLock { $0.progress } }

    /// The first reason stays.
    func stop(_ reason: StopReason) { state.withLock { $0.stopReason = $0.stopReason ?? reason } }
    func report(_ progress: StepHeartbeat.Progress) { state.withLock { $0.progress = progress } }
}
