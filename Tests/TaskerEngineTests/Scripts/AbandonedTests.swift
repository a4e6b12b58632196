import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerEngine

@Suite("Abandoned dispatches")
struct AbandonedTests {
    @Test(
        "never started: sent again at once, the attempt stays",
        arguments: ["worker_shutdown", "worker_busy", "cancelled"])
    func neverStarted(_ reason: String) {
        // Also for a step that must not repeat: it has not begun.
        var script = Script.started(step("a", retry: .never))
        script.apply(script.report(.confirmed))
        expect(
            script.apply(script.abandoned(0, nil, reason)),
            audited(
                0, .abandoned, "abandoned", d(1), from: .enqueued, to: .enqueued, ms: 0, errorType: reason, message: ""),
            auditedResend(0, d(1), because: reason), [.dispatch(step: 0, d(2)), .stepChanged(0)])
        #expect(script[0].state == .enqueued && script[0].attempts == 1 && script[0].totalAttempts == 1)
        #expect(script[0].pastDispatches == [PastDispatch(id: d(1), ending: .superseded)])
        // The same answer again: its dispatch is over.
        expect(
            script.apply(script.abandoned(0, d(1), reason)).withoutAudit, [])
        #expect(script.apply(script.abandoned(0, d(1), reason)).dispositions == [.superseded])
    }

    @Test(
        "after a start report whatever ran was interrupted",
        arguments: ["interrupted", "worker_shutdown", "worker_busy", "cancelled", "handler_not_found", "unheard_of"])
    func interrupted(_ reason: String) {
        var script = Script.started(step("a"))
        script.apply(script.heartbeat())
        expect(
            script.apply(script.abandoned(0, nil, reason)).withoutAudit,
            [.clearTimer(step: 0, .lease), .clearTimer(step: 0, .timeout)],
            stepMoves(0, .inProgress, .enqueuedAsErrorForOrchestration),
            stepMoves(0, .enqueuedAsErrorForOrchestration, .waitingForRetry, detail: "interrupted"),
            [.setTimer(step: 0, .retry, due: script.now), .clearTimer(step: 0, .retry)],
            dispatches(0, d(2), attempt: 2, from: .waitingForRetry), taskDispatches("RetryDue"))
        #expect(script[0].workerLosses == 0)
    }

    @Test("an interrupted step that must not repeat ends in error")
    func interruptedForGood() {
        var script = Script.started(step("a", retry: .never))
        script.apply(script.abandoned(0, nil, "interrupted"))
        #expect(script.states == [.error] && script.task.deadLetter?.failures.map(\.errorType) == ["interrupted"])
        #expect(script.task.deadLetter?.reason == .permanentFailure)
    }

    @Test("an interrupted last attempt is the last")
    func interruptedLast() {
        var script = Script.started(step("a", retry: .plain(1)))
        script.apply(script.abandoned(0, nil, "interrupted"))
        #expect(script.states == [.error] && script.task.deadLetter?.reason == .maxRetriesExceeded)
    }

    // MARK: - Redelivered

    @Test("redelivered: two seconds' grace where the step may run again, then worker lost")
    func grace() {
        var script = Script.started(step("a"))
        script.apply(script.report(.confirmed))
        let due = script.later(2)
        expect(
            script.apply(script.abandoned(0, nil, "redelivered")).withoutAudit,
            [.setTimer(step: 0, .grace, due: due), .stepChanged(0)])
        #expect(script[0].state == .enqueued && script[0].dispatch?.isInGrace == true)
        // A second answer changes nothing.
        script.wait(1)
        expect(script.apply(script.abandoned(0, nil, "redelivered")).withoutAudit, [])
        #expect(script.task.due(of: .grace, step: 0) == due)

        expect(
            script.fire(.grace),
            auditedSilence(
                0, d(1), from: .enqueued, type: "worker_lost",
                "the worker was lost: its message came back from the broker and no worker answered for it"),
            [.clearTimer(step: 0, .grace)], stepMoves(0, .enqueued, .enqueuedAsErrorForOrchestration),
            stepMoves(0, .enqueuedAsErrorForOrchestration, .waitingForRetry, detail: "worker_lost"),
            // The first loss of a budget is retried without back-off.
            [.setTimer(step: 0, .retry, due: script.now), .clearTimer(step: 0, .retry)],
            dispatches(0, d(2), attempt: 2, from: .waitingForRetry), taskDispatches("RetryDue"))
        #expect(script[0].workerLosses == 1)
        #expect(script[0].pastDispatches == [PastDispatch(id: d(1), ending: .expired)])
    }

    @Test("redelivered: the whole lease where the step may not run again", arguments: [RetryPolicy.never, .plain(1)])
    func longGrace(_ policy: RetryPolicy) {
        var script = Script.started(step("a", retry: policy))
        expect(
            script.apply(script.abandoned(0, nil, "redelivered")).withoutAudit,
            [.setTimer(step: 0, .grace, due: script.later(60)), .stepChanged(0)])
        script.fire(.grace)
        #expect(script.states == [.error] && script[0].totalAttempts == 1)
        #expect(script.state == .blockedByFailures)
    }

    @Test("the last of several attempts has the long grace too")
    func lastAttempt() {
        var script = Script.started(step("a", retry: .plain(2)))
        script.apply(script.failed())
        script.fire(.retry)
        script.apply(script.abandoned(0, nil, "redelivered"))
        #expect(script.task.due(of: .grace, step: 0) == script.later(60))
    }

    @Test("the first worker's heartbeat ends the grace and renews the lease; another redelivery opens a new one")
    func heartbeatEndsGrace() {
        var script = Script.started(step("a"))
        script.apply(script.abandoned(0, nil, "redelivered"))
        script.wait(1)
        expect(
            script.apply(script.heartbeat()), stepMoves(0, .enqueued, .inProgress, d(1)),
            [
                .setTimer(step: 0, .timeout, due: script.later(305)), .clearTimer(step: 0, .grace),
                .setTimer(step: 0, .lease, due: script.later(60)), .stepChanged(0),
            ])
        #expect(script.task.timers.map(\.timer) == [.lease, .timeout])
        script.wait(10)
        script.apply(script.abandoned(0, nil, "redelivered"))
        #expect(script.task.due(of: .grace, step: 0) == script.later(2))
    }

    @Test("the first worker's result within the grace counts")
    func resultInGrace() {
        var script = Script.started(step("a", retry: .never))
        script.apply(script.heartbeat())
        script.apply(script.abandoned(0, nil, "redelivered"))
        let effects = script.apply(script.completed())
        #expect(effects.dispositions == [.accepted])
        #expect(effects.contains(.clearTimer(step: 0, .grace)))
        #expect(script.state == .complete && script.task.timers.isEmpty)
    }

    @Test("a detached worker's message had to come back: no grace, the lease watches")
    func detached() {
        var script = Script.started(step("a"))
        script.apply(script.heartbeat(detached: true))
        #expect(script[0].dispatch?.isDetached == true)
        expect(script.apply(script.abandoned(0, nil, "redelivered")).withoutAudit, [.stepChanged(0)])
        expect(script.apply(script.abandoned(0, nil, "redelivered")).withoutAudit, [])
        #expect(script.task.timers.map(\.timer) == [.lease, .timeout])
        // Attached again, it is a sign again.
        script.apply(script.heartbeat(sequence: 2))
        script.apply(script.abandoned(0, nil, "redelivered"))
        #expect(script.task.due(of: .grace, step: 0) == script.later(2))
    }

    // MARK: - No such handler

    @Test("handler_not_found: sent again after 1, 2, 4 ... 30 s, a permanent failure after five minutes")
    func ladder() {
        var script = Script.started(step("a"))
        let start = script.now
        expect(
            script.apply(script.abandoned(0, nil, "handler_not_found")).withoutAudit,
            [.setTimer(step: 0, .resend, due: script.later(1)), .stepChanged(0)])
        #expect(script[0].state == .enqueued && script[0].dispatch == nil)
        expect(
            script.fire(.resend), auditedResend(0, nil, because: "handler_not_found"),
            [.clearTimer(step: 0, .resend), .dispatch(step: 0, d(2)), .stepChanged(0)])

        var delays: [Int64] = [1000]
        while script[0].state == .enqueued, delays.count < 100 {
            guard let due = script.apply(script.abandoned(0, nil, "handler_not_found")).resendDue else { break }
            delays.append(due.millisecondsSince(script.now))
            script.fire(.resend)
        }
        #expect(delays == [1, 2, 4, 8, 16, 30, 30, 30, 30, 30, 30, 30, 30, 30].map { $0 * 1000 })
        #expect(script.now.millisecondsSince(start) >= 300_000)
        #expect(script.states == [.error] && script[0].attempts == 1)
        #expect(script.task.deadLetter?.failures.map(\.errorType) == ["handler_not_found"])
        #expect(script.task.deadLetter?.failures.first?.message == "no worker of the fleet knows the handler")
        #expect(script.task.deadLetter?.reason == .permanentFailure)
    }

    @Test("handler_not_found: another worker of the fleet has it")
    func rollingDeploy() {
        var script = Script.started(step("a", retry: .never))
        script.apply(script.abandoned(0, nil, "handler_not_found"))
        script.fire(.resend)
        script.apply(script.completed())
        #expect(script.state == .complete && script.task.timers.isEmpty)
    }

    @Test("handler_not_found: a new attempt begins with the shortest delay and five new minutes")
    func newAttempt() {
        var script = Script.started(step("a"))
        for _ in 0..<3 {
            script.apply(script.abandoned(0, nil, "handler_not_found"))
            script.fire(.resend)
        }
        script.apply(script.failed())
        script.wait(600)
        script.fire(.retry)
        #expect(
            script.apply(script.abandoned(0, nil, "handler_not_found")).resendDue == script.later(1))
        #expect(script[0].attempts == 2)
    }

    @Test("handler_not_found: when the route has gone as well, five minutes are the limit too")
    func routeGone() {
        var script = Script.started(step("a"))
        script.apply(script.abandoned(0, nil, "handler_not_found"))
        script.routing.fallback = nil
        var rounds = 0
        while script[0].state == .enqueued, rounds < 100 {
            #expect(script.fire(.resend).minted.isEmpty)
            rounds += 1
        }
        #expect(script.states == [.error] && rounds == 14)
        // And when it comes back in time, the step goes.
        script = Script.started(step("a"))
        script.apply(script.abandoned(0, nil, "handler_not_found"))
        script.routing.fallback = nil
        script.fire(.resend)
        script.routing.fallback = "other"
        #expect(script.fire(.resend).minted == [d(2)] && script[0].dispatch?.queue == "other")
    }

    @Test("a resend goes by the routes of its time, and to the old queue when there is none")
    func resendRoutes() {
        var script = Script.started(step("a"))
        script.routing.fallback = "new"
        script.apply(script.abandoned(0, nil, "worker_busy"))
        #expect(script[0].dispatch?.queue == "new")
        script.routing.fallback = nil
        script.apply(script.abandoned(0, nil, "worker_busy"))
        #expect(script[0].dispatch?.queue == "new" && script[0].dispatch?.id == d(3))
    }
}
