import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerEngine

@Suite("Cancellation")
struct CancellingTests {
    private func audit(_ place: Int, from state: StepState, attempt: Int, _ dispatch: DispatchID?) -> [Effect] {
        [
            .journal(
                .audit(
                    AuditRecord(
                        place: place, disposition: .manual, attempt: attempt, dispatch: dispatch, status: "cancel",
                        fromState: state, toState: .cancelled, message: "changed my mind", actor: "ada")))
        ]
    }

    @Test("every step that is not satisfied, timers, messages not yet sent, notices: every effect")
    func everything() {
        var script = Script(
            template(
                step("done"), step("running"), step("queued"), step("failed"), step("dead", retry: .never),
                step("next", after: "failed"), step("parked", after: "done")))
        script.apply(.start)
        script.publishesAtOnce = false
        script.apply(script.completed(0))
        script.publishesAtOnce = true
        script.apply(script.heartbeat(1))
        script.apply(script.failed(3))
        script.apply(script.failed(4))
        script.wait(0.5)
        let entry = script.task.deadLetter
        #expect(
            script.states == [.complete, .inProgress, .enqueued, .waitingForRetry, .error, .pending, .enqueued])

        let effects = script.apply(.cancel(reason: "changed my mind", actor: "ada"))
        var resolved = entry
        resolved?.resolution = .cancelled
        resolved?.resolvedAt = script.now
        resolved?.resolvedBy = "ada"
        expect(
            effects,
            [.cancelNotice(step: 1, d(2), reason: "changed my mind")], audit(1, from: .inProgress, attempt: 1, d(2)),
            [.clearTimer(step: 1, .lease), .clearTimer(step: 1, .timeout)],
            stepMoves(1, .inProgress, .cancelled, detail: "changed my mind"),
            // Begun and not confirmed: not to be published any more, and a notice in case it was.
            [.cancelNotice(step: 2, d(3), reason: "changed my mind")], audit(2, from: .enqueued, attempt: 1, d(3)),
            [.withdraw(d(3))], stepMoves(2, .enqueued, .cancelled, detail: "changed my mind"),
            audit(3, from: .waitingForRetry, attempt: 1, nil), [.clearTimer(step: 3, .retry)],
            stepMoves(3, .waitingForRetry, .cancelled, detail: "changed my mind"),
            audit(4, from: .error, attempt: 1, nil), stepMoves(4, .error, .cancelled, detail: "changed my mind"),
            audit(5, from: .pending, attempt: 0, nil),
            stepMoves(5, .pending, .cancelled, attempt: 0, detail: "changed my mind"),
            // Parked: no worker can have heard of it.
            audit(6, from: .enqueued, attempt: 1, d(6)), [.withdraw(d(6))],
            stepMoves(6, .enqueued, .cancelled, detail: "changed my mind"),
            taskMoves(.stepsInProcess, .cancelled, "Cancel"), [.deadLetter(.changed(resolved ?? entry!))])
        #expect(script.task.timers.isEmpty && script.task.completedAt == script.now)
        #expect(script.task.inFlightCount == 0 && script.task.count(.cancelled) == 6)
    }

    @Test("cancelling a terminal task is refused and changes nothing")
    func terminal() {
        var script = Script.started(step("a"))
        script.apply(script.completed())
        expect(script.apply(.cancel(reason: "r", actor: "me")), [])
        #expect(script.state == .complete)
        script = Script.started(step("a"))
        script.apply(.cancel(reason: "r", actor: "me"))
        expect(script.apply(.cancel(reason: "r", actor: "me")), [])
    }

    @Test("racing with the last result, exactly one wins")
    func race() {
        var script = Script.started(step("a"))
        var other = script
        script.apply(.cancel(reason: "r", actor: "me"))
        #expect(script.apply(script.completed(0, d(1))).dispositions == [.cancelled])
        #expect(script.state == .cancelled && script.states == [.cancelled])
        other.apply(other.completed(0, d(1)))
        expect(other.apply(.cancel(reason: "r", actor: "me")), [])
        #expect(other.state == .complete && other.states == [.complete])
    }

    @Test("nothing happens to a cancelled task any more")
    func afterwards() {
        var script = Script.started(step("a"), step("b"), step("c", after: "a"))
        script.apply(script.heartbeat(0))
        script.apply(script.failed(1))
        let due = script.later(1)
        script.apply(.cancel(reason: "r", actor: "me"))
        script.wait(100)
        for event in [
            Event.start, .holdsMayEnd, .silenceCountsAnew, .timer(step: 1, .retry, due: due),
            .dispatchLost(step: 0, d(1)), .publishing(step: 0, d(1), .confirmed), .publishing(step: 0, d(1), .inDoubt),
        ] { expect(script.apply(event), []) }
    }

    @Test("in every state a task can rest in", arguments: ["new", "retry", "blocked", "held"])
    func everywhere(_ state: String) {
        var script = Script(template(step("a", retry: state == "blocked" ? .never : .plain())))
        if state == "held" { script.routing.fallback = nil }
        if state != "new" { script.apply(.start) }
        if state == "retry" || state == "blocked" { script.apply(script.failed()) }
        let before = script.state
        let effects = script.apply(.cancel(reason: "r", actor: "me"))
        #expect(effects.contains(.journal(.task(from: before, to: .cancelled, event: "Cancel"))))
        #expect(script.states == [.cancelled] && script[0].hold == nil)
        #expect(script.task.heldStepCount == 0)
    }
}
