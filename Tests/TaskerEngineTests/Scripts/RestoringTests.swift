import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerEngine

@Suite("Tasks stored and loaded")
struct RestoringTests {
    /// A task with a step in every situation.
    private func varied() -> Script {
        var script = Script(
            template(
                step("done"), step("running"), step("queued"), step("waiting"), step("failed", retry: .never),
                step("next", after: "running"), step("held"), step("graced"), step("unknown")))
        script.routing.routes = ["Handle_held": nil]
        script.apply(.start)
        script.apply(script.completed(0, result: RawJSON(["n": 1])))
        script.apply(script.heartbeat(1))
        script.apply(script.failed(3))
        script.apply(script.failed(4))
        script.apply(script.abandoned(7, nil, "redelivered"))
        script.apply(script.abandoned(8, nil, "handler_not_found"))
        return script
    }

    @Test("everything but the timers of silence comes back")
    func roundTrip() {
        let script = varied()
        let restored = script.task.restored
        #expect(restored.revision == script.task.revision && restored.updatedAt == script.task.updatedAt)
        #expect(restored.state == .stepsInProcess && restored.deadLetter == script.task.deadLetter)
        #expect(restored.timers.map(\.timer) == [.retry, .resend])
        #expect(restored.heldStepCount == 1 && restored.stepCounts == script.task.stepCounts)
        var expected = Snapshot(script.task).durable
        for place in expected.steps.indices {
            expected.steps[place].dispatch = expected.steps[place].dispatch?.durable
        }
        #expect(Snapshot(restored) == expected)
    }

    @Test("what a dispatch keeps, and what not")
    func durable() {
        let script = varied()
        #expect(script[1].dispatch?.leaseDue != nil && script[1].dispatch?.timeoutDue != nil)
        #expect(script[7].dispatch?.graceDue != nil)
        for place in [1, 7] {
            let dispatch = script[place].dispatch?.durable
            #expect(dispatch?.leaseDue == nil && dispatch?.timeoutDue == nil && dispatch?.graceDue == nil)
            #expect(dispatch?.id == script.open(place) && dispatch?.publication == .confirmed)
        }
        #expect(script[7].dispatch?.durable.isInGrace == true && script[1].dispatch?.durable.startedAt == script.now)
    }

    @Test("the orchestrator hands back the timers that it kept meanwhile")
    func restoredSilence() {
        var script = varied()
        let kept = script.task
        script.task = kept.restored
        for step in kept.steps where step.dispatch != nil {
            script.task.restoreSilence(
                step: step.place, lease: step.dispatch?.leaseDue, grace: step.dispatch?.graceDue,
                timeout: step.dispatch?.timeoutDue, lastHeartbeat: step.dispatch?.lastHeartbeatAt)
        }
        #expect(Snapshot(script.task).durable == Snapshot(kept).durable)
        // A step without a dispatch has none.
        script.task.restoreSilence(step: 0, lease: script.now, grace: nil, timeout: nil, lastHeartbeat: nil)
        #expect(script.task.due(of: .lease, step: 0) == nil)
        script.fire(.grace, 7)
        #expect(script[7].workerLosses == 1)
    }

    @Test("a heartbeat in a grace whose timer has not begun anew")
    func graceWithoutTimer() {
        var script = varied()
        script.task = script.task.restored
        let effects = script.apply(script.heartbeat(7))
        #expect(!effects.contains(.clearTimer(step: 7, .grace)))
        #expect(script[7].dispatch?.isInGrace == false && script[7].dispatch?.leaseDue != nil)
    }

    @Test("whatever happened before counts afterwards: duplicates, budgets, holds, suspects")
    func memory() {
        var script = varied()
        script.task = script.task.restored
        #expect(script.apply(script.completed(0, d(1))).dispositions == [.duplicate])
        #expect(script.fire(.retry, 3).minted.count == 1 && script[3].attempts == 2)
        script.routing.routes = [:]
        #expect(script.apply(.holdsMayEnd).minted.count == 1)
        #expect(script.apply(script.abandoned(8, d(99), "worker_busy")).dispositions == [.forged])
        script.fire(.resend, 8)
        #expect(script.apply(script.abandoned(8, nil, "handler_not_found")).resendDue == script.later(2))
        // The children of what was satisfied before are counted right.
        script.apply(script.completed(1))
        #expect(script[5].state == .enqueued)
    }
}
