import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerEngine

/// Engine contract, section 11.
@Suite("Staleness")
struct StalenessTests {
    private func started(_ lifecycle: Lifecycle?, _ steps: StepTemplate...) -> Script {
        var script = Script(
            TaskTemplate(
                name: "order", namespace: "shop", version: "1.0.0", lifecycle: lifecycle,
                steps: steps.isEmpty ? [step("a")] : steps))
        script.apply(.start)
        return script
    }

    private func finding(_ script: Script) -> StalenessFinding? {
        script.task.staleness(at: script.now, script.settings)
    }

    /// The check of a task that is found stale.
    private func check(_ script: inout Script) -> [Effect] {
        guard let finding = finding(script), finding.isStale else { return [] }
        return script.apply(.stale(finding))
    }

    @Test("steps_in_process counts from the last progress: start, heartbeat, checkpoint, result")
    func progress() {
        var script = started(
            Lifecycle(maxStepsInProcessMinutes: 10), step("a", timeout: 1000), step("b", timeout: 1000))
        for event in [script.heartbeat(0), script.heartbeat(0, sequence: 2)] {
            script.wait(599)
            #expect(finding(script)?.isStale == false)
            script.apply(event)
        }
        script.wait(599)
        script.apply(script.checkpoint(0, nil, #"{"cursor":1}"#))
        script.wait(599)
        script.complete("a")
        script.wait(480)
        #expect(finding(script)?.health == "warning" && finding(script)?.limit == .timeInState)
        #expect(script.task.staleDue(at: script.now, script.settings) == script.later(120))
        script.wait(120)
        #expect(finding(script)?.health == "stale")
        #expect(check(&script).taskPath == ["StaleTimeout error"])
    }

    @Test("a running step's longer timeout is the limit")
    func timeout() {
        var script = started(Lifecycle(maxStepsInProcessMinutes: 1), step("a", timeout: 600_000))
        script.apply(script.heartbeat())
        script.wait(599)
        #expect(finding(script)?.isStale == false)
        script.wait(1)
        #expect(finding(script)?.threshold == .seconds(600) && finding(script)?.isStale == true)
    }

    @Test("after a restart a step that had sent heartbeats is not stale before it can send the next")
    func restart() {
        var script = started(Lifecycle(maxStepsInProcessMinutes: 10), step("a", timeout: 1000))
        script.apply(script.heartbeat())
        script.wait(590)
        script.apply(script.heartbeat(sequence: 2))
        script.wait(60)
        script.task = script.task.restored
        script.apply(.silenceCountsAnew)
        #expect(finding(script)?.isStale == false)
    }

    @Test("waiting_for_dependencies: held steps")
    func dependencies() {
        var script = Script(
            TaskTemplate(
                name: "order", namespace: "shop", version: "1.0.0",
                lifecycle: Lifecycle(maxWaitingForDependenciesMinutes: 5), steps: [step("a")]))
        script.routing.fallback = nil
        script.apply(.start)
        script.wait(300)
        #expect(check(&script).taskPath == ["StaleTimeout error"])
        // Nothing was in flight: the step stays as it is.
        #expect(script.states == [.pending] && script.task.deadLetter?.failures == [])
        #expect(script.task.deadLetter?.reason == .stalenessTimeout && script.task.deadLetter?.thresholdMinutes == 5)
        #expect(script.task.deadLetter?.originalState == .waitingForDependencies)
        script.routing.fallback = "fleet"
        #expect(script.act(.retryTask(steps: nil)).dispatched == [0] && script.state == .stepsInProcess)
    }

    @Test("waiting_for_retry counts from the planned retry")
    func retry() {
        var script = started(Lifecycle(maxWaitingForRetryMinutes: 5))
        script.apply(script.failed(retryAfter: 1000))
        script.wait(1299)
        #expect(finding(script)?.isStale == false)
        script.wait(1)
        #expect(check(&script).taskPath == ["StaleTimeout error"])
        #expect(script.states == [.waitingForRetry])
    }

    @Test("blocked_by_failures is stale by its age only, and only where that is stated")
    func blocked() {
        var script = started(nil)
        script.fail("a")
        script.wait(1_000_000)
        #expect(finding(script) == nil && script.task.staleDue(at: script.now, script.settings) == nil)
        script = started(Lifecycle(maxDurationMinutes: 10, maxStepsInProcessMinutes: 1))
        script.fail("a")
        script.wait(600)
        #expect(finding(script)?.limit == .taskLifetime)
        let effects = check(&script)
        #expect(effects.taskPath == ["StaleTimeout error"] && script.states == [.error])
        // The pending entry stays the one of the failure.
        #expect(script.task.deadLetter?.reason == .permanentFailure && effects.deadLetters == [])
    }

    @Test("the defaults only report")
    func defaults() {
        let limits: [(TaskState, Double)] = [
            (.stepsInProcess, 30), (.waitingForRetry, 30), (.waitingForDependencies, 60),
        ]
        for (state, minutes) in limits {
            var script = Script(template(step("a")))
            if state == .waitingForDependencies { script.routing.fallback = nil }
            script.apply(.start)
            if state == .waitingForRetry { script.fail("a", type: "Boom") }
            if state == .waitingForRetry { script.wait(1) }
            #expect(script.state == state)
            script.wait(minutes * 60 - 1)
            #expect(finding(script)?.isStale == false && finding(script)?.isStated == false)
            script.wait(1)
            let effects = check(&script)
            #expect(effects.count == 1 && effects.remarks.count == 1 && script.state == state)
            #expect(script.task.staleDue(at: script.now, script.settings) == nil)
            script.wait(86_400)
            #expect(finding(script)?.isStale == true)
        }
        var pending = Script(template(step("a")))
        pending.wait(600)
        #expect(finding(pending)?.isStale == true && finding(pending)?.state == .pending)
    }

    @Test("... unless the settings say otherwise")
    func defaultAction() {
        var script = started(nil)
        script.settings.staleness.defaultAction = .error
        script.wait(1800)
        #expect(check(&script).taskPath == ["StaleTimeout error"] && script.task.deadLetter == nil)
    }

    @Test("a dry run reports only")
    func dryRun() {
        var script = started(Lifecycle(maxStepsInProcessMinutes: 1))
        script.settings.staleness.isDryRun = true
        script.wait(60)
        #expect(check(&script).remarks.count == 1 && script.state == .stepsInProcess)
    }

    @Test("a limit that acts is not hidden by one that only reports")
    func hidden() {
        // Two days in the state are allowed; the default lifetime of one day has passed first.
        var script = started(Lifecycle(maxStepsInProcessMinutes: 2880))
        script.wait(2879 * 60)
        #expect(finding(script)?.limit == .taskLifetime && finding(script)?.acts == false)
        script.wait(60)
        #expect(finding(script)?.limit == .timeInState)
        #expect(check(&script).taskPath == ["StaleTimeout error"])
    }

    @Test(
        "what the action and its overrides do: a dead-letter entry, and the end",
        arguments: [
            (StalenessAction.deadLetter, nil, nil, true, true), (.error, nil, nil, false, true),
            (.none, nil, nil, false, false), (.deadLetter, false, nil, false, true),
            (.deadLetter, nil, false, true, false),
            (.error, true, nil, true, true), (.none, true, nil, true, false), (.none, nil, true, false, true),
        ] as [(StalenessAction, Bool?, Bool?, Bool, Bool)])
    func actions(_ action: StalenessAction, deadLetter: Bool?, fail: Bool?, makesEntry: Bool, ends: Bool) {
        var script = started(
            Lifecycle(
                maxStepsInProcessMinutes: 1, stalenessAction: action, autoDeadLetterOnTimeout: deadLetter,
                autoFailOnTimeout: fail))
        script.wait(60)
        let effects = check(&script)
        #expect((script.task.deadLetter?.reason == .stalenessTimeout) == makesEntry)
        #expect((script.state == .error) == ends)
        #expect((effects.remarks.count == 1) == (!makesEntry && !ends))
        // The failures of the steps belong to the entry.
        #expect(script.task.deadLetter?.failures.count ?? 0 == (makesEntry && ends ? 1 : 0))
    }

    @Test("steps in flight end in error with a notice; the others stay; a retry revives the task")
    func revive() {
        var script = started(Lifecycle(maxStepsInProcessMinutes: 1), step("a"), step("b", after: "a"), step("c"))
        script.apply(script.heartbeat(0))
        script.fail("c", type: "Boom")
        script.wait(400)
        let effects = check(&script)
        #expect(effects.notices == [d(1)] && script.states == [.error, .pending, .waitingForRetry])
        #expect(script[0].lastError?.member("error_type")?.string == "staleness_timeout")
        #expect(script.apply(script.completed(0, d(1))).dispositions == [.superseded])
        #expect(script.act(.retryTask(steps: nil)).dispatched == [0, 2])
    }

    @Test("a finding that holds no longer does nothing")
    func outdated() {
        var script = started(Lifecycle(maxStepsInProcessMinutes: 1), step("a"), step("b", after: "a"))
        script.wait(60)
        guard let finding = finding(script) else {
            Issue.record("not stale")
            return
        }
        script.complete("a")
        #expect(script.apply(.stale(finding)) == [])
        script.complete("b")
        #expect(script.apply(.stale(finding)) == [] && self.finding(script) == nil)
    }
}
