import TaskerProtocol

@testable import TaskerEngine

/// Broker and workers as far as the engine can feel them: copies of messages in queues, handlers that run, messages on
/// their way to the orchestrator. It obeys the wire protocol (a redelivered message is never run) and does every harm
/// that the protocol allows: losing, delaying, duplicating, dying.
struct World {
    /// A message in a queue.
    struct Copy {
        var place: Int
        var dispatch: DispatchID
        var wasDelivered = false
    }

    /// A handler at work.
    struct Run {
        var place: Int
        var dispatch: DispatchID
        /// The worker can still ack.
        var holdsDelivery = true
        var heartbeats: Int64 = 0
    }

    /// Begun and to be published.
    var relay: [(place: Int, dispatch: DispatchID)] = []
    var parked: [(place: Int, dispatch: DispatchID)] = []
    /// What the relay will tell.
    var reports: [(place: Int, dispatch: DispatchID, report: PublishingReport)] = []
    var copies: [Copy] = []
    var runs: [Run] = []
    /// Published to the results queue and not yet read.
    var inbox: [Event] = []
    /// Handler starts, by dispatch.
    var starts: [DispatchID: Int] = [:]
    /// What the handlers of completed and failed dispatches said.
    var answers: [DispatchID: Answer] = [:]

    func isAnywhere(_ dispatch: DispatchID) -> Bool {
        copies.contains { $0.dispatch == dispatch } || runs.contains { $0.dispatch == dispatch }
            || relay.contains { $0.dispatch == dispatch } || reports.contains { $0.dispatch == dispatch }
    }

    // MARK: - What a worker sends

    static let worker = WorkerIdentity(id: "w", language: "swift", sdk: "s", hostname: "h")

    private func result(
        _ place: Int, _ dispatch: DispatchID, _ task: TaskID, _ step: StepID, _ status: StepResultMessage.Status,
        error: StepFailure? = nil, result: RawJSON? = nil, checkpoint: RawJSON? = nil, isRun: Bool = true,
        events: RawJSON = .emptyArray, at now: Timestamp
    ) -> Event {
        .result(
            step: place,
            StepResultMessage(
                dispatchID: dispatch, taskID: task, stepID: step, status: status, result: result, error: error,
                checkpoint: checkpoint, events: events, startedAt: isRun ? now : nil,
                executionMilliseconds: isRun ? 5 : 0,
                worker: Self.worker))
    }

    mutating func answer(_ copy: Copy, _ reason: String, _ task: WorkflowTask, at now: Timestamp) {
        inbox.append(
            result(
                copy.place, copy.dispatch, task.id, task.steps[copy.place].id, .abandoned,
                error: StepFailure(message: "", errorType: reason), isRun: reason == ErrorType.interrupted, at: now))
    }

    mutating func heartbeat(_ index: Int, _ task: WorkflowTask, at now: Timestamp) {
        runs[index].heartbeats += 1
        let run = runs[index]
        inbox.append(
            .heartbeat(
                step: run.place,
                StepHeartbeat(
                    dispatchID: run.dispatch, taskID: task.id, stepID: task.steps[run.place].id, startedAt: now,
                    sequence: run.heartbeats, isDetached: !run.holdsDelivery, worker: Self.worker)))
    }

    enum Outcome {
        case completed(Answer)
        case failed(StepFailure, Answer)
        case checkpoint(Int)
        case interrupted
    }

    /// The handler is done; its result goes out. The delivery is acked, or comes back if the connection is cut just then.
    mutating func finish(_ index: Int, _ outcome: Outcome, cutsBeforeAck: Bool, _ task: WorkflowTask, at now: Timestamp)
    {
        let run = runs.remove(at: index)
        let step = task.steps[run.place]
        switch outcome {
        case .completed(let answer):
            answers[run.dispatch] = answer
            inbox.append(
                result(
                    run.place, run.dispatch, task.id, step.id, .completed,
                    result: answer.outcome.result(by: step.name, isBad: answer.isBad), events: answer.sent, at: now))
        case .failed(let failure, let answer):
            answers[run.dispatch] = answer
            inbox.append(
                result(
                    run.place, run.dispatch, task.id, step.id, .failed, error: failure, events: answer.sent, at: now))
        case .checkpoint(let cursor):
            let progress = RawJSON(["cursor": .integer(Int64(cursor)), "items_processed": .integer(Int64(cursor))])
            inbox.append(result(run.place, run.dispatch, task.id, step.id, .checkpoint, checkpoint: progress, at: now))
        case .interrupted:
            answer(Copy(place: run.place, dispatch: run.dispatch), ErrorType.interrupted, task, at: now)
        }
        if run.holdsDelivery, cutsBeforeAck { comeBack(run) }
    }

    /// Its worker is gone: the broker delivers the message again, if the worker still held it.
    mutating func die(_ index: Int) {
        let run = runs.remove(at: index)
        if run.holdsDelivery { comeBack(run) }
    }

    /// The worker lost its connection and runs on.
    mutating func cut(_ index: Int) {
        guard runs[index].holdsDelivery else { return }
        comeBack(runs[index])
        runs[index].holdsDelivery = false
    }

    private mutating func comeBack(_ run: Run) {
        copies.append(Copy(place: run.place, dispatch: run.dispatch, wasDelivered: true))
    }
}

extension Answer {
    /// The message's `events`.
    var sent: RawJSON {
        let entries: [JSONValue] = events.map { name, event in
            switch event {
            case .suppressed: ["name": .string(name), "suppress": true]
            case .payload(let isValid): ["name": .string(name), "payload": isValid ? ["by": 1] : [:]]
            }
        }
        return RawJSON(.array(entries))
    }
}
