import TaskerMessaging
import TaskerProtocol
import Testing

@testable import TaskerWorker

/// Wire protocol, 6.1-6.3: what happens to a delivery.
@Suite struct AdmissionTests {
    let first = makeStep(1)
    let second = makeStep(2)
    let third = makeStep(3)

    @Test func startsWhatIsNewAndKnown() {
        var script = Script.consuming()
        #expect(script.deliver(first, tag(1)) == script.starting(first))
    }

    @Test(arguments: [nil, 1, 20] as [Int64?])
    func neverRunsWhatWasDeliveredBefore(count: Int64?) {
        var script = Script.consuming()
        let effects = script.deliver(first, tag(1), before: true, count: count)
        #expect(effects == [.publish(token: 2, answer(first, script.abandoned(first, "redelivered", count: count)))])
        #expect(
            script(.published(token: 2, .confirmed)) == [
                .cancelTimer(.acknowledgeBy(first.dispatchID)), .acknowledge([tag(1)]),
            ])
    }

    @Test func answersUnknownHandlers() {
        var script = Script.consuming()
        #expect(
            script.deliver(first, tag(1), known: false)
                == [.publish(token: 2, answer(first, script.abandoned(first, "handler_not_found")))])
    }

    // MARK: The order of the checks

    @Test func redeliveryComesBeforeEverythingElse() {
        var script = Script.consuming()
        script(.cancelNotice(first.dispatchID))
        script(.shutdown(reason: "SIGTERM"))
        #expect(
            script.deliver(first, tag(1), before: true, known: false)
                == [.publish(token: 2, answer(first, script.abandoned(first, "redelivered")))])
    }

    @Test func shutdownComesBeforeCancelAndUnknownHandler() {
        var script = Script.consuming()
        script(.cancelNotice(first.dispatchID))
        script(.shutdown(reason: "SIGTERM"))
        #expect(
            script.deliver(first, tag(1), known: false)
                == [.publish(token: 2, answer(first, script.abandoned(first, "worker_shutdown")))])
    }

    @Test func cancelComesBeforeUnknownHandler() {
        var script = Script.consuming()
        script(.cancelNotice(first.dispatchID))
        #expect(
            script.deliver(first, tag(1), known: false)
                == [.publish(token: 2, answer(first, script.abandoned(first, "cancelled")))])
    }

    @Test func beingHeldHereComesBeforeRedelivery() {
        var script = Script.consuming()
        script.deliver(first, tag(1))
        let id = first.dispatchID
        #expect(
            script.deliver(first, tag(2, epoch: 2), before: true)
                == [.cancelTimer(.detachAgain(id)), .setTimer(.acknowledgeBy(id), .seconds(600))])
    }

    @Test func beingUnreadableComesBeforeRedeliveryAndShutdown() {
        var script = Script.consuming()
        script(.shutdown(reason: "SIGTERM"))
        let message = UnreadableMessage(
            error: WireError(.invalidMessage, "not JSON"), body: [1], properties: MessageProperties(), origin: "q")
        #expect(script.deliver(unreadable: message, tag(1), before: true) == [.publish(token: 2, .deadLetter(message))])
    }

    // MARK: Adoption

    @Test func theAckOfARunningStepGoesToTheNewestDelivery() {
        var script = Script.consuming()
        script.deliver(first, tag(1))
        script(.consumerLost(epoch: 1))
        script.deliver(first, tag(1, epoch: 2), before: true)
        script(.handlerFinished(first.dispatchID, completed(first)))
        // Tokens: 1 hello, 2 the heartbeat after the loss, 3 the result.
        #expect(
            script(.published(token: 3, .confirmed))
                == [.cancelTimer(.acknowledgeBy(first.dispatchID)), .acknowledge([tag(1, epoch: 2)])])
    }

    @Test func anUnconfirmedResultAdoptsItsRedelivery() {
        var script = Script.consuming()
        script.deliver(first, tag(1))
        script(.handlerFinished(first.dispatchID, completed(first)))
        script(.consumerLost(epoch: 1))
        script.deliver(first, tag(9, epoch: 2), before: true)
        #expect(
            script(.published(token: 2, .confirmed))
                == [.cancelTimer(.acknowledgeBy(first.dispatchID)), .acknowledge([tag(9, epoch: 2)])])
    }

    @Test func aMessagePublishedTwiceIsAckedTwiceAndRunOnce() {
        var script = Script.consuming(slots: 2)
        script.deliver(first, tag(1))
        script.deliver(first, tag(2))
        script(.handlerFinished(first.dispatchID, completed(first)))
        #expect(
            script(.published(token: 2, .confirmed))
                == [.cancelTimer(.acknowledgeBy(first.dispatchID)), .acknowledge([tag(1), tag(2)])])
    }

    @Test func whatWasAnsweredIsAckedAndDropped() {
        var script = Script.consuming()
        script.deliver(first, tag(1))
        script(.handlerFinished(first.dispatchID, completed(first)))
        script(.published(token: 2, .confirmed))
        #expect(script.deliver(first, tag(2), before: true) == [.acknowledge([tag(2)])])
        #expect(script.deliver(first, tag(3)) == [.acknowledge([tag(3)])])
    }

    @Test func theLastTenThousandAnswersAreRemembered() {
        var script = Script.consuming()
        for number in 1...10_001 {
            let step = makeStep(UInt64(number))
            script.deliver(step, tag(UInt64(number)), before: true)
            script(.published(token: UInt64(number) + 1, .confirmed))
        }
        let newest = makeStep(10_001)
        let oldestKept = makeStep(2)
        #expect(script.deliver(newest, tag(20_000), before: true) == [.acknowledge([tag(20_000)])])
        #expect(script.deliver(oldestKept, tag(20_001), before: true) == [.acknowledge([tag(20_001)])])
        #expect(
            script.deliver(first, tag(20_002), before: true)
                == [.publish(token: 10_003, answer(first, script.abandoned(first, "redelivered")))])
        #expect(script.machine.answered.count == 10_000)
    }

    // MARK: Slots

    @Test func aDeliveryWithoutASlotWaitsASecondThenTheWorkerIsFull() {
        var script = Script.consuming()
        script.deliver(first, tag(1))
        let id = second.dispatchID
        #expect(
            script.deliver(second, tag(2)) == [
                .setTimer(.acknowledgeBy(id), .seconds(600)), .setTimer(.waited(id), .seconds(1)),
            ])
        script.deliver(third, tag(3))
        #expect(
            script(.timer(.waited(id))) == [
                .stopConsuming,
                .cancelTimer(.waited(id)),
                .publish(token: 2, answer(second, script.abandoned(second, "worker_busy"))),
                .cancelTimer(.waited(third.dispatchID)),
                .publish(token: 3, answer(third, script.abandoned(third, "worker_busy"))),
            ])
        // Their confirms free no slot; the first's does, and consuming goes on.
        #expect(script(.published(token: 2, .confirmed)) == [.cancelTimer(.acknowledgeBy(id)), .acknowledge([tag(2)])])
        script(.handlerFinished(first.dispatchID, completed(first)))
        #expect(
            script(.published(token: 4, .confirmed))
                == [.cancelTimer(.acknowledgeBy(first.dispatchID)), .acknowledge([tag(1)]), .startConsuming])
    }

    @Test func aSlotThatGetsFreeInTimeGoesToTheOneThatWaitsLongest() {
        var script = Script.consuming()
        script.deliver(first, tag(1))
        script.deliver(second, tag(2))
        script.deliver(third, tag(3))
        script(.handlerFinished(first.dispatchID, completed(first)))
        #expect(
            script(.published(token: 2, .confirmed))
                == [
                    .cancelTimer(.acknowledgeBy(first.dispatchID)), .acknowledge([tag(1)]),
                    .cancelTimer(.waited(second.dispatchID)),
                ] + script.running(second))
    }

    @Test func aSlotIsFreeWhenTheResultIsConfirmedNotWhenTheHandlerReturns() {
        var script = Script.consuming()
        script.deliver(first, tag(1))
        script.deliver(second, tag(2))
        let id = first.dispatchID
        #expect(
            script(.handlerFinished(id, completed(first))) == [
                .cancelTimer(.heartbeat(id)), .cancelTimer(.timeout(id)),
                .publish(token: 2, answer(first, completed(first))),
            ])
        #expect(script.machine.usedSlots == 1)
    }

    // MARK: Parked deliveries

    @Test func aWaitingDeliveryThatIsLostIsParkedAndForgotten() {
        var script = Script.consuming()
        script.deliver(first, tag(1))
        script.deliver(second, tag(2))
        let (running, waiting) = (first.dispatchID, second.dispatchID)
        #expect(
            script(.consumerLost(epoch: 1)) == [
                .cancelTimer(.acknowledgeBy(running)), .cancelTimer(.detachAgain(running)),
                .publish(token: 2, script.heartbeat(first, 1, detached: true)),
                .cancelTimer(.acknowledgeBy(waiting)), .cancelTimer(.detachAgain(waiting)),
                .cancelTimer(.waited(waiting)), .setTimer(.parked(waiting), .seconds(10)),
            ])
        #expect(script(.timer(.parked(waiting))) == [])
        // Forgotten: its redelivery is one like any other.
        #expect(
            script.deliver(second, tag(1, epoch: 2), before: true)
                == [.publish(token: 3, answer(second, script.abandoned(second, "redelivered")))])
    }

    @Test func aParkedDeliveryIsNotStartedByAFreeSlotButByItsRedelivery() {
        var script = Script.consuming()
        script.deliver(first, tag(1))
        script.deliver(second, tag(2))
        script(.consumerLost(epoch: 1))
        script(.handlerFinished(first.dispatchID, completed(first)))
        #expect(script(.published(token: 3, .confirmed)) == [.cancelTimer(.acknowledgeBy(first.dispatchID))])
        let id = second.dispatchID
        #expect(
            script.deliver(second, tag(1, epoch: 2), before: true)
                == [
                    .cancelTimer(.detachAgain(id)), .setTimer(.acknowledgeBy(id), .seconds(600)),
                    .cancelTimer(.parked(id)),
                ] + script.running(second))
    }

    @Test func anotherConsumersLossTouchesNothing() {
        var script = Script.consuming()
        script.deliver(first, tag(1))
        #expect(script(.consumerLost(epoch: 2)) == [])
    }
}
