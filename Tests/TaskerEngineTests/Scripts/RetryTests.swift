import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerEngine

@Suite("Failures and retries")
struct RetryTests {
    @Test("a failure that may be retried: every effect until the retry is dispatched")
    func retry() {
        var script = Script.started(step("a"))
        expect(
            script.apply(script.failed(isRun: false)),
            audited(
                0, .accepted, "failed", d(1), from: .enqueued, to: .enqueuedAsErrorForOrchestration, ms: 0,
                errorType: "Boom", message: "it broke"),
            stepMoves(0, .enqueued, .enqueuedAsErrorForOrchestration),
            stepMoves(0, .enqueuedAsErrorForOrchestration, .waitingForRetry, detail: "Boom"),
            [.setTimer(step: 0, .retry, due: script.later(1))],
            taskMoves(.stepsInProcess, .waitingForRetry, "StepFailed"))
        #expect(script[0].lastFailureAt == script.now)
        #expect(script[0].lastError?.text == #"{"message":"it broke","error_type":"Boom"}"#)
        expect(
            script.fire(.retry), [.clearTimer(step: 0, .retry)],
            dispatches(0, d(2), attempt: 2, from: .waitingForRetry),
            taskMoves(.waitingForRetry, .enqueuingSteps, "RetryReady"),
            taskMoves(.enqueuingSteps, .stepsInProcess, "StepsEnqueued"))
    }

    @Test("a failure that was run implies the start")
    func impliedStart() {
        var script = Script.started(step("a"))
        #expect(
            Array(script.apply(script.failed()).prefix(2)) == stepMoves(0, .enqueued, .inProgress, d(1)))
    }

    @Test("a retry that is due while others run goes through evaluation")
    func retryAmongOthers() {
        var script = Script.started(step("a"), step("b"))
        expect(
            script.apply(script.failed(0, isRun: false)).withoutAudit,
            stepMoves(0, .enqueued, .enqueuedAsErrorForOrchestration),
            stepMoves(0, .enqueuedAsErrorForOrchestration, .waitingForRetry, detail: "Boom"),
            [.setTimer(step: 0, .retry, due: script.later(1))])
        #expect(script.state == .stepsInProcess)
        expect(
            script.fire(.retry), [.clearTimer(step: 0, .retry)],
            dispatches(0, d(3), attempt: 2, from: .waitingForRetry),
            taskDispatches("RetryDue"))
    }

    @Test("a success that leaves only retries to wait for is evaluated first")
    func onlyRetriesLeft() {
        var script = Script.started(step("a"), step("b"))
        script.apply(script.failed(0))
        let effects = script.apply(script.completed(1))
        expect(
            Array(effects.suffix(4)), taskMoves(.stepsInProcess, .evaluatingResults, "StepCompleted"),
            taskMoves(.evaluatingResults, .waitingForRetry, "OnlyRetriesLeft"))
    }

    @Test("without back-off the retry is dispatched in the same transaction")
    func atOnce() {
        var policy = RetryPolicy.plain()
        policy.backoff = .none
        var script = Script.started(step("a", retry: policy))
        expect(
            script.apply(script.failed(isRun: false)).withoutAudit,
            stepMoves(0, .enqueued, .enqueuedAsErrorForOrchestration),
            stepMoves(0, .enqueuedAsErrorForOrchestration, .waitingForRetry, detail: "Boom"),
            [.setTimer(step: 0, .retry, due: script.now), .clearTimer(step: 0, .retry)],
            dispatches(0, d(2), attempt: 2, from: .waitingForRetry), taskDispatches("RetryDue"))
    }

    @Test("a timer that is not set, or set to another time, does nothing")
    func staleTimers() {
        var script = Script.started(step("a"))
        for timer in StepTimer.allCases { expect(script.apply(.timer(step: 0, timer, due: script.now)), []) }
        script.apply(script.failed())
        let due = script.later(1)
        script.wait(10)
        expect(script.apply(.timer(step: 0, .retry, due: due.advanced(byMilliseconds: 1))), [])
        script.apply(.timer(step: 0, .retry, due: due))
        expect(script.apply(.timer(step: 0, .retry, due: due)), [])
        #expect(script[0].attempts == 2)
    }

    struct Budget: Sendable {
        let maxAttempts: Int
        let retryable: Bool
        let executions: Int
        let reason: DeadLetterReason
    }

    @Test(
        "executions per budget",
        arguments: [
            Budget(maxAttempts: 0, retryable: true, executions: 1, reason: .maxRetriesExceeded),
            Budget(maxAttempts: 1, retryable: true, executions: 1, reason: .maxRetriesExceeded),
            Budget(maxAttempts: 2, retryable: true, executions: 2, reason: .maxRetriesExceeded),
            Budget(maxAttempts: 3, retryable: true, executions: 3, reason: .maxRetriesExceeded),
            Budget(maxAttempts: 100, retryable: true, executions: 100, reason: .maxRetriesExceeded),
            Budget(maxAttempts: 0, retryable: false, executions: 1, reason: .permanentFailure),
            Budget(maxAttempts: 1, retryable: false, executions: 1, reason: .permanentFailure),
            Budget(maxAttempts: 2, retryable: false, executions: 1, reason: .permanentFailure),
            Budget(maxAttempts: 3, retryable: false, executions: 1, reason: .permanentFailure),
            Budget(maxAttempts: 100, retryable: false, executions: 1, reason: .permanentFailure),
        ])
    func budgets(_ budget: Budget) {
        var script = Script.started(
            step("a", retry: RetryPolicy(isRetryable: budget.retryable, maxAttempts: budget.maxAttempts)))
        var executions = 0
        while script[0].state != .error, executions < 200 {
            if script[0].state == .waitingForRetry { script.fire(.retry) }
            executions += 1
            // Whatever the handler says.
            script.apply(script.failed(retryable: true))
        }
        #expect(executions == budget.executions)
        #expect(script[0].attempts == executions && script[0].totalAttempts == executions)
        #expect(script.task.deadLetter?.reason == budget.reason)
        #expect(script.task.deadLetter?.failures.map(\.attempts) == [executions])
        #expect(script.state == .blockedByFailures)
    }

    @Test("delays of the contract's table, up to the cap")
    func delays() {
        var script = Script.started(step("a", retry: .plain(8)))
        var delays: [Int64] = []
        while script[0].state != .error {
            guard let due = script.apply(script.failed()).retryDue else { break }
            delays.append(due.millisecondsSince(script.now))
            script.fire(.retry)
        }
        #expect(delays == [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
    }

    @Test("the last failure: every effect")
    func permanent() {
        var script = Script.started(step("a", retry: .plain(1)), step("b", after: "a"))
        let effects = script.apply(script.failed(isRun: false))
        let entry = DeadLetterEntry(
            id: DeadLetterID(d(2).uuid), taskID: Script.taskID, reason: .maxRetriesExceeded,
            originalState: .stepsInProcess, createdAt: script.now,
            failures: [
                .init(
                    stepName: "a", stepID: s(0), reason: .maxRetriesExceeded, attempts: 1, errorType: "Boom",
                    message: "it broke", at: script.now)
            ])
        expect(
            effects.withoutAudit, stepMoves(0, .enqueued, .enqueuedAsErrorForOrchestration),
            stepMoves(0, .enqueuedAsErrorForOrchestration, .error, detail: "Boom"), [.deadLetter(.made(entry))],
            taskMoves(.stepsInProcess, .evaluatingResults, "StepFailed"),
            taskMoves(.evaluatingResults, .blockedByFailures, "PermanentFailure"))
        #expect(script.states == [.error, .pending])
    }

    @Test("a failure blocks its descendants only; every other branch runs to its end")
    func branches() {
        var script = Script.started(
            step("a", retry: .never), step("b"), step("a2", after: "a"), step("b2", after: "b"),
            step("join", after: "a2", "b2"))
        script.apply(script.failed(0))
        #expect(script.state == .stepsInProcess)
        script.apply(script.completed(1))
        #expect(script.state == .stepsInProcess && script[3].state == .enqueued)
        script.apply(script.completed(3))
        #expect(script.states == [.error, .complete, .pending, .complete, .pending])
        #expect(script.state == .blockedByFailures)
    }

    // MARK: - What is retryable

    @Test(
        "by type when nobody says",
        arguments: [
            ("permanent_error", false), ("validation_error", false), ("PermanentError", false),
            ("ValidationError", false), ("handler_not_found", false), ("invalid_message", false),
            ("unsupported_protocol", false), ("handler_panic", false), ("decision_outcome_missing", false),
            ("batch_empty", false), ("result_schema_violation", false), ("retryable_error", true), ("timeout", true),
            ("handler_error", true), ("worker_lost", true), ("checkpoint_error", true), ("KeyError", true), ("", true),
        ])
    func retryableByType(_ type: String, _ retryable: Bool) {
        var script = Script.started(step("a"))
        script.apply(script.failed(type: type))
        #expect(script[0].state == (retryable ? .waitingForRetry : .error))
        if !retryable { #expect(script.task.deadLetter?.reason == .permanentFailure) }
    }

    @Test("error.retryable goes before metadata.retryable, and that before the type")
    func precedence() {
        func state(_ type: String, _ stated: Bool?, _ metadata: String) -> StepState {
            var script = Script.started(step("a"))
            script.apply(
                script.failed(type: type, retryable: stated, metadata: RawJSON(trusting: Array(metadata.utf8))))
            return script[0].state
        }
        #expect(state("Boom", false, #"{"retryable":true}"#) == .error)
        #expect(state("permanent_error", true, #"{"retryable":false}"#) == .waitingForRetry)
        #expect(state("Boom", nil, #"{"retryable":false}"#) == .error)
        #expect(state("permanent_error", nil, #"{"retryable":true}"#) == .waitingForRetry)
        #expect(state("permanent_error", nil, #"{"retryable":"yes"}"#) == .error)
    }

    @Test("the order of the conditions decides the dead letter's reason")
    func order() {
        // Not retryable goes before poison and before the budget.
        var script = Script.started(step("a", retry: .plain(1)))
        script.apply(script.failed(retryable: false))
        #expect(script.task.deadLetter?.reason == .permanentFailure)
        // Poison goes before the budget.
        var settings = EngineSettings()
        settings.maxWorkerLosses = 1
        script = Script.started(step("a", retry: .plain(1)), settings: settings)
        script.apply(script.heartbeat())
        script.fire(.lease)
        #expect(script.task.deadLetter?.reason == .poison)
        // A step that must not repeat goes before poison.
        script = Script.started(step("a", retry: .never), settings: settings)
        script.apply(script.heartbeat())
        script.fire(.lease)
        #expect(script.task.deadLetter?.reason == .permanentFailure)
    }

    // MARK: - Retry-After

    @Test(
        "a delay that the worker asks for",
        arguments: [
            (5, 5000), (0, 0), (0.25, 250), (120, 120_000), (3600, 3_600_000), (3601, 3_600_000), (1e300, 3_600_000),
            (-1, 1000), (-0.001, 1000), (Double.nan, 1000), (Double.infinity, 1000),
        ] as [(Double, Int64)])
    func retryAfter(_ seconds: Double, _ milliseconds: Int64) {
        var script = Script.started(step("a", retry: RetryPolicy(maxAttempts: 3, jitter: 0)))
        let now = script.now
        #expect(script.apply(script.failed(retryAfter: seconds)).retryDue?.millisecondsSince(now) == milliseconds)
    }
}
