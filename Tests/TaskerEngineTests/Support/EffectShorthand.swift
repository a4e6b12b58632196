import TaskerProtocol
import Testing

@testable import TaskerEngine

/// A task's transition: its line of history, and its row.
func taskMoves(_ from: TaskState, _ to: TaskState, _ event: String) -> [Effect] {
    [.journal(.task(from: from, to: to, event: event)), .taskChanged]
}

/// A step's transition.
func stepMoves(
    _ place: Int, _ from: StepState, _ to: StepState, attempt: Int = 1, _ dispatch: DispatchID? = nil,
    detail: String? = nil
) -> [Effect] {
    [
        .journal(.step(place: place, from: from, to: to, attempt: attempt, dispatch: dispatch, detail: detail)),
        .stepChanged(place),
    ]
}

/// The first dispatch of an attempt.
func dispatches(_ place: Int, _ dispatch: DispatchID, attempt: Int = 1, from: StepState = .pending) -> [Effect] {
    [.dispatch(step: place, dispatch)] + stepMoves(place, from, .enqueued, attempt: attempt, dispatch)
}

/// The task goes round once more because steps are ready.
func taskDispatches(from: TaskState = .stepsInProcess, _ event: String = "StepCompleted") -> [Effect] {
    taskMoves(from, .evaluatingResults, event) + taskMoves(.evaluatingResults, .enqueuingSteps, "ReadyStepsFound")
        + taskMoves(.enqueuingSteps, .stepsInProcess, "StepsEnqueued")
}

/// A message from a worker in the audit.
func audited(
    _ place: Int, _ disposition: AuditRecord.Disposition, _ status: String, _ dispatch: DispatchID?,
    from: StepState, to: StepState, attempt: Int = 1, ms: Int64 = 12, errorType: String? = nil, message: String? = nil
) -> [Effect] {
    [
        .journal(
            .audit(
                AuditRecord(
                    place: place, disposition: disposition, attempt: attempt, dispatch: dispatch, status: status,
                    fromState: from, toState: to, workerID: worker.id, workerLanguage: worker.language,
                    executionMilliseconds: ms, errorType: errorType, message: message)))
    ]
}

/// The engine's own decision to send again, in the audit.
func auditedResend(
    _ place: Int, _ dispatch: DispatchID?, because reason: String, in state: StepState = .enqueued, attempt: Int = 1,
    worker: String? = nil
) -> [Effect] {
    [
        .journal(
            .audit(
                AuditRecord(
                    place: place, disposition: .automatic, attempt: attempt, dispatch: dispatch, status: "resend",
                    fromState: state, toState: state, workerID: worker, message: reason)))
    ]
}

/// Silence closed the attempt.
func auditedSilence(
    _ place: Int, _ dispatch: DispatchID, from: StepState, attempt: Int = 1, type: String, _ message: String,
    by worker: WorkerIdentity? = nil
) -> [Effect] {
    [
        .journal(
            .audit(
                AuditRecord(
                    place: place, disposition: .automatic, attempt: attempt, dispatch: dispatch, status: "failed",
                    fromState: from, toState: .enqueuedAsErrorForOrchestration, workerID: worker?.id,
                    workerLanguage: worker?.language, errorType: type, message: message)))
    ]
}

func expect(
    _ effects: [Effect], _ expected: [Effect]..., sourceLocation: SourceLocation = #_sourceLocation
) {
    let expected = expected.flatMap { $0 }
    guard effects != expected else { return }
    var lines: [String] = []
    for index in 0..<max(effects.count, expected.count) {
        let actual = effects.indices.contains(index) ? "\(effects[index])" : "-"
        let wanted = expected.indices.contains(index) ? "\(expected[index])" : "-"
        lines.append(actual == wanted ? "    \(actual)" : "  ! \(actual)\n  instead of\n    \(wanted)")
    }
    Issue.record("effects differ:\n\(lines.joined(separator: "\n"))", sourceLocation: sourceLocation)
}

extension [Effect] {
    var withoutAudit: [Effect] {
        filter {
            if case .journal(.audit) = $0 { return false }
            return true
        }
    }

    /// The dispositions in the audit, in order.
    var dispositions: [AuditRecord.Disposition] {
        compactMap {
            if case .journal(.audit(let record)) = $0 { return record.disposition }
            return nil
        }
    }

    var minted: [DispatchID] {
        compactMap {
            if case .dispatch(_, let id) = $0 { return id }
            return nil
        }
    }

    var retryDue: Timestamp? {
        for case .setTimer(_, .retry, let due) in self { return due }
        return nil
    }

    var resendDue: Timestamp? {
        for case .setTimer(_, .resend, let due) in self { return due }
        return nil
    }
}
