import TaskerProtocol
import TaskerTemplates

/// Limits for tasks whose template states none (engine contract, section 11). By default they only report: a backlog
/// without workers overnight must not fail every task.
public struct StalenessSettings: Sendable, Hashable {
    public var waitingForDependencies: Duration = .seconds(60 * 60)
    public var waitingForRetry: Duration = .seconds(30 * 60)
    public var stepsInProcess: Duration = .seconds(30 * 60)
    /// `pending`, `initializing`, `enqueuing_steps`, `evaluating_results`.
    public var transient: Duration = .seconds(10 * 60)
    public var taskLifetime: Duration = .seconds(24 * 60 * 60)
    /// What the limits above do.
    public var defaultAction = StalenessAction.none
    /// Report only, whatever a template says.
    public var isDryRun = false

    public init() {}
}

/// How long a task has been where it is, against its limit.
public struct StalenessFinding: Sendable, Hashable {
    public enum Limit: String, Sendable {
        case taskLifetime = "task_lifetime"
        case timeInState = "time_in_state"
    }

    public var limit: Limit
    public var state: TaskState
    public var elapsed: Duration
    public var threshold: Duration
    /// The template's `lifecycle` states this limit.
    public var isStated: Bool
    public var makesDeadLetter: Bool
    public var endsTask: Bool

    public var isStale: Bool { elapsed >= threshold }

    /// It does more than report.
    public var acts: Bool { makesDeadLetter || endsTask }

    /// `healthy` below 80 % of the threshold, `warning` below it, else `stale`.
    public var health: String {
        if isStale { return "stale" }
        return elapsed * 5 >= threshold * 4 ? "warning" : "healthy"
    }
}

extension WorkflowTask {
    /// The limit that is nearest to be passed, or has been passed longest ago; nil for a task that is never stale. One
    /// that has passed and acts comes before those that only report.
    public func staleness(at now: Timestamp, _ settings: EngineSettings) -> StalenessFinding? {
        guard !state.isTerminal else { return nil }
        let findings = [lifetime(at: now, settings.staleness), timeInState(at: now, settings)].compactMap(\.self)
        let acting = findings.filter { $0.isStale && $0.acts }
        return (acting.isEmpty ? findings : acting)
            .max { left, right in left.elapsed - left.threshold < right.elapsed - right.threshold }
    }

    /// When a limit that acts will have passed, nil when none does.
    public func staleDue(at now: Timestamp, _ settings: EngineSettings) -> Timestamp? {
        guard !state.isTerminal else { return nil }
        return [lifetime(at: now, settings.staleness), timeInState(at: now, settings)].compactMap(\.self)
            .filter(\.acts)
            .map { now.advanced(by: $0.threshold - $0.elapsed) }.min()
    }

    private func lifetime(at now: Timestamp, _ settings: StalenessSettings) -> StalenessFinding? {
        let stated = plan.template.lifecycle?.maxDurationMinutes
        // Somebody has to act on a blocked task: only a limit that its author wrote down ends that.
        if state == .blockedByFailures, stated == nil { return nil }
        return finding(
            .taskLifetime, since: header.createdAt, at: now,
            stated.map { .seconds($0 * 60) } ?? settings.taskLifetime, isStated: stated != nil, settings)
    }

    private func timeInState(at now: Timestamp, _ settings: EngineSettings) -> StalenessFinding? {
        let lifecycle = plan.template.lifecycle
        let limits = settings.staleness
        switch state {
        case .waitingForDependencies:
            let stated = lifecycle?.maxWaitingForDependenciesMinutes
            return finding(
                .timeInState, since: updatedAt, at: now,
                stated.map { .seconds($0 * 60) } ?? limits.waitingForDependencies, isStated: stated != nil, limits)
        case .waitingForRetry:
            let stated = lifecycle?.maxWaitingForRetryMinutes
            let planned = steps.compactMap(\.retryAt).min() ?? updatedAt
            return finding(
                .timeInState, since: max(planned, updatedAt), at: now,
                stated.map { .seconds($0 * 60) } ?? limits.waitingForRetry, isStated: stated != nil, limits)
        case .stepsInProcess:
            let stated = lifecycle?.maxStepsInProcessMinutes
            let running = steps.indices.filter { steps[$0].state == .inProgress }
            let longest = running.map { timeout(of: $0, settings) }.max() ?? 0
            let threshold = max(
                stated.map { .seconds($0 * 60) } ?? limits.stepsInProcess, .milliseconds(longest))
            return finding(.timeInState, since: lastProgress, at: now, threshold, isStated: stated != nil, limits)
        case .pending, .initializing, .enqueuingSteps, .evaluatingResults:
            return finding(.timeInState, since: updatedAt, at: now, limits.transient, isStated: false, limits)
        default: return nil
        }
    }

    /// The newest start, heartbeat, result or checkpoint.
    private var lastProgress: Timestamp {
        steps.reduce(updatedAt) { newest, step in
            max(newest, step.updatedAt, step.dispatch?.lastHeartbeatAt ?? step.updatedAt)
        }
    }

    private func finding(
        _ limit: StalenessFinding.Limit, since start: Timestamp, at now: Timestamp, _ threshold: Duration,
        isStated: Bool, _ settings: StalenessSettings
    ) -> StalenessFinding {
        let lifecycle = plan.template.lifecycle
        let action = isStated ? lifecycle?.stalenessAction ?? .deadLetter : settings.defaultAction
        // The template's overrides are for the limits that it states, and for the others when those act at all.
        let mayAct = !settings.isDryRun && (isStated || action != .none)
        return StalenessFinding(
            limit: limit, state: state, elapsed: .milliseconds(max(0, now.millisecondsSince(start))),
            threshold: threshold, isStated: isStated,
            makesDeadLetter: mayAct && (lifecycle?.autoDeadLetterOnTimeout ?? (action == .deadLetter)),
            endsTask: mayAct && (lifecycle?.autoFailOnTimeout ?? (action != .none)))
    }

    /// Ends a task that has passed a limit. The finding is looked at again: it may have moved on meanwhile.
    mutating func endAsStale(_ finding: StalenessFinding, _ context: inout EngineContext) {
        guard let current = staleness(at: context.now, context.settings), current.isStale else { return }
        guard current.acts else {
            effects.append(.remark(.stale(current)))
            return
        }
        let minutes = current.elapsed.wholeMilliseconds / 60_000
        let what =
            current.limit == .taskLifetime
            ? "the task is \(minutes) min old" : "\(minutes) min in \(current.state.rawValue)"
        let failure = StepFailure(
            message: "stale: \(what), the limit is \(current.threshold.wholeMilliseconds / 60_000) min",
            errorType: "staleness_timeout", isRetryable: false)
        // Also when no step is in flight.
        if current.makesDeadLetter, deadLetter?.resolution != .pending {
            makeDeadLetter(.stalenessTimeout, failures: [], threshold: current.threshold, &context)
        }
        guard current.endsTask else { return }
        for place in steps.indices where steps[place].state.isInFlight {
            if let dispatch = steps[place].dispatch, dispatch.publication != .parked {
                effects.append(.cancelNotice(step: place, dispatch.id, reason: failure.errorType))
            }
            retireDispatch(place, as: .superseded, &context)
            clearResend(place)
            leaveQuarantine(place, &context)
            steps[place].lastFailureAt = context.now
            steps[place].lastError = failure.encoded
            move(place, to: .enqueuedAsErrorForOrchestration, context)
            move(place, to: .error, context, detail: failure.errorType)
            if current.makesDeadLetter { recordDeadLetter(place, .stalenessTimeout, failure, &context) }
        }
        setsToAdmit = []
        ripe = []
        move(to: .error, because: "StaleTimeout", context)
    }
}
