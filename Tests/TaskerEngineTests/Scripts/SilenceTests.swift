import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerEngine

@Suite("Silence: lost workers, timeouts, lost messages")
struct SilenceTests {
    @Test("a heartbeat renews the lease, the timeout stays; only the first is a change of the row")
    func heartbeats() {
        var script = Script.started(step("a", timeout: 30_000))
        script.apply(script.heartbeat())
        let timeout = script.task.due(of: .timeout, step: 0)
        #expect(timeout == script.later(35))
        script.wait(20)
        expect(script.apply(script.heartbeat(sequence: 2)), [.setTimer(step: 0, .lease, due: script.later(60))])
        #expect(script.task.due(of: .timeout, step: 0) == timeout)
        // The lease that was renewed does not act.
        script.wait(50)
        expect(script.apply(.timer(step: 0, .lease, due: Timestamp(milliseconds: 1_060_000))), [])
        // Heartbeats of other dispatches mean nothing.
        expect(script.apply(script.heartbeat(0, d(77))), [])
    }

    @Test("a lease that runs out: worker lost")
    func lease() {
        var script = Script.started(step("a"))
        script.apply(script.heartbeat())
        expect(
            script.fire(.lease),
            auditedSilence(
                0, d(1), from: .inProgress, type: "worker_lost",
                "the worker was lost (worker w-1): no heartbeat for 60 s",
                by: worker),
            [.clearTimer(step: 0, .lease), .clearTimer(step: 0, .timeout)],
            stepMoves(0, .inProgress, .enqueuedAsErrorForOrchestration),
            stepMoves(0, .enqueuedAsErrorForOrchestration, .waitingForRetry, detail: "worker_lost"),
            [.setTimer(step: 0, .retry, due: script.now), .clearTimer(step: 0, .retry)],
            dispatches(0, d(2), attempt: 2, from: .waitingForRetry), taskDispatches("RetryDue"))
        // The lost worker's result is late.
        #expect(script.apply(script.completed(0, d(1))).dispositions == [.late])
    }

    @Test("the first loss is retried without back-off, the second with it, the third is poison")
    func poison() {
        var script = Script.started(step("a", retry: .plain(100)))
        script.apply(script.heartbeat())
        #expect(script.fire(.lease).retryDue == script.now)
        script.apply(script.heartbeat())
        #expect(script.fire(.lease).retryDue == script.later(2))
        script.fire(.retry)
        script.apply(script.heartbeat())
        script.fire(.lease)
        #expect(script.states == [.error] && script[0].workerLosses == 3 && script[0].attempts == 3)
        #expect(script.task.deadLetter?.reason == .poison)
        #expect(script.task.deadLetter?.failures.map(\.errorType) == ["worker_lost"])
    }

    @Test("a failure in between does not make the second loss a first one")
    func lossesAreCounted() {
        var script = Script.started(step("a", retry: .plain(100)))
        script.apply(script.heartbeat())
        script.fire(.lease)
        script.apply(script.failed())
        script.fire(.retry)
        script.apply(script.heartbeat())
        #expect(script.fire(.lease).retryDue == script.later(4))
        #expect(script[0].workerLosses == 2)
    }

    @Test("a loss consumes the attempt")
    func lossOfTheLast() {
        var script = Script.started(step("a", retry: .plain(2)))
        for _ in 0..<2 {
            script.apply(script.heartbeat())
            script.fire(.lease)
        }
        #expect(script.states == [.error] && script.task.deadLetter?.reason == .maxRetriesExceeded)
    }

    // MARK: - Quarantine

    /// Two steps of one queue that have each lost two workers and wait for their retry.
    private func suspects(_ steps: StepTemplate...) -> Script {
        var script = Script(TaskTemplate(name: "order", namespace: "shop", version: "1.0.0", steps: steps))
        script.apply(.start)
        for place in steps.indices where script[place].state == .enqueued {
            for _ in 0..<2 {
                script.apply(script.heartbeat(place))
                script.fire(.lease, place)
            }
        }
        return script
    }

    @Test("suspects of one queue go one by one")
    func quarantine() {
        var script = suspects(step("a", retry: .plain(9)), step("b", retry: .plain(9)))
        #expect(script.states == [.waitingForRetry, .waitingForRetry] && script.suspects.isEmpty)
        script.fire(.retry, 0)
        #expect(script.suspects == ["fleet": [s(0)]])
        expect(
            script.fire(.retry, 1),
            [
                .clearTimer(step: 1, .retry), .stepChanged(1),
                .held(step: 1, .quarantine, callable: "Handle_b", queue: "fleet"),
            ])
        #expect(script[1].hold == .quarantine && script.state == .stepsInProcess && script[1].attempts == 2)
        // Looking again changes nothing as long as the other is in flight.
        expect(
            script.apply(.holdsMayEnd), [.held(step: 1, .quarantine, callable: "Handle_b", queue: "fleet")])
        // Nor does sending it again.
        let resent = script.apply(script.abandoned(0, nil, "worker_busy"))
        #expect(!resent.contains(.quarantineEnded(queue: "fleet")) && script.suspects == ["fleet": [s(0)]])
        let unknown = script.apply(script.abandoned(0, nil, "handler_not_found"))
        #expect(!unknown.contains(.quarantineEnded(queue: "fleet")) && script.suspects == ["fleet": [s(0)]])
        script.fire(.resend)

        #expect(script.apply(script.completed(0)).contains(.quarantineEnded(queue: "fleet")))
        #expect(script.suspects.isEmpty)
        // Held is neither blocked nor a back-off.
        #expect(script.state == .waitingForDependencies)
        expect(
            script.apply(.holdsMayEnd),
            dispatches(1, script.open(1), attempt: 3, from: .waitingForRetry),
            taskDispatches(from: .waitingForDependencies, "DependenciesReady"))
        #expect(script[1].hold == nil && script.suspects == ["fleet": [s(1)]])
    }

    @Test("the killer goes alone, and its neighbours finish")
    func killer() {
        var script = suspects(step("a", retry: .plain(9)), step("b", retry: .plain(9)), step("c", retry: .plain(9)))
        script.fire(.retry, 0)
        script.fire(.retry, 1)
        script.fire(.retry, 2)
        #expect(script.states == [.enqueued, .waitingForRetry, .waitingForRetry])
        script.apply(script.heartbeat(0))
        #expect(script.fire(.lease, 0).contains(.quarantineEnded(queue: "fleet")))
        #expect(script[0].state == .error)
        script.apply(.holdsMayEnd)
        // Only one of the two may go.
        #expect(script.states == [.error, .enqueued, .waitingForRetry])
        script.apply(script.completed(1))
        script.apply(.holdsMayEnd)
        script.apply(script.completed(2))
        #expect(script.states == [.error, .complete, .complete] && script.state == .blockedByFailures)
        #expect(script.task.deadLetter?.failures.map(\.reason) == [.poison])
    }

    @Test("suspects of other queues, and steps that are none, go freely")
    func otherQueues() {
        var script = suspects(
            step("a", retry: .plain(9)), step("b", retry: .plain(9), queue: "other"), step("c", after: "d"), step("d"))
        script.fire(.retry, 0)
        script.fire(.retry, 1)
        #expect(script.suspects == ["fleet": [s(0)], "other": [s(1)]])
        #expect(script[0].state == .enqueued && script[1].state == .enqueued)
    }

    @Test("cancelling a suspect ends its quarantine")
    func cancelledSuspect() {
        var script = suspects(step("a", retry: .plain(9)))
        script.fire(.retry, 0)
        #expect(script.apply(.cancel(reason: "r", actor: "me")).contains(.quarantineEnded(queue: "fleet")))
        #expect(script.suspects.isEmpty)
    }

    @Test("another task's suspect holds this one's")
    func acrossTasks() {
        var script = suspects(step("a", retry: .plain(9)))
        script.suspects = ["fleet": [s(99)]]
        script.fire(.retry, 0)
        #expect(script[0].hold == .quarantine && script.state == .waitingForDependencies)
        script.suspects = [:]
        script.apply(.holdsMayEnd)
        #expect(script[0].state == .enqueued)
    }

    // MARK: - Timeout

    @Test("the own timer acts at timeout + 5 s, tells the worker, and the late report changes nothing")
    func timeout() {
        var script = Script.started(step("a", timeout: 1500))
        script.apply(script.heartbeat())
        #expect(script.task.due(of: .timeout, step: 0) == script.later(6.5))
        expect(
            script.fire(.timeout),
            auditedSilence(
                0, d(1), from: .inProgress, type: "timeout",
                "the step ran longer than 1500 ms and its worker did not report it", by: worker),
            [
                .cancelNotice(step: 0, d(1), reason: "timeout"), .clearTimer(step: 0, .lease),
                .clearTimer(step: 0, .timeout),
            ],
            stepMoves(0, .inProgress, .enqueuedAsErrorForOrchestration),
            stepMoves(0, .enqueuedAsErrorForOrchestration, .waitingForRetry, detail: "timeout"),
            [.setTimer(step: 0, .retry, due: script.later(1))],
            taskMoves(.stepsInProcess, .waitingForRetry, "StepFailed"))
        expect(
            script.apply(script.failed(0, d(1), type: "timeout", retryable: true)),
            audited(
                0, .late, "failed", d(1), from: .waitingForRetry, to: .waitingForRetry, errorType: "timeout",
                message: "it broke"))
        #expect(script[0].workerLosses == 0)
    }

    @Test("a worker's own report of a timeout is an ordinary failure, with back-off")
    func reportedTimeout() {
        var script = Script.started(step("a"))
        script.apply(script.heartbeat())
        #expect(script.apply(script.failed(type: "timeout", retryable: true)).retryDue == script.later(1))
    }

    // MARK: - Lost dispatch

    @Test("a message that is gone is closed as dispatch_lost, with back-off, and is no worker loss")
    func dispatchLost() {
        var script = Script.started(step("a"))
        script.apply(script.report(.confirmed))
        script.wait(120)
        expect(
            script.apply(.dispatchLost(step: 0, d(1))),
            auditedSilence(
                0, d(1), from: .enqueued, type: "dispatch_lost",
                "the message to the workers is gone: queue fleet no longer holds it and nobody answered"),
            stepMoves(0, .enqueued, .enqueuedAsErrorForOrchestration),
            stepMoves(0, .enqueuedAsErrorForOrchestration, .waitingForRetry, detail: "dispatch_lost"),
            [.setTimer(step: 0, .retry, due: script.later(1))],
            taskMoves(.stepsInProcess, .waitingForRetry, "StepFailed"))
        #expect(script[0].workerLosses == 0)
        #expect(script.apply(script.completed(0, d(1))).dispositions == [.late])
    }

    @Test("a dispatch that was seen, is parked, or is not the open one, is not lost")
    func notLost() {
        var script = Script.started(step("a"))
        expect(script.apply(.dispatchLost(step: 0, d(9))), [])
        script.apply(script.heartbeat())
        expect(script.apply(.dispatchLost(step: 0, d(1))), [])
        script = Script.started(step("a"))
        script.apply(script.abandoned(0, nil, "redelivered"))
        expect(script.apply(.dispatchLost(step: 0, d(1))), [])
        script = Script(template(step("a")))
        script.publishesAtOnce = false
        script.apply(.start)
        expect(script.apply(.dispatchLost(step: 0, d(1))), [])
    }

    // MARK: - Counting anew

    @Test("after a silence of the orchestrator's own, leases, graces and timeouts begin anew in full")
    func anew() {
        var script = Script.started(step("a", timeout: 10_000), step("b", retry: .never), step("c"), step("d"))
        script.apply(script.heartbeat(0))
        script.apply(script.abandoned(1, nil, "redelivered"))
        script.apply(script.abandoned(2, nil, "redelivered"))
        script.wait(40)
        expect(
            script.apply(.silenceCountsAnew),
            [
                .setTimer(step: 0, .lease, due: script.later(60)), .setTimer(step: 0, .timeout, due: script.later(15)),
                .setTimer(step: 1, .grace, due: script.later(60)), .setTimer(step: 2, .grace, due: script.later(2)),
            ])
        // What was due before does not act any more.
        expect(script.apply(.timer(step: 2, .grace, due: Timestamp(milliseconds: 1_002_000))), [])
    }
}
