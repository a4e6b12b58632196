import TaskerMessaging
import TaskerProtocol
import Testing

@testable import TaskerWorker

/// Wire protocol, 6.9-6.11: cancel, time-outs, shutdown.
@Suite struct StopTests {
    let first = makeStep(1)
    let second = makeStep(2)

    func running() -> Script {
        var script = Script.consuming()
        script.deliver(first, tag(1))
        return script
    }

    // MARK: Cancel notices

    @Test func aNoticeForARunningStepSetsItsFlag() {
        var script = running()
        #expect(script(.cancelNotice(first.dispatchID)) == [.stop(first.dispatchID, .cancelled)])
    }

    @Test func aNoticeForAWaitingStepAnswersIt() {
        var script = running()
        script.deliver(second, tag(2))
        #expect(
            script(.cancelNotice(second.dispatchID)) == [
                .cancelTimer(.waited(second.dispatchID)),
                .publish(token: 2, answer(second, script.abandoned(second, "cancelled"))),
            ])
    }

    @Test func aNoticeForAParkedStepAnswersIt() {
        var script = running()
        script.deliver(second, tag(2))
        script(.consumerLost(epoch: 1))
        #expect(
            script(.cancelNotice(second.dispatchID)) == [
                .cancelTimer(.parked(second.dispatchID)),
                .publish(token: 3, answer(second, script.abandoned(second, "cancelled"))),
            ])
    }

    @Test func aNoticeAfterTheEndChangesNothing() {
        var script = running()
        script(.handlerFinished(first.dispatchID, completed(first)))
        #expect(script(.cancelNotice(first.dispatchID)) == [])
        script(.published(token: 2, .confirmed))
        #expect(script(.cancelNotice(first.dispatchID)) == [])
    }

    @Test func aNoticeThatComesEarlyIsRememberedForAnHour() {
        var script = Script.consuming()
        script(.cancelNotice(first.dispatchID))
        script(.cancelNotice(second.dispatchID))
        script.now = script.now.advanced(by: .seconds(3599))
        #expect(
            script.deliver(first, tag(1)) == [.publish(token: 2, answer(first, script.abandoned(first, "cancelled")))])
        script.now = script.now.advanced(by: .seconds(1))
        #expect(script.deliver(second, tag(2)) == script.starting(second))
    }

    @Test func onlyTheLastTenThousandEarlyNoticesAreRemembered() {
        var script = Script.consuming(slots: 2)
        for number in 1...10_001 { script(.cancelNotice(makeStep(UInt64(number)).dispatchID)) }
        #expect(script.deliver(first, tag(1)) == script.starting(first))
        #expect(
            script.deliver(second, tag(2)) == [
                .publish(token: 2, answer(second, script.abandoned(second, "cancelled")))
            ])
    }

    // MARK: Time-outs

    @Test func aHandlerThatRunsTooLongIsToldToStop() {
        var script = running()
        #expect(script(.timer(.timeout(first.dispatchID))) == [.stop(first.dispatchID, .timedOut)])
        // What it then says is sent, and its slot is taken until then.
        let id = first.dispatchID
        #expect(
            script(.handlerFinished(id, failed(first))) == [
                .cancelTimer(.heartbeat(id)), .cancelTimer(.timeout(id)),
                .publish(token: 2, answer(first, failed(first))),
            ])
    }

    // MARK: Shutdown

    let drain: [MachineEffect] = [
        .stopConsuming, .setTimer(.grace, .seconds(30)), .setTimer(.lastCall, .seconds(40)),
    ]

    @Test func anIdleWorkerSaysByeWhenItsConsumersAreGone() {
        var script = Script.consuming()
        #expect(script(.shutdown(reason: "SIGTERM")) == drain)
        #expect(script(.consumersStopped) == [.publish(token: 2, script.bye())])
        #expect(script(.published(token: 2, .confirmed)) == [.finish(exitCode: 0, unsent: [])])
    }

    @Test func whatHasNotStartedIsAnsweredAndWhatRunsIsAwaited() {
        var script = running()
        script.deliver(second, tag(2))
        #expect(
            script(.shutdown(reason: "SIGTERM"))
                == drain + [
                    .cancelTimer(.waited(second.dispatchID)),
                    .publish(token: 2, answer(second, script.abandoned(second, "worker_shutdown"))),
                ])
        script(.consumersStopped)
        script(.published(token: 2, .confirmed))
        script(.handlerFinished(first.dispatchID, completed(first)))
        #expect(
            script(.published(token: 3, .confirmed)) == [
                .cancelTimer(.acknowledgeBy(first.dispatchID)), .acknowledge([tag(1)]),
                .publish(token: 4, script.bye(processed: 1)),
            ])
    }

    @Test func aDeliveryThatWasUnderWayIsAnsweredBeforeTheBye() {
        var script = Script.consuming()
        script(.shutdown(reason: "SIGTERM"))
        script.deliver(first, tag(1))
        #expect(script(.consumersStopped) == [])
        #expect(
            script(.published(token: 2, .confirmed)) == [
                .cancelTimer(.acknowledgeBy(first.dispatchID)), .acknowledge([tag(1)]),
                .publish(token: 3, script.bye()),
            ])
    }

    @Test func afterTheGracePeriodRunningStepsAreInterrupted() {
        var script = running()
        let (id, startedAt) = (first.dispatchID, script.now)
        script(.shutdown(reason: "SIGTERM"))
        script(.consumersStopped)
        script.now = script.now.advanced(by: .seconds(30))
        #expect(
            script(.timer(.grace)) == [
                .stop(id, .interrupted), .cancelTimer(.heartbeat(id)), .cancelTimer(.timeout(id)),
                .publish(
                    token: 2,
                    answer(first, script.abandoned(first, "interrupted", startedAt: startedAt, took: 30_000))),
            ])
        // Nothing follows for this dispatch.
        #expect(script(.handlerFinished(id, completed(first))) == [])
        #expect(
            script(.published(token: 2, .confirmed)) == [
                .cancelTimer(.acknowledgeBy(id)), .acknowledge([tag(1)]), .publish(token: 3, script.bye()),
            ])
    }

    @Test func withTheBrokerAwayItDoesNotConsumeAgainAndGivesUpInTheEnd() {
        var script = running()
        script(.handlerFinished(first.dispatchID, completed(first)))
        script(.publisherAway)
        script(.published(token: 2, .inDoubt))
        script(.shutdown(reason: "SIGTERM"))
        script(.consumersStopped)
        #expect(
            script(.publisherReady) == [
                .cancelTimer(.publisherAway), .cancelTimer(.answerAgain(first.dispatchID)),
                .publish(token: 3, answer(first, completed(first))),
            ])
        script(.publisherAway)
        script(.published(token: 3, .inDoubt))
        script(.timer(.grace))
        #expect(script(.timer(.lastCall)) == [.finish(exitCode: 1, unsent: [completed(first)])])
        #expect(script(.publisherReady) == [])
    }

    @Test func withTheBrokerAwayAndNothingToSendItLeavesAtOnce() {
        var script = Script.consuming()
        script(.publisherAway)
        script(.shutdown(reason: "SIGTERM"))
        #expect(script(.consumersStopped) == [.finish(exitCode: 0, unsent: [])])
    }

    @Test func aByeNobodyHearsIsNoReasonToStay() {
        var script = Script.consuming()
        script(.shutdown(reason: "SIGTERM"))
        script(.consumersStopped)
        #expect(script(.publisherAway) == [.setTimer(.publisherAway, .seconds(5)), .finish(exitCode: 0, unsent: [])])
    }

    @Test func aShutdownBeforeTheBrokerWasEverThereEndsAtOnce() {
        var script = Script()
        #expect(script(.shutdown(reason: "SIGTERM")) == drain)
        #expect(script(.begin) == [])
        #expect(script(.consumersStopped) == [.finish(exitCode: 0, unsent: [])])
    }

    @Test func aSecondShutdownChangesNothing() {
        var script = running()
        script(.shutdown(reason: "SIGTERM"))
        #expect(script(.shutdown(reason: "again")) == [])
    }
}
