import TaskerProtocol
import TaskerTemplates

@testable import TaskerEngine

extension Witness {
    /// 1, 2, 14, 18, 22, 23, 30: parents, attempts, fresh ids, holds, checkpoints, what a handler will see.
    mutating func dispatched(
        _ place: Int, _ id: DispatchID, _ effects: [Effect], before: WorkflowTask, after: WorkflowTask,
        starts: [DispatchID: Int]
    ) throws(Violation) {
        try require(14, !isEndedByHand, "step \(place) was dispatched after the end")
        try require(2, minted.insert(id).inserted, "two dispatches share \(id)")
        dispatches.append((place, id, budgets[place] ?? 0))
        let known = after.steps[place].outgoingCheckpoint
        try require(
            23, known?.member("cursor") == checkpoints[place] && known?.member("history") == nil,
            "step \(place) begins at \(known?.text ?? "the start") instead of \(checkpoints[place]?.text ?? "there")")
        try inspectInputs(place, after)
        let attempt = after.steps[place].attempts
        let last = lastAttempt[place] ?? 0
        try require(2, attempt == last || attempt == last + 1, "step \(place) went from attempt \(last) to \(attempt)")
        lastAttempt[place] = attempt
        guard attempt == last else {
            try require(18, !waits[place], "\(names[place]) was dispatched while a dependency was undetermined")
            try require(
                1, hasAllItNeeds(place), "step \(place) was dispatched before its parents were satisfied")
            return try require(22, !isHeldByFailure(place), "\(names[place]) was begun although a sibling had failed")
        }
        try resent(place, id, effects, before: before, starts: starts)
    }

    private mutating func resent(
        _ place: Int, _ id: DispatchID, _ effects: [Effect], before: WorkflowTask, starts: [DispatchID: Int]
    ) throws(Violation) {
        var resend: AuditRecord?
        for case .journal(.audit(let record)) in effects where record.place == place && record.status == "resend" {
            resend = record
        }
        guard let resend else { throw Violation(2, "the attempt of step \(place) was sent again without a reason") }
        let previous = before.steps[place].dispatch?.id ?? before.steps[place].pastDispatches.last?.id
        switch resend.message {
        case "publish in doubt", "nacked":
            if let previous { firstCopies.insert(previous) }
            if let previous, continuations.contains(previous) { continuations.insert(id) }
        case "checkpoint": continuations.insert(id)
        case ErrorType.workerBusy, ErrorType.workerShutdown, ErrorType.handlerNotFound:
            try require(
                2, previous.map { starts[$0] ?? 0 == 0 } ?? true,
                "step \(place) was sent again although it had been started")
            if let previous, continuations.contains(previous) { continuations.insert(id) }
        default: throw Violation(2, "step \(place) was sent again because of \(resend.message ?? "nothing")")
        }
    }

    /// 30: the envelopes of all satisfied ancestors, and of tolerated parents their failure.
    private func inspectInputs(_ place: Int, _ task: WorkflowTask) throws(Violation) {
        let found = task.ancestors(of: place)
        try require(30, Set(found) == ancestors(of: place) && Set(found).count == found.count, "ancestors: \(found)")
        for ancestor in found {
            try require(
                30, (task.steps[ancestor].envelope != nil) == stepStates[ancestor].isSatisfied,
                "\(names[ancestor]) in \(stepStates[ancestor]) has \(task.steps[ancestor].envelope?.text ?? "nothing")")
        }
        let tolerated = parents[place].filter { isTolerated($0) }
        try require(
            30, Set(task.toleratedParents(of: place)) == tolerated,
            "failed batches \(task.toleratedParents(of: place)) instead of \(tolerated)")
    }

    /// 24: within the jitter's bounds, never above the cap; Retry-After at most its own.
    func checkDelay(
        _ place: Int, _ delay: Int64, _ task: WorkflowTask, _ settings: EngineSettings
    ) throws(Violation) {
        let step = task.steps[place]
        let policy = oracle.templateStep(of: step.name).retry
        let error = step.lastError?.member("error_type")?.string
        if error == ErrorType.interrupted || (error == ErrorType.workerLost && step.workerLosses == 1) {
            return try require(24, delay == 0, "\(error ?? "") was retried after \(delay) ms")
        }
        if let asked = step.lastError?.member("retry_after_seconds")?.double, asked >= 0 {
            let expected = min(Int64((asked * 1000).rounded(.up)), settings.retryAfterCap.wholeMilliseconds)
            return try require(24, delay == expected, "\(delay) ms instead of the \(expected) asked for")
        }
        let cap = policy.maxBackoffMilliseconds
        // In a closing that is retried at once the attempt has been counted already.
        let failure = step.state == .waitingForRetry ? step.attempts : step.attempts - 1
        let plain = Double(
            min(cap, Backoff.raw(policy.backoff, base: policy.backoffBaseMilliseconds, n: failure, cap: cap)))
        let bounds = (plain * (1 - policy.jitter) - 1)...min(Double(cap), plain * (1 + policy.jitter) + 1)
        try require(
            24, bounds.contains(Double(delay)) && delay <= cap && delay >= 0, "\(delay) ms is outside \(bounds)")
    }

    /// 3: handler starts per budget, checkpoint continuations and first copies aside.
    func checkStarts(_ starts: [DispatchID: Int]) throws(Violation) {
        var counted: [[Int]: Int] = [:]
        for (place, id, budget) in dispatches {
            let count = starts[id] ?? 0
            try require(3, count <= 1, "dispatch \(id) was started \(count) times")
            if !firstCopies.contains(id), !continuations.contains(id) { counted[[place, budget], default: 0] += count }
        }
        for (key, count) in counted {
            let limit = oracle.templateStep(of: names[key[0]]).retry.attemptLimit
            try require(3, count <= limit, "step \(key[0]) was started \(count) times, \(limit) allowed")
        }
        for (place, id, _) in dispatches where firstCopies.contains(id) {
            try require(
                3, oracle.templateStep(of: names[place]).retry.isRetryable,
                "step \(place) must not repeat and was sent again in doubt")
        }
    }
}
