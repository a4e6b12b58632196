import TaskerEngine
import TaskerProtocol
import TaskerStore

/// A seeded stream of events that could happen to a task: every run of a seed is the same run.
struct RandomEvents {
    private var random: SplitMix64
    private var context: EngineContext

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        context = .test(seed: seed)
    }

    /// Lets one event happen.
    mutating func change(of task: inout WorkflowTask) -> TaskChange {
        context.now = context.now.advanced(byMilliseconds: Int64(random.below(400)))
        context.publishesAtOnce = random.below(4) != 0
        context.routing = TestRouting(unrouted: random.below(5) == 0 ? ["Confirm", "Reserve"] : [])
        let event = self.event(for: task)
        let effects = task.apply(event, in: &context)
        return TaskChange(task, effects)
    }

    /// What a new orchestrator does with a task that it has loaded.
    mutating func restart(_ task: inout WorkflowTask) { _ = task.apply(.silenceCountsAnew, in: &context) }

    private mutating func event(for task: WorkflowTask) -> Event {
        if task.state == .pending { return .start }
        let place = Int(random.below(UInt64(task.steps.count)))
        let step = task.steps[place]
        guard let dispatch = step.dispatch else {
            let timers = task.timers.filter { $0.step == place }
            if let timer = timers.first {
                context.now = max(context.now, timer.due)
                return .timer(step: place, timer.timer, due: timer.due)
            }
            if step.state == .complete, random.below(3) == 0 {
                return .result(step: place, late(.completed, task, place))
            }
            return .holdsMayEnd
        }
        switch random.below(24) {
        case 0...4: return .result(step: place, answer(.completed, task, place))
        case 5, 6: return .result(step: place, answer(.checkpoint, task, place))
        case 7: return .result(step: place, failure(task, place, "TimeoutError", retryable: true))
        case 8: return .result(step: place, abandon(task, place, ErrorType.redelivered))
        case 9: return .result(step: place, abandon(task, place, ErrorType.handlerNotFound))
        case 10: return .result(step: place, abandon(task, place, ErrorType.workerShutdown))
        case 11: return .result(step: place, late(.failed, task, place))
        case 12...15: return .heartbeat(step: place, heartbeat(task, place, detached: random.below(2) == 0))
        case 16, 17:
            context.publishSequence += 1
            return .publishing(step: place, dispatch.id, .begun(sequence: context.publishSequence))
        case 18: return .publishing(step: place, dispatch.id, .confirmed)
        case 19: return .publishing(step: place, dispatch.id, .inDoubt)
        case 20: return .publishing(step: place, dispatch.id, .notSent)
        case 21: return .dispatchLost(step: place, dispatch.id)
        case 22 where random.below(12) == 0: return .cancel(reason: "no longer wanted", actor: "anna")
        default:
            let silence = StepTimer.allCases.first { task.due(of: $0, step: place) != nil }
            guard let silence, let due = task.due(of: silence, step: place) else {
                return .publishing(step: place, dispatch.id, .confirmed)
            }
            // The clock stands: what is due when is counted anew after a restart.
            return .timer(step: place, silence, due: due)
        }
    }

    private func answer(_ status: StepResultMessage.Status, _ task: WorkflowTask, _ place: Int) -> StepResultMessage {
        .answer(
            status, to: task, step: place, result: ["amount": .double(12.5), "name": "Öl ✓"],
            checkpoint: ["cursor": .integer(context.now.milliseconds), "items_processed": 3])
    }

    private func failure(
        _ task: WorkflowTask, _ place: Int, _ type: String, retryable: Bool
    ) -> StepResultMessage {
        .answer(
            .failed, to: task, step: place,
            error: StepFailure(message: "it broke\nbadly", errorType: type, isRetryable: retryable))
    }

    private func abandon(_ task: WorkflowTask, _ place: Int, _ reason: String) -> StepResultMessage {
        .answer(.abandoned, to: task, step: place, error: StepFailure(message: "gone", errorType: reason))
    }

    private mutating func late(
        _ status: StepResultMessage.Status, _ task: WorkflowTask, _ place: Int
    ) -> StepResultMessage {
        var message = answer(status, task, place)
        message.error = StepFailure(message: "late", errorType: "x")
        message.dispatchID = task.steps[place].pastDispatches.last?.id ?? context.ids.nextID(at: context.now)
        return message
    }

    private func heartbeat(_ task: WorkflowTask, _ place: Int, detached: Bool) -> StepHeartbeat {
        StepHeartbeat(
            dispatchID: task.steps[place].dispatch?.id ?? DispatchID(UUIDValue(high: 0, low: 0)), taskID: task.id,
            stepID: task.steps[place].id, startedAt: context.now, sequence: 1, isDetached: detached,
            worker: StepResultMessage.worker)
    }
}

/// Public-domain generator of Sebastiano Vigna; small and repeatable.
struct SplitMix64 {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func below(_ bound: UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return (z ^ (z >> 31)) % bound
    }
}
