import TaskerMessaging
import TaskerProtocol
import Testing

@testable import TaskerWorker

/// Wire protocol, section 5 and 6.6: heartbeats, and the early ack.
@Suite struct HeartbeatTests {
    let first = makeStep(1)
    let second = makeStep(2)

    func running(slots: Int = 1) -> Script {
        var script = Script.consuming(slots: slots)
        script.deliver(first, tag(1))
        return script
    }

    @Test func beatsAfterASecondAndThenAtTheInterval() {
        var script = running()
        let id = first.dispatchID
        for sequence: Int64 in 1...3 {
            #expect(
                script(.timer(.heartbeat(id))) == [
                    .setTimer(.heartbeat(id), .seconds(20)),
                    .publish(token: UInt64(sequence) + 1, script.heartbeat(first, sequence)),
                ])
        }
    }

    @Test func aShortStepCostsNoHeartbeat() {
        var script = running()
        let id = first.dispatchID
        #expect(
            script(.handlerFinished(id, completed(first))) == [
                .cancelTimer(.heartbeat(id)), .cancelTimer(.timeout(id)),
                .publish(token: 2, answer(first, completed(first))),
            ])
    }

    @Test func beatsAtOnceAfterAReconnectAndKeepsNoneMeanwhile() {
        var script = running()
        let id = first.dispatchID
        script(.publisherAway)
        #expect(script(.timer(.heartbeat(id))) == [.setTimer(.heartbeat(id), .seconds(20))])
        script(.consumerLost(epoch: 1))
        #expect(
            script(.publisherReady) == [
                .cancelTimer(.publisherAway), .publish(token: 2, script.heartbeat(first, 1, detached: true)),
                .publish(token: 3, script.hello(running: [first])), .setTimer(.announce, .seconds(15)),
            ])
    }

    @Test func aHeartbeatAfterAdoptionIsNotDetached() {
        var script = running()
        let id = first.dispatchID
        script(.consumerLost(epoch: 1))
        script.deliver(first, tag(1, epoch: 2), before: true)
        #expect(
            script(.timer(.heartbeat(id))) == [
                .setTimer(.heartbeat(id), .seconds(20)), .publish(token: 3, script.heartbeat(first, 2)),
            ])
    }

    // MARK: The early ack

    @Test func acksEarlyAfterAConfirmedPersistentHeartbeatAndRunsOn() {
        var script = running(slots: 2)
        let id = first.dispatchID
        #expect(
            script(.timer(.acknowledgeBy(id)))
                == [.publish(token: 2, script.heartbeat(first, 1, detached: true, persistent: true))])
        #expect(script(.published(token: 2, .confirmed)) == [.acknowledge([tag(1)])])
        // Its result is confirmed and nothing is left to ack.
        script(.handlerFinished(id, completed(first)))
        #expect(script(.published(token: 3, .confirmed)) == [.cancelTimer(.acknowledgeBy(id))])
    }

    @Test func cancelsTheConsumerFirstWhenAllSlotsAreBusy() {
        var script = running()
        let id = first.dispatchID
        #expect(
            script(.timer(.acknowledgeBy(id)))
                == [.stopConsuming, .publish(token: 2, script.heartbeat(first, 1, detached: true, persistent: true))])
        script(.published(token: 2, .confirmed))
        // It runs on in its slot; consuming goes on when the slot is free.
        script(.handlerFinished(id, completed(first)))
        #expect(script(.published(token: 3, .confirmed)) == [.cancelTimer(.acknowledgeBy(id)), .startConsuming])
    }

    @Test func doesNotAckEarlyWithoutAConfirm() {
        var script = running(slots: 2)
        let id = first.dispatchID
        script(.timer(.acknowledgeBy(id)))
        #expect(script(.published(token: 2, .nacked)) == [.setTimer(.detachAgain(id), .milliseconds(500))])
        #expect(
            script(.timer(.detachAgain(id)))
                == [.publish(token: 3, script.heartbeat(first, 2, detached: true, persistent: true))])
        #expect(
            script(.published(token: 3, .returned(code: 312, text: "NO_ROUTE")))
                == [.setTimer(.detachAgain(id), .seconds(5))])
    }

    @Test func theEarlyAckWaitsForThePublisher() {
        var script = running(slots: 2)
        let id = first.dispatchID
        script(.publisherAway)
        #expect(script(.timer(.acknowledgeBy(id))) == [])
        #expect(
            script(.publisherReady).contains(
                .publish(token: 2, script.heartbeat(first, 1, detached: true, persistent: true))))
        #expect(script(.published(token: 2, .confirmed)) == [.acknowledge([tag(1)])])
    }

    @Test func aConfirmAfterTheDeliveryWasLostAcksNothing() {
        var script = running(slots: 2)
        script(.timer(.acknowledgeBy(first.dispatchID)))
        script(.consumerLost(epoch: 1))
        #expect(script(.published(token: 2, .confirmed)) == [])
    }

    @Test func adoptionStartsTheDeadlineAnew() {
        var script = running(slots: 2)
        let id = first.dispatchID
        script(.timer(.acknowledgeBy(id)))
        script(.consumerLost(epoch: 1))
        #expect(
            script.deliver(first, tag(1, epoch: 2), before: true)
                == [.cancelTimer(.detachAgain(id)), .setTimer(.acknowledgeBy(id), .seconds(600))])
        // The confirm of the heartbeat sent before belongs to the old delivery.
        #expect(script(.published(token: 2, .confirmed)) == [])
        #expect(
            script(.timer(.acknowledgeBy(id)))
                == [.publish(token: 4, script.heartbeat(first, 3, detached: true, persistent: true))])
    }

    /// The credit of a detached handler is free and its slot is not: the only way to a waiting delivery with one queue.
    @Test func aResultThatCannotBeDeliveredIsAckedEarlyToo() {
        var script = running()
        let id = first.dispatchID
        script(.handlerFinished(id, completed(first)))
        script(.published(token: 2, .returned(code: 312, text: "NO_ROUTE")))
        #expect(
            script(.timer(.acknowledgeBy(id)))
                == [.stopConsuming, .publish(token: 3, script.heartbeat(first, 1, detached: true, persistent: true))])
    }

    @Test func theDeadlineComesWithTheMessage() {
        var script = Script.consuming()
        var limits = StepExecute.Limits()
        limits.ackDeadlineMilliseconds = 1234
        limits.heartbeatIntervalMilliseconds = 77
        let step = makeStep(5, limits: limits)
        #expect(script.deliver(step, tag(1)).first == .setTimer(.acknowledgeBy(step.dispatchID), .milliseconds(1234)))
        #expect(
            script(.timer(.heartbeat(step.dispatchID))).first
                == .setTimer(.heartbeat(step.dispatchID), .milliseconds(77)))
    }
}
