import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerEngine

/// Engine contract, section 7.4: a worker ended in `error`.
@Suite("Failure strategies of batches")
struct FailureStrategyTests {
    private func started(
        _ strategy: FailureStrategy, workers: Int = 3, parallelism: Int = 2, retry: RetryPolicy = .plain()
    ) -> Script {
        var script = Script.started(
            typed(.batchable, "A"),
            typed(
                .batchWorker, "w", after: "A", retry: retry,
                batch: BatchConfiguration(parallelism: parallelism, failureStrategy: strategy)),
            typed(.deferredConvergence, "J", after: "w"), step("end", after: "J"))
        script.complete("A", makes(workers))
        return script
    }

    @Test("continue_on_failure: all siblings run, the convergence waits, the task is blocked")
    func continues() {
        var script = started(.continueOnFailure)
        #expect(script.fail("w_001").dispatched == [script.place("w_003")])
        script.complete("w_002")
        #expect(script.complete("w_003").taskPath.last == "PermanentFailure blocked_by_failures")
        #expect(script["J"].state == .pending && script.task.toleratedCount == 0)
        script.act(.retryTask(steps: nil))
        script.complete("w_001")
        for name in ["J", "end"] { script.complete(name) }
        #expect(script.state == .complete)
    }

    @Test("fail_fast: those not in flight are held, those in flight finish, and mending releases the rest")
    func failFast() {
        var script = started(.failFast, workers: 4)
        #expect(script.fail("w_001").dispatched == [])
        #expect(script.task.batchHold(script.place("w_003")) == .failFast && script["w_003"].state == .pending)
        #expect(script.complete("w_002").taskPath.last == "PermanentFailure blocked_by_failures")
        let effects = script.act(.resetStep(script.place("w_001"), clearCheckpoint: false))
        #expect(effects.dispatched.map { script.names[$0] } == ["w_001", "w_003"])
        #expect(script.task.batchHold(script.place("w_004")) == .parallelism)
    }

    @Test("fail_fast: resolving the failed worker releases the hold too; with two failed both must be mended")
    func failFastTwice() {
        var script = started(.failFast, workers: 4)
        script.fail("w_001")
        script.fail("w_002")
        #expect(script.act(.resolveStep(script.place("w_001"))).dispatched == [])
        #expect(script.state == .blockedByFailures)
        #expect(script.act(.resolveStep(script.place("w_002"))).dispatched.count == 2)
    }

    @Test("fail_fast: continuations and resends of workers in flight go on")
    func failFastInFlight() {
        var script = started(.failFast)
        script.fail("w_001")
        let place = script.place("w_002")
        #expect(script.apply(script.abandoned(place, nil, ErrorType.workerBusy)).dispatched == [place])
        #expect(script.apply(script.checkpoint(place, nil, #"{"cursor":1}"#)).dispatched == [place])
    }

    @Test("fail_fast: a retry that is due stays where it is until the hold ends, and does not keep the task waiting")
    func failFastRetry() {
        var script = started(.failFast)
        script.fail("w_002", type: "Boom")
        script.fail("w_003")
        script.fail("w_001")
        #expect(script.state == .blockedByFailures && script["w_002"].state == .waitingForRetry)
        #expect(script.fire(.retry, script.place("w_002")) == [])
        script.act(.resolveStep(script.place("w_003")))
        #expect(script.act(.resolveStep(script.place("w_001"))).dispatched == [script.place("w_002")])
    }

    @Test("a held retry of such a set does not hide another step's retry")
    func otherRetry() {
        var script = Script.started(
            typed(.batchable, "A"),
            typed(
                .batchWorker, "w", after: "A",
                batch: BatchConfiguration(parallelism: 2, failureStrategy: .failFast)), step("single"))
        script.complete("A", makes(2))
        script.fail("w_001", type: "Boom")
        script.routing.routes = ["Handle_w": nil]
        script.fire(.retry, script.place("w_001"))
        #expect(script["w_001"].hold == .noRoute)
        script.fail("single", type: "Boom")
        #expect(script.fail("w_002").taskPath.last == "StepFailed waiting_for_retry")
        // With the other step done nothing can run: the held worker has a failed sibling.
        script.fire(.retry, script.place("single"))
        #expect(script.complete("single").taskPath.last == "PermanentFailure blocked_by_failures")
    }

    @Test("isolate: one failed, the others make the convergence run, and the task completes with its entry resolved")
    func isolate() {
        var script = started(.isolate)
        script.fail("w_001")
        script.complete("w_002")
        #expect(script.task.toleratedCount == 0 && script["J"].state == .pending)
        let effects = script.complete("w_003")
        #expect(effects.dispatched == [script.place("J")] && script.task.toleratedCount == 1)
        #expect(script.task.isTolerated(script.place("w_001")))
        #expect(script.task.toleratedParents(of: script.place("J")) == [script.place("w_001")])
        script.complete("J")
        // Only what joins the workers goes on without some of them.
        #expect(script.task.toleratedParents(of: script.place("end")) == [])
        #expect(script.complete("end").taskPath.last == "AllStepsSuccessful complete")
        #expect(script.task.count(.error) == 1)
        #expect(script.task.deadLetter?.failures.map(\.stepName) == ["w_001"])
        #expect(
            script.task.deadLetter?.resolution == .manuallyResolved && script.task.deadLetter?.resolvedBy == "system")
    }

    @Test("isolate: the last to end may be the one that failed")
    func isolateLast() {
        var script = started(.isolate, workers: 2)
        script.complete("w_001")
        #expect(script.fail("w_002").dispatched == [script.place("J")])
    }

    @Test("isolate: a worker that waits for a retry has not ended")
    func isolateRetry() {
        var script = started(.isolate, workers: 2)
        script.complete("w_001")
        #expect(script.fail("w_002", type: "Boom").dispatched == [] && script.state == .waitingForRetry)
    }

    @Test("isolate: all failed, nothing is tolerated")
    func isolateAll() {
        var script = started(.isolate, workers: 2)
        script.fail("w_001")
        #expect(script.fail("w_002").taskPath.last == "PermanentFailure blocked_by_failures")
        #expect(script.task.toleratedCount == 0)
        // One that is mended makes the other tolerable.
        #expect(script.act(.resolveStep(script.place("w_001"))).dispatched == [script.place("J")])
    }

    @Test("isolate: a tolerated worker that is reset keeps the convergence's retry waiting")
    func isolateReset() {
        var script = started(.isolate, workers: 2)
        script.complete("w_001")
        script.fail("w_002")
        script.fail("J", type: "Boom")
        script.act(.resetStep(script.place("w_002"), clearCheckpoint: false))
        #expect(script.fire(.retry, script.place("J")).dispatched == [])
        #expect(script.complete("w_002").dispatched == [script.place("J")])
    }

    @Test("a worker's due retry waits while its parents are not satisfied any more")
    func parentsUnsatisfied() {
        var script = Script.started(
            typed(.batchable, "A"),
            typed(.batchWorker, "v", after: "A", batch: BatchConfiguration(failureStrategy: .isolate)),
            typed(.batchable, "B"), typed(.batchWorker, "w", after: "B", "v"))
        script.complete("A", makes(2))
        script.complete("B", makes(1))
        script.complete("v_001")
        #expect(script.fail("v_002").dispatched == [script.place("w_001")])
        script.fail("w_001", type: "Boom")
        script.act(.resetStep(script.place("v_002"), clearCheckpoint: false))
        #expect(script.fire(.retry, script.place("w_001")).dispatched == [])
        #expect(script.complete("v_002").dispatched == [script.place("w_001")])
    }

    @Test("stored and loaded, a set goes on as it was")
    func restored() {
        for strategy in FailureStrategy.allCases {
            var script = started(strategy, workers: 5)
            script.fail("w_002", type: "Boom")
            script.fail("w_001")
            let restored = script.task.restored
            #expect(Snapshot(restored).batches == Snapshot(script.task).batches)
            #expect(restored.toleratedCount == script.task.toleratedCount)
        }
    }
}
