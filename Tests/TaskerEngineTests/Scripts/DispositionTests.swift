import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerEngine

@Suite("Messages that do not count")
struct DispositionTests {
    /// Applies a message that must change nothing but the audit.
    private func rejected(
        _ script: inout Script, _ event: Event, _ disposition: AuditRecord.Disposition,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let before = Snapshot(script.task)
        let effects = script.apply(event)
        #expect(effects.dispositions == [disposition], sourceLocation: sourceLocation)
        #expect(effects.count == 1, sourceLocation: sourceLocation)
        #expect(Snapshot(script.task) == before, sourceLocation: sourceLocation)
    }

    @Test("forged: an id that was never minted for this step")
    func forged() {
        var script = Script.started(step("a"), step("b"))
        rejected(&script, script.completed(0, d(99)), .forged)
        rejected(&script, script.failed(0, d(99)), .forged)
        rejected(&script, script.abandoned(0, d(99), "redelivered"), .forged)
        // Another step's id is as good as invented.
        rejected(&script, script.completed(0, d(2)), .forged)
        rejected(
            &script,
            .result(
                step: 0, StepResultMessage(dispatchID: nil, taskID: Script.taskID, stepID: s(0), status: .completed)),
            .forged)
        // So it is for a step that has not been dispatched, and for one that is done.
        var waiting = Script.started(step("a"), step("b", after: "a"))
        rejected(&waiting, waiting.completed(1, d(1)), .forged)
        script.apply(script.completed(0))
        rejected(&script, script.completed(0, d(99)), .forged)
    }

    @Test("duplicate: its dispatch already gave an accepted result, success or failure")
    func duplicate() {
        var script = Script.started(step("a"), step("b"))
        script.apply(script.completed(0, d(1), result: RawJSON(["n": 1])))
        rejected(&script, script.completed(0, d(1), result: RawJSON(["n": 2])), .duplicate)
        rejected(&script, script.failed(0, d(1)), .duplicate)
        script.apply(script.failed(1, d(2)))
        rejected(&script, script.failed(1, d(2)), .duplicate)
        rejected(&script, script.completed(1, d(2)), .duplicate)
        script.fire(.retry, 1)
        rejected(&script, script.failed(1, d(2)), .duplicate)
        #expect(script[1].attempts == 2)
    }

    @Test("superseded: a newer dispatch took over")
    func superseded() {
        var script = Script.started(step("a"))
        script.apply(script.report(.inDoubt))
        rejected(&script, script.completed(0, d(1)), .superseded)
        script.apply(script.completed(0, d(2)))
        rejected(&script, script.completed(0, d(1)), .superseded)
    }

    @Test("late: a timer closed the attempt")
    func late() {
        var script = Script.started(step("a", retry: .never))
        script.apply(script.heartbeat())
        script.fire(.lease)
        rejected(&script, script.completed(0, d(1)), .late)
        rejected(&script, script.failed(0, d(1)), .late)
        #expect(script.state == .blockedByFailures)
    }

    @Test("cancelled: the step or its task was; only forged and duplicate go before")
    func cancelled() {
        var script = Script.started(step("done"), step("resent"), step("late"), step("open"))
        script.apply(script.completed(0))
        script.apply(script.abandoned(1, nil, "worker_busy"))
        script.apply(script.heartbeat(2))
        script.fire(.lease, 2)
        script.apply(.cancel(reason: "r", actor: "me"))
        rejected(&script, script.completed(3, d(4)), .cancelled)
        rejected(&script, script.completed(1, d(2)), .cancelled)
        rejected(&script, script.completed(2, d(3)), .cancelled)
        rejected(&script, script.completed(0, d(1)), .duplicate)
        rejected(&script, script.completed(3, d(99)), .forged)
        expect(script.apply(script.heartbeat(3, d(4))), [])
    }

    @Test("a superseded dispatch of a step that was done before its task was cancelled")
    func cancelledTask() {
        var script = Script.started(step("a"), step("b"))
        script.apply(script.abandoned(0, nil, "worker_busy"))
        script.apply(script.completed(0))
        script.apply(.cancel(reason: "r", actor: "me"))
        #expect(script[0].state == .complete)
        rejected(&script, script.completed(0, d(1)), .cancelled)
    }

    @Test("the audit says who sent it and what it was")
    func record() {
        var script = Script.started(step("a"))
        expect(
            script.apply(script.failed(0, d(5), type: "KeyError")),
            audited(
                0, .forged, "failed", d(5), from: .enqueued, to: .enqueued, errorType: "KeyError", message: "it broke"))
    }

    @Test("of very many dispatches the last 64 are told apart; older ones count as superseded")
    func limit() {
        var script = Script.started(step("a"))
        for _ in 0..<100 { script.apply(script.abandoned(0, nil, "worker_busy")) }
        #expect(script[0].pastDispatches.count == 64)
        rejected(&script, script.completed(0, d(1)), .superseded)
        rejected(&script, script.completed(0, d(100)), .superseded)
        script.apply(script.completed(0))
        rejected(&script, script.completed(0, d(101)), .duplicate)
    }
}
