import TaskerEngine
import TaskerMessaging
import TaskerOrchestrator
import TaskerProtocol
import TaskerTemplates

/// Says why a step is where it is, from engine state, timers, the worker registry and the broker's figures.
struct StepExplainer {
    let task: WorkflowTask
    let outlook: TaskOutlook
    /// As the broker tells them now, by queue without prefix; a queue it could not be asked about is missing.
    let figures: [String: QueueFigures]
    let settings: OrchestratorSettings

    var now: Timestamp { outlook.state.at }
    var namespace: String { task.plan.template.namespace }

    func template(of place: Int) -> StepTemplate { task.plan.nodes[task.steps[place].node].template }

    func callable(of place: Int) -> String { template(of: place).handler.callable }

    func command(_ words: String, _ place: Int) -> String {
        "tasker-ctl \(words) \(task.id) \(Words.shell(task.steps[place].name))"
    }

    func explain(_ place: Int) -> Explanation {
        let step = task.steps[place]
        switch step.state {
        case .complete:
            var explanation = Explanation(
                .done, "Step '\(step.name)' is complete since \(step.completedAt ?? step.updatedAt).",
                since: step.completedAt)
            if let worker = step.workerID {
                explanation.reasons = [.init(code: "done", message: "done by worker \(worker)", ref: worker)]
            }
            return explanation
        case .cancelled:
            return Explanation(
                .cancelled, "Step '\(step.name)' was cancelled \(Words.ago(step.updatedAt, now)).",
                since: step.updatedAt)
        case .resolvedManually:
            return Explanation(
                .resolved, "Step '\(step.name)' was resolved by hand \(Words.ago(step.updatedAt, now)).",
                since: step.updatedAt)
        case .error: return failed(place)
        case .waitingForRetry: return waitingForRetry(place)
        case .pending: return pending(place)
        case .enqueued: return enqueued(place)
        case .inProgress, .enqueuedForOrchestration, .enqueuedAsErrorForOrchestration: return running(place)
        }
    }

    // MARK: - Not ready, or ready and held

    private func pending(_ place: Int) -> Explanation {
        let step = task.steps[place]
        if let hold = step.hold { return held(place, hold) }
        if task.state.isTerminal {
            var explanation = Explanation(
                .waitingForDependencies,
                "Step '\(step.name)' never ran: the task is \(task.state.rawValue) since \(task.completedAt ?? task.updatedAt).",
                since: task.completedAt)
            explanation.suggestions = [
                .init(
                    text: "Retry the task's failed steps", command: "tasker-ctl task retry \(task.id)",
                    request: "POST /v1/tasks/\(task.id)/retry")
            ]
            return explanation
        }
        let unsatisfied = step.parents.filter { !task.isSatisfied($0) }
        if let failed = failedAncestor(of: unsatisfied) { return blocked(place, by: failed) }
        if !unsatisfied.isEmpty || task.waitsForUndecided(place) { return waiting(place, for: unsatisfied) }
        switch task.batchHold(place) {
        case .failFast: return heldFailFast(place)
        case .parallelism: return heldParallelism(place)
        case nil: break
        }
        var explanation = Explanation(
            .queued, "Step '\(step.name)' is ready and leaves with the orchestrator's next round.",
            since: step.updatedAt)
        if outlook.state.isStoreFailing {
            explanation = Explanation(
                .publishPending, "Step '\(step.name)' is ready, but the store takes no changes now; it is tried again.",
                since: step.updatedAt)
            explanation.reasons = [.init(code: "store_unavailable", message: "the last commit was refused")]
            explanation.suggestions = [
                .init(
                    text: "Look at the store: its disk may be full", command: "tasker-ctl system health",
                    request: "GET /health/detailed")
            ]
        }
        return explanation
    }

    private func waiting(_ place: Int, for parents: [Int]) -> Explanation {
        let step = task.steps[place]
        var names = parents.map { "'\(task.steps[$0].name)' (\(task.steps[$0].state.rawValue))" }
        let sources = task.waitsForUndecided(place) ? Undecided(task).sources(of: step.node) : []
        names += sources.map { "the outcome of \($0.text)" }
        var explanation = Explanation(
            .waitingForDependencies,
            "Step '\(step.name)' waits for \(Words.count(names.count, "condition")): \(Words.list(names)).",
            since: step.createdAt)
        explanation.reasons = parents.prefix(50).map { parent in
            let other = task.steps[parent]
            return .init(
                code: "dependency", message: "'\(other.name)' is \(other.state.rawValue)", since: other.updatedAt,
                ref: other.name)
        }
        explanation.reasons += sources.map { .init(code: "undecided", message: "\($0.text) is open", ref: $0.name) }
        explanation.next = .init(what: "\(names.first ?? "its dependencies") finishes")
        if let name = parents.first.map({ task.steps[$0].name }) ?? sources.first?.name {
            explanation.suggestions = [lookAt(name)]
        }
        return explanation
    }

    func lookAt(_ name: String) -> Explanation.Suggestion {
        .init(
            text: "Look at what it waits for", command: "tasker-ctl why \(Words.shell("\(task.id)/\(name)"))",
            request: "GET /v1/tasks/\(task.id)/steps/\(Words.url(name))/why")
    }

    /// The nearest failure that the step waits behind.
    private func failedAncestor(of parents: [Int]) -> Int? {
        var seen = Set(parents)
        var open = parents
        var head = 0
        while head < open.count {
            let place = open[head]
            head += 1
            if task.steps[place].state == .error, !task.isTolerated(place) { return place }
            for parent in task.steps[place].parents where !task.isSatisfied(parent) && seen.insert(parent).inserted {
                open.append(parent)
            }
        }
        return nil
    }

    private func blocked(_ place: Int, by failed: Int) -> Explanation {
        let (step, other) = (task.steps[place], task.steps[failed])
        var explanation = Explanation(
            .blockedByFailure,
            "Step '\(step.name)' cannot run because '\(other.name)' failed \(Words.ago(other.lastFailureAt ?? other.updatedAt, now)): \(errorText(failed)).",
            since: other.lastFailureAt ?? other.updatedAt)
        explanation.reasons = [
            .init(
                code: errorType(failed) ?? "failed",
                message: "'\(other.name)' is in error after \(Words.count(other.attempts, "attempt"))",
                since: other.lastFailureAt, ref: other.name)
        ]
        explanation.next = .init(what: "somebody resets or resolves '\(other.name)'")
        explanation.suggestions = repairs(of: failed)
        return explanation
    }

    private func heldParallelism(_ place: Int) -> Explanation {
        let step = task.steps[place]
        let set = batch(of: place)
        let limit = set?.configuration.parallelism ?? settings.engine.maxParallelBatches
        let flying = set?.inFlight ?? 0
        var explanation = Explanation(
            .heldParallelism,
            "Batch worker '\(step.name)' waits for its turn: \(flying) of at most \(limit) of its batch are in flight.",
            since: step.createdAt)
        explanation.reasons = [.init(code: "parallelism", message: "\(flying) in flight, limit \(limit)")]
        explanation.next = .init(what: "a sibling finishes")
        let analyzer = set.map { task.steps[$0.analyzer].name } ?? "its analyzer"
        explanation.suggestions = [
            .init(text: "For more at once, raise batch_config.parallelism of '\(analyzer)' in the template")
        ]
        return explanation
    }

    private func heldFailFast(_ place: Int) -> Explanation {
        let step = task.steps[place]
        let failed = batch(of: place)?.members.first { task.steps[$0].state == .error }
        let name = failed.map { task.steps[$0].name } ?? "a sibling"
        var explanation = Explanation(
            .heldFailFast,
            "Batch worker '\(step.name)' is held because its sibling '\(name)' failed and the batch is fail_fast.",
            since: failed.flatMap { task.steps[$0].lastFailureAt })
        if let failed {
            explanation.reasons = [
                .init(
                    code: errorType(failed) ?? "failed", message: errorText(failed),
                    since: task.steps[failed].lastFailureAt, ref: name)
            ]
            explanation.suggestions = repairs(of: failed)
        }
        explanation.next = .init(what: "somebody resets or resolves '\(name)'")
        return explanation
    }

    private func batch(of place: Int) -> BatchSet? { task.batches.first { $0.members.contains(place) } }

    // MARK: - Failures and retries

    func errorType(_ place: Int) -> String? { task.steps[place].lastError?.member("error_type")?.string }

    func errorText(_ place: Int) -> String {
        let error = task.steps[place].lastError
        let text = error?.member("message")?.string ?? ""
        return [error?.member("error_type")?.string, text.isEmpty ? "no message" : text].compactMap(\.self)
            .map { Words.line($0) }.joined(separator: ": ")
    }

    private func waitingForRetry(_ place: Int) -> Explanation {
        let step = task.steps[place]
        if let hold = step.hold { return held(place, hold) }
        let limit = template(of: place).retry.attemptLimit
        let due = step.retryAt
        let wait = due.map { Words.span($0.millisecondsSince(now)) } ?? "a moment"
        var explanation = Explanation(
            .waitingForRetry,
            "Step '\(step.name)' failed (\(step.attempts) of \(limit) attempts: \(errorText(place))) and runs again in \(wait).",
            since: step.lastFailureAt ?? step.updatedAt)
        if due.map({ $0 <= now }) == true, task.batchHoldOfRetry(place) {
            explanation.summary =
                "Step '\(step.name)' may run again and waits for its turn in its batch."
        }
        let asked = step.lastError?.member("retry_after_seconds")?.double
        explanation.reasons = [
            .init(
                code: errorType(place) ?? "failed",
                message: "failure \(step.attempts) of \(limit): \(errorText(place))",
                since: step.lastFailureAt),
            .init(
                code: asked == nil ? "backoff" : "retry_after",
                message: asked.map { "the handler asked for a delay of \($0) s" }
                    ?? "the delay follows the step's \(template(of: place).retry.backoff.rawValue) back-off",
                since: step.lastFailureAt, until: due),
        ]
        explanation.next = .init(what: "the step is dispatched again", at: due)
        explanation.suggestions = [
            .init(
                text: "Run it at once, with a fresh budget",
                command: command("task reset-step", place), request: patch(place))
        ]
        return explanation
    }

    private func failed(_ place: Int) -> Explanation {
        let step = task.steps[place]
        let limit = template(of: place).retry.attemptLimit
        let failure = task.deadLetter?.failures.last { $0.stepID == step.id }
        let type = errorType(place) ?? ""
        let verdict: Explanation.Verdict
        let what: String
        if failure?.reason == .poison {
            verdict = .failedPoison
            what = "lost \(Words.count(step.workerLosses, "worker")) and is given to no other"
        } else if Self.isOutcome(type) {
            verdict = .failedOutcome
            what = "gave an outcome that cannot be used"
        } else if failure?.reason == .maxRetriesExceeded || (failure == nil && step.attempts >= limit && limit > 1) {
            verdict = .failedRetriesExhausted
            what = "failed in all \(Words.count(step.attempts, "attempt")) of \(limit)"
        } else {
            verdict = .failedPermanent
            what = "failed for good in attempt \(step.attempts) of \(limit)"
        }
        var explanation = Explanation(
            verdict,
            "Step '\(step.name)' \(what) \(Words.ago(step.lastFailureAt ?? step.updatedAt, now)): \(errorText(place)).",
            since: step.lastFailureAt ?? step.updatedAt)
        explanation.reasons = [
            .init(code: type.isEmpty ? "failed" : type, message: errorText(place), since: step.lastFailureAt)
        ]
        if let entry = task.deadLetter {
            explanation.reasons.append(
                .init(
                    code: "dead_letter", message: "dead-letter entry \(entry.id) is \(entry.resolution.rawValue)",
                    since: entry.createdAt, ref: entry.id.description))
        }
        explanation.next = .init(what: "somebody resets, completes or resolves the step")
        explanation.suggestions = repairs(of: place)
        return explanation
    }

    private static func isOutcome(_ type: String) -> Bool {
        ["decision_", "batch_", "checkpoint_", "result_schema"].contains { type.hasPrefix($0) }
    }

    private func repairs(of place: Int) -> [Explanation.Suggestion] {
        [
            .init(
                text: "Once the cause is mended, run '\(task.steps[place].name)' again",
                command: command("task reset-step", place), request: patch(place)),
            .init(
                text: "Or go on without it", command: command("task resolve-step", place), request: patch(place)),
        ]
    }

    func patch(_ place: Int) -> String {
        "PATCH /v1/tasks/\(task.id)/workflow_steps/\(task.steps[place].id)"
    }
}

extension WorkflowTask {
    /// A retry that is due and waits for a place in its batch.
    fileprivate func batchHoldOfRetry(_ place: Int) -> Bool { batches.contains { $0.members.contains(place) } }
}
