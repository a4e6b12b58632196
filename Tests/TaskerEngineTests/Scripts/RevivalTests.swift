import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerEngine

/// Tasks in `error` that go on, and what is refused (engine contract, sections 9 and 10).
@Suite("Revival and refusals")
struct RevivalTests {
    private func givenUp() -> Script {
        var script = Script.started(step("a"), step("b", after: "a"), step("c"))
        script.fail("a")
        script.fail("c")
        script.act(.giveUpTask)
        return script
    }

    @Test("retry of a task in error takes Reset and keeps the rows")
    func retry() {
        var script = givenUp()
        let effects = script.act(.retryTask(steps: nil))
        #expect(
            effects.taskPath == [
                "Reset pending", "Start initializing", "RowsExist evaluating_results",
                "ReadyStepsFound enqueuing_steps",
                "StepsEnqueued steps_in_process",
            ])
        #expect(effects.dispatched == [0, 2] && script.task.completedAt == nil)
        for name in ["a", "c", "b"] { script.complete(name) }
        #expect(script.state == .complete)
    }

    @Test("each step action on a task in error takes Reset first; what stays in error blocks again")
    func stepActions() {
        for kind in [
            ManualAction.Kind.resetStep(0, clearCheckpoint: false), .resolveStep(0),
            .completeStep(0, result: .null, metadata: .emptyObject),
        ] {
            var script = givenUp()
            #expect(script.act(kind).taskPath.prefix(2) == ["Reset pending", "Start initializing"])
            if script["a"].state == .enqueued { script.complete("a") }
            #expect(script.complete("b").taskPath.last == "PermanentFailure blocked_by_failures")
            script.act(.resolveStep(2))
            #expect(script.state == .complete)
        }
    }

    @Test("resolving the one failed step of a given-up task completes it")
    func completes() {
        var script = Script.started(step("a"))
        script.fail("a")
        script.act(.giveUpTask)
        #expect(
            script.act(.resolveStep(0)).taskPath == [
                "Reset pending", "Start initializing", "RowsExist evaluating_results", "AllStepsSuccessful complete",
            ])
    }

    @Test("retries that came due while the task was in error have their timers again")
    func timers() {
        var script = Script(
            TaskTemplate(
                name: "order", namespace: "shop", version: "1.0.0", lifecycle: Lifecycle(maxDurationMinutes: 1),
                steps: [step("a"), step("b")]))
        script.apply(.start)
        script.fail("a", type: "Boom")
        script.wait(61)
        script.apply(.stale(script.task.staleness(at: script.now, script.settings) ?? finding))
        #expect(script.state == .error && script.states == [.waitingForRetry, .error])
        #expect(script.fire(.retry) == [])
        let effects = script.act(.retryTask(steps: nil))
        #expect(effects.dispatched == [0, 1] && script[0].attempts == 2 && script[1].attempts == 1)
    }

    private var finding: StalenessFinding {
        Issue.record("nothing is stale")
        return StalenessFinding(
            limit: .taskLifetime, state: .pending, elapsed: .zero, threshold: .zero, isStated: false,
            makesDeadLetter: false, endsTask: false)
    }

    @Test("replay closes the entry with a note; a new failure makes a new one")
    func replay() {
        var script = Script.started(step("a"), step("b"))
        script.fail("a")
        script.complete("b")
        let first = script.task.deadLetter
        let effects = script.act(.replay)
        #expect(effects.deadLetters.map(\.resolution) == [.manuallyResolved])
        #expect(effects.deadLetters.first?.notes == "replayed" && effects.deadLetters.first?.resolvedBy == "ada")
        #expect(effects.dispatched == [0])
        let second = script.fail("a").deadLetters
        #expect(second.count == 1 && second[0].id != first?.id && second[0].failures.count == 1)
        #expect(second[0].resolution == .pending)
    }

    @Test("without a replay the pending entry takes the new failure")
    func append() {
        var script = Script.started(step("a"))
        script.fail("a")
        let first = script.task.deadLetter
        script.act(.retryTask(steps: nil))
        #expect(script.fail("a").addedFailures.count == 1)
        #expect(script.task.deadLetter?.id == first?.id)
        #expect(script.task.deadLetter?.failures.count == 2)
    }

    // MARK: - Refusals

    @Test("step actions, by the step's state")
    func refusedSteps() {
        var script = Script.started(step("a"), step("b", after: "a"), step("c"), step("d"))
        script.complete("a")
        script.fail("c")
        script.fail("d", type: "Boom")
        // a complete, b enqueued, c error, d waiting for its retry.
        let isResettable = (0...3).map { script.refusal(.resetStep($0, clearCheckpoint: false)) == nil }
        #expect(isResettable == [false, false, true, true])
        #expect((0...3).map { script.refusal(.resolveStep($0)) == nil } == [false, true, true, true])
        #expect(
            (0...3).map { script.refusal(.completeStep($0, result: .null, metadata: .emptyObject)) == nil }
                == [false, true, true, true])
        #expect(
            script.refusal(.resetStep(1, clearCheckpoint: false))
                == .illegalState("step 'b' is enqueued; only error and waiting_for_retry can be reset"))
        #expect(script.refusal(.retryTask(steps: nil)) != nil && script.refusal(.giveUpTask) != nil)
        #expect(script.refusal(.replay) != nil && script.refusal(.makeDeadLetter) != nil)
    }

    @Test("task actions, by the task's state")
    func refusedTasks() {
        var script = Script.started(step("a"))
        #expect(script.refusal(.updateDeadLetter(resolution: nil, notes: "", metadata: nil)) != nil)
        #expect(script.refusal(.resolveTask) == nil && script.refusal(.makeDeadLetter) == nil)
        script.fail("a")
        #expect(script.refusal(.replay) == nil && script.refusal(.giveUpTask) == nil)
        #expect(script.refusal(.retryTask(steps: [0])) == nil)
        script.act(.giveUpTask)
        // The entry is closed: a replay has nothing to replay.
        #expect(script.refusal(.replay) != nil && script.refusal(.giveUpTask) != nil)
        #expect(script.refusal(.resolveTask) != nil && script.refusal(.retryTask(steps: nil)) == nil)
        script.act(.resolveStep(0))
        for kind in [
            ManualAction.Kind.resetStep(0, clearCheckpoint: false), .resolveStep(0), .retryTask(steps: nil),
            .giveUpTask,
            .resolveTask, .replay,
        ] {
            #expect(script.refusal(kind) != nil, "\(kind)")
            #expect(script.apply(.manual(ManualAction(kind, actor: "ada", reason: ""))) == [])
        }
    }

    @Test("a retry that names a step which is not in error")
    func refusedRetry() {
        var script = Script.started(step("a"), step("b", after: "a"))
        script.fail("a")
        #expect(script.refusal(.retryTask(steps: [0, 1])) == .illegalState("step 'b' is pending, not error"))
    }
}
