import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerEngine

/// Engine contract, section 9: each action, and what it does.
@Suite("Operators' actions")
struct ManualActionTests {
    private func blocked() -> Script {
        var script = Script.started(step("a", retry: .plain(2)), step("b", after: "a"), step("c"))
        script.complete("c")
        script.fail("a")
        return script
    }

    @Test("reset: every effect, a fresh budget, and the blocked task resumes")
    func reset() {
        var script = blocked()
        #expect(script.state == .blockedByFailures)
        expect(
            script.act(.resetStep(0, clearCheckpoint: false)),
            [
                .journal(
                    .audit(
                        AuditRecord(
                            place: 0, disposition: .manual, attempt: 1, dispatch: nil, status: "reset_for_retry",
                            fromState: .error, toState: .pending, message: "because", actor: "ada")))
            ],
            stepMoves(0, .error, .pending, attempt: 0, detail: "because"), dispatches(0, script.open(0)),
            taskDispatches(from: .blockedByFailures, "StepChangedByOperator"))
        #expect(script[0].attempts == 1 && script[0].totalAttempts == 2 && script[0].workerLosses == 0)
        script.fail("a", type: "Boom")
        #expect(script[0].state == .waitingForRetry)
    }

    @Test("reset of a step that waits for its retry: now, and from the beginning of its budget")
    func resetWaiting() {
        var script = Script.started(step("a"))
        script.fail("a", type: "Boom")
        let effects = script.act(.resetStep(0, clearCheckpoint: false))
        #expect(effects.contains(.clearTimer(step: 0, .retry)) && effects.dispatched == [0] && script[0].attempts == 1)
        #expect(effects.taskPath.first == "StepChangedByOperator evaluating_results")
    }

    @Test("resolve: the open attempt is superseded with a notice, the result is null, dependents run")
    func resolve() {
        var script = Script.started(step("a"), step("b", after: "a"))
        script.apply(script.heartbeat())
        let effects = script.act(.resolveStep(0))
        #expect(effects.notices == [d(1)] && effects.dispatched == [1])
        #expect(effects.contains(.clearTimer(step: 0, .lease)) && script[0].state == .resolvedManually)
        #expect(script[0].envelope?.member("result")?.isNull == true)
        #expect(script.apply(script.completed(0, d(1))).dispositions == [.superseded])
        script.complete("b")
        #expect(script.state == .complete)
    }

    @Test("a message that was never sent needs no notice")
    func parked() {
        var script = Script(template(step("a")))
        script.publishesAtOnce = false
        script.apply(.start)
        let effects = script.act(.resolveStep(0))
        #expect(effects.notices == [] && effects.contains(.withdraw(d(1))) && script.state == .complete)
    }

    @Test("complete: the data becomes the result, and its metadata says who and why")
    func complete() {
        var script = blocked()
        let effects = script.act(
            .completeStep(
                0, result: RawJSON(["n": 1]),
                metadata: RawJSON(["x": 2, "custom": ["note": 3, "completed_by": "eve"]])))
        #expect(effects.dispatched == [1])
        #expect(
            script[0].envelope?.text
                == #"{"status":"completed","result":{"n":1},"metadata":{"x":2,"custom":{"manually_completed":true,"completed_by":"ada","completion_reason":"because","note":3}}}"#
        )
    }

    @Test("complete, of a step not yet begun and of one held")
    func completePending() {
        var script = Script(template(step("a"), step("b", after: "a"), step("c", after: "b")))
        script.routing.routes = ["Handle_a": nil]
        script.apply(.start)
        #expect(script.state == .waitingForDependencies)
        script.act(.completeStep(1, result: .null, metadata: .emptyObject))
        #expect(script["c"].state == .enqueued)
        script.act(.completeStep(0, result: .null, metadata: .emptyObject))
        #expect(script.task.heldStepCount == 0)
        script.complete("c")
        #expect(script.state == .complete)
    }

    @Test("an invalid outcome is refused and changes nothing")
    func invalidOutcome() {
        var script = Script.started(
            typed(.batchable, "A"), typed(.batchWorker, "w", after: "A"), step("s"), typed(.decision, "D", after: "s"),
            step("x", after: "D"))
        #expect(
            script.refusal(.completeStep(0, result: makes([]), metadata: .emptyObject))
                == .invalidOutcome(
                    "batch_empty: create_batches without cursor_configs; say {type: \"no_batches\"} when there is nothing to do"
                ))
        let decision = ManualAction.Kind.completeStep(2, result: chooses("y"), metadata: .emptyObject)
        if case .invalidOutcome(let text) = script.refusal(decision) {
            #expect(text.hasPrefix("decision_unknown_step: "))
        } else {
            Issue.record("not refused")
        }
        #expect(script.apply(.manual(ManualAction(decision, actor: "ada", reason: ""))) == [])
        script.act(.completeStep(0, result: makes(2), metadata: .emptyObject))
        #expect(script.named(.enqueued) == ["s", "w_001", "w_002"])
    }

    @Test("retry of the whole task resets every step in error, or those that are named")
    func retry() {
        var script = Script.started(step("a"), step("b"), step("c"))
        for name in ["a", "b", "c"] { script.fail(name) }
        #expect(script.act(.retryTask(steps: [1])).dispatched == [1])
        script.fail("b")
        #expect(script.act(.retryTask(steps: nil)).dispatched == [0, 1, 2])
        for name in ["a", "b", "c"] { script.complete(name) }
        #expect(script.state == .complete && script.task.deadLetter?.resolution == .manuallyResolved)
        #expect(script.task.deadLetter?.failures.count == 4)
    }

    @Test("give up: the task is in error, its entry permanently failed")
    func giveUp() {
        var script = blocked()
        let effects = script.act(.giveUpTask)
        #expect(effects.taskPath == ["GiveUp error"] && script.state == .error)
        #expect(script.task.deadLetter?.resolution == .permanentlyFailed && script.task.deadLetter?.resolvedBy == "ada")
        #expect(script.states == [.error, .pending, .complete] && script.task.completedAt == script.now)
    }

    @Test("resolve the whole task: open attempts superseded, unfinished steps cancelled")
    func resolveTask() {
        var script = Script.started(step("a"), step("b", after: "a"), step("c"))
        script.complete("c")
        let effects = script.act(.resolveTask)
        #expect(effects.notices == [d(1)] && effects.taskPath == ["ResolveManually resolved_manually"])
        #expect(script.states == [.cancelled, .cancelled, .complete])
        #expect(script.apply(script.completed(0, d(1))).dispositions == [.cancelled])
    }

    @Test("a dead-letter entry by hand, notes, and discarding")
    func deadLetters() {
        var script = Script.started(step("a"))
        let made = script.act(.makeDeadLetter).deadLetters
        #expect(
            made.map(\.reason) == [.manual] && made[0].notes == "because" && made[0].originalState == .stepsInProcess)
        script.act(.updateDeadLetter(resolution: nil, notes: "seen", metadata: RawJSON(["k": 1])))
        #expect(script.task.deadLetter?.notes == "seen" && script.task.deadLetter?.resolution == .pending)
        script.act(.updateDeadLetter(resolution: .permanentlyFailed, notes: nil, metadata: nil))
        #expect(script.task.deadLetter?.resolvedBy == "ada" && script.task.deadLetter?.notes == "seen")
        #expect(script.state == .stepsInProcess)
    }
}
