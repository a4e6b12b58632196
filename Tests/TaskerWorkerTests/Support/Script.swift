import TaskerMessaging
import TaskerProtocol

@testable import TaskerWorker

/// Feeds a machine and gives back what it wants done. Tokens of publishes count from 1.
struct Script {
    var machine: DeliveryMachine
    var now = Timestamp(milliseconds: 1_700_000_000_000)

    static let worker = WorkerIdentity(id: "w-1", language: "swift", sdk: "tasker-swift/test", hostname: "host")

    init(slots: Int = 1, timing: DeliveryTiming = DeliveryTiming()) {
        machine = DeliveryMachine(slots: slots, worker: Self.worker, timing: timing)
    }

    /// A machine that consumes on connection 1 and has said hello (token 1).
    static func consuming(slots: Int = 1) -> Script {
        var script = Script(slots: slots)
        script(.publisherReady)
        script(.begin)
        script(.controlStarted)
        script(.published(token: 1, .confirmed))
        return script
    }

    @discardableResult
    mutating func callAsFunction(_ event: MachineEvent) -> [MachineEffect] { machine.handle(event, at: now) }

    @discardableResult
    mutating func deliver(
        _ step: StepExecute, _ tag: DeliveryTag, before: Bool = false, known: Bool = true, count: Int64? = nil
    )
        -> [MachineEffect]
    {
        self(
            .delivered(
                Arrival(
                    tag: tag, wasDeliveredBefore: before, deliveryCount: count,
                    content: .step(step, trace: [:], isHandlerKnown: known))))
    }

    @discardableResult
    mutating func deliver(unreadable message: UnreadableMessage, _ tag: DeliveryTag, before: Bool = false)
        -> [MachineEffect]
    {
        self(
            .delivered(Arrival(tag: tag, wasDeliveredBefore: before, deliveryCount: nil, content: .unreadable(message)))
        )
    }

    /// The effects of starting a step whose slot is free.
    func starting(_ step: StepExecute) -> [MachineEffect] {
        [.setTimer(.acknowledgeBy(step.dispatchID), .seconds(600))] + running(step)
    }

    func running(_ step: StepExecute) -> [MachineEffect] {
        [
            .run(step), .setTimer(.heartbeat(step.dispatchID), .seconds(1)),
            .setTimer(.timeout(step.dispatchID), .seconds(30)),
        ]
    }

    func abandoned(
        _ step: StepExecute, _ reason: String, count: Int64? = nil, startedAt: Timestamp? = nil, took: Int64 = 0
    ) -> StepResultMessage {
        let text = [
            "redelivered": "not run: the broker had delivered this message before",
            "worker_shutdown": "not started: the worker is shutting down",
            "worker_busy": "not started: all slots of the worker are taken",
            "cancelled": "not started: the step was cancelled",
            "handler_not_found": "this worker has no handler \"Echo\"",
            "interrupted": "stopped: the worker had to leave and the grace period was over",
        ]
        return StepResultMessage(
            dispatchID: step.dispatchID, taskID: step.task.id, stepID: step.step.id, status: .abandoned,
            error: StepFailure(message: text[reason] ?? "", errorType: reason, isRetryable: true),
            metadata: count.map { RawJSON(["delivery_count": .integer($0)]) } ?? .emptyObject, startedAt: startedAt,
            completedAt: now, executionMilliseconds: took, worker: Self.worker)
    }

    func heartbeat(
        _ step: StepExecute, _ sequence: Int64, detached: Bool = false, persistent: Bool = false,
        startedAt: Timestamp? = nil
    ) -> Parcel {
        .heartbeat(
            Dispatch(step, trace: [:]),
            StepHeartbeat(
                dispatchID: step.dispatchID, taskID: step.task.id, stepID: step.step.id, startedAt: startedAt ?? now,
                sequence: sequence, isDetached: detached, worker: Self.worker), isPersistent: persistent)
    }

    func hello(_ sequence: Int64 = 0, running: [StepExecute] = []) -> Parcel {
        .announcement(
            Announcement(
                kind: .hello, sequence: sequence, running: running.map(entry), processedTotal: 0, failedTotal: 0,
                status: .active, reason: nil))
    }

    func entry(_ step: StepExecute) -> WorkerAnnouncement.Running {
        WorkerAnnouncement.Running(dispatchID: step.dispatchID, stepID: step.step.id, startedAt: now)
    }

    func bye(_ sequence: Int64 = 1, processed: Int64 = 0) -> Parcel {
        .announcement(
            Announcement(
                kind: .bye, sequence: sequence, running: [], processedTotal: processed, failedTotal: 0,
                status: .draining,
                reason: "SIGTERM"))
    }
}

/// Answers as a parcel to the step's dispatch.
func answer(_ step: StepExecute, _ message: StepResultMessage) -> Parcel {
    .answer(Dispatch(step, trace: [:]), message)
}

func completed(_ step: StepExecute) -> StepResultMessage {
    StepResultMessage(
        dispatchID: step.dispatchID, taskID: step.task.id, stepID: step.step.id, status: .completed,
        result: .emptyObject,
        worker: Script.worker)
}

func failed(_ step: StepExecute) -> StepResultMessage {
    StepResultMessage(
        dispatchID: step.dispatchID, taskID: step.task.id, stepID: step.step.id, status: .failed,
        error: StepFailure(message: "no", errorType: "handler_error", isRetryable: true), worker: Script.worker)
}

/// A delivery on connection `epoch`.
func tag(_ number: UInt64, epoch: UInt64 = 1, consumer: UInt64 = 7) -> DeliveryTag {
    DeliveryTag(epoch: epoch, consumer: ConsumerID(consumer), tag: number)
}

/// A step message with ids made of its number.
func makeStep(
    _ number: UInt64, callable: String = "Echo", method: String? = nil, context: JSONValue = [:],
    initialization: JSONValue = [:], dependencies: [(name: String, envelope: RawJSON)] = [],
    omitted: StepExecute.Omitted? = nil, attempt: Int = 1, maxAttempts: Int = 3, timeoutMilliseconds: Int64 = 30_000,
    replyTo: String = "tasker.results.0", limits: StepExecute.Limits = .init()
) -> StepExecute {
    let uuid = UUIDValue(high: 0x0189_0A5D_AC96_774B, low: 0x8000_0000_0000_0000 | number)
    return StepExecute(
        dispatchID: DispatchID(uuid), replyTo: replyTo,
        task: .init(
            id: TaskID(uuid), name: "order_processing", namespace: "ecommerce", version: "1.0.0",
            correlationID: CorrelationID(uuid), context: RawJSON(context)),
        step: .init(
            id: StepID(uuid), name: "step_\(number)", templateStepName: "step_\(number)", attempt: attempt,
            maxAttempts: maxAttempts, timeoutMilliseconds: timeoutMilliseconds),
        handler: .init(callable: callable, method: method, initialization: RawJSON(initialization)),
        dependencyResults: dependencies, omitted: omitted, limits: limits)
}
