import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerEngine

@Suite("Publishing, and dispatches in doubt")
struct PublishingTests {
    @Test("in doubt, may run again: a new dispatch of the same attempt; the first copy's answer changes nothing")
    func repeatable() {
        var script = Script.started(step("a"))
        expect(
            script.apply(script.report(.inDoubt)), auditedResend(0, d(1), because: "publish in doubt"),
            [.dispatch(step: 0, d(2)), .stepChanged(0)])
        #expect(script[0].attempts == 1 && script[0].dispatch?.publishSequence == 2)
        #expect(script.apply(script.completed(0, d(1))).dispositions == [.superseded])
        expect(script.apply(script.report(.inDoubt, 0, d(1))), [])
        expect(script.apply(script.report(.confirmed, 0, d(1))), [])
        #expect(script[0].state == .enqueued)
    }

    @Test(
        "in doubt, may not run again: left open for the lost-dispatch check", arguments: [RetryPolicy.never, .plain(1)])
    func notRepeatable(_ policy: RetryPolicy) {
        var script = Script.started(step("a", retry: policy))
        expect(script.apply(script.report(.inDoubt)), [.stepChanged(0)])
        #expect(script[0].dispatch?.publication == .inDoubt && script[0].dispatch?.id == d(1))
        expect(script.apply(script.report(.inDoubt)), [])
        // The copy was there after all.
        var arrived = script
        arrived.apply(arrived.completed())
        #expect(arrived.state == .complete)
        // It was not.
        script.apply(.dispatchLost(step: 0, d(1)))
        #expect(script.states == [.error] && script[0].totalAttempts == 1)
        #expect(script.task.deadLetter?.failures.map(\.errorType) == ["dispatch_lost"])
    }

    @Test("the last attempt of several is not repeated either")
    func lastAttempt() {
        var script = Script.started(step("a", retry: .plain(2)))
        script.apply(script.failed())
        script.fire(.retry)
        #expect(script.apply(script.report(.inDoubt)).minted.isEmpty)
        #expect(script[0].dispatch?.publication == .inDoubt)
    }

    @Test("a start or an answer counts as the confirm")
    func seen() {
        for isStart in [true, false] {
            var script = Script.started(step("a", retry: .never))
            script.apply(isStart ? script.heartbeat() : script.abandoned(0, nil, "redelivered"))
            #expect(script[0].dispatch?.publication == .confirmed)
            expect(script.apply(script.report(.inDoubt)), [])
            expect(script.apply(script.report(.confirmed)), [])
            expect(script.apply(script.report(.nacked)), [])
            expect(script.apply(script.report(.notSent)), [])
        }
    }

    @Test("nacked: again after 1, 2, 4 ... 30 s, each time under a new id")
    func nacked() {
        var script = Script.started(step("a"))
        var delays: [Int64] = []
        for round in 1...7 as ClosedRange<UInt64> {
            #expect(script[0].dispatch?.id == d(round))
            let effects = script.apply(script.report(.nacked))
            delays.append((effects.resendDue ?? script.now).millisecondsSince(script.now))
            #expect(script[0].dispatch?.publication == .inDoubt)
            script.fire(.resend)
        }
        #expect(delays == [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
        #expect(script[0].attempts == 1 && script[0].dispatch?.id == d(8))
        expect(
            script.apply(script.report(.nacked)), [.setTimer(step: 0, .resend, due: script.later(30)), .stepChanged(0)])
        expect(
            script.fire(.resend), auditedResend(0, d(8), because: "nacked"),
            [.clearTimer(step: 0, .resend), .dispatch(step: 0, d(9)), .stepChanged(0)])
    }

    @Test("nacked, may not run again: left open")
    func nackedForGood() {
        var script = Script.started(step("a", retry: .never))
        expect(script.apply(script.report(.nacked)), [.stepChanged(0)])
        #expect(script[0].dispatch?.publication == .inDoubt && script.task.timers.isEmpty)
    }

    @Test("a nacked copy that shows up keeps its dispatch")
    func nackedCopyStarts() {
        var script = Script.started(step("a"))
        script.apply(script.report(.nacked))
        let due = script.later(1)
        let effects = script.apply(script.heartbeat())
        #expect(effects.contains(.clearTimer(step: 0, .resend)))
        script.wait(1)
        expect(script.apply(.timer(step: 0, .resend, due: due)), [])
        #expect(script[0].dispatch?.id == d(1))
        // Redelivered is a sign of it too.
        script = Script.started(step("a"))
        script.apply(script.report(.nacked))
        #expect(script.apply(script.abandoned(0, nil, "redelivered")).contains(.clearTimer(step: 0, .resend)))
    }

    @Test("a late confirm keeps the dispatch too")
    func lateConfirm() {
        var script = Script.started(step("a"))
        script.apply(script.report(.nacked))
        expect(script.apply(script.report(.confirmed)), [.stepChanged(0)])
        expect(script.fire(.resend), [.clearTimer(step: 0, .resend), .stepChanged(0)])
        #expect(script[0].dispatch?.id == d(1))
    }

    @Test("not sent after all: parked, and begun again under the same id")
    func notSent() {
        var script = Script.started(step("a", retry: .never))
        expect(script.apply(script.report(.notSent)), [.stepChanged(0)])
        #expect(script[0].dispatch?.publication == .parked && script[0].dispatch?.publishSequence == 0)
        #expect(script[0].dispatch?.begunAt == nil)
        expect(script.apply(script.report(.notSent)), [])
        expect(script.apply(script.report(.inDoubt)), [])
        expect(script.apply(script.report(.nacked)), [])
        script.wait(3)
        expect(script.apply(script.report(.begun(sequence: 5))), [.stepChanged(0)])
        #expect(script[0].dispatch?.publication == .begun && script[0].dispatch?.begunAt == script.now)
        expect(script.apply(script.report(.confirmed)), [.stepChanged(0)])
        expect(script.apply(script.report(.notSent)), [])
        #expect(script[0].dispatch?.id == d(1) && script[0].dispatch?.publication == .confirmed)
    }
}
