import TaskerMessaging
import TaskerProtocol
import Testing

@testable import TaskerWorker

/// Wire protocol, 6.4, 6.5 and 6.7: results are kept until confirmed, deliveries acked after that.
@Suite struct AnswerTests {
    let first = makeStep(1)
    let second = makeStep(2)

    /// A machine whose only step has finished; its result has token 2.
    func finished() -> Script {
        var script = Script.consuming()
        script.deliver(first, tag(1))
        script(.handlerFinished(first.dispatchID, completed(first)))
        return script
    }

    @Test func acksAfterTheConfirmAndNotBefore() {
        var script = finished()
        #expect(
            script(.published(token: 2, .confirmed))
                == [.cancelTimer(.acknowledgeBy(first.dispatchID)), .acknowledge([tag(1)])])
        #expect(script(.published(token: 2, .confirmed)) == [])
    }

    @Test func neverAcksADeliveryOfAConnectionThatIsGone() {
        var script = finished()
        script(.consumerLost(epoch: 1))
        #expect(script(.published(token: 2, .confirmed)) == [.cancelTimer(.acknowledgeBy(first.dispatchID))])
    }

    @Test func repeatsAReturnedResultEveryFiveSeconds() {
        var script = finished()
        let id = first.dispatchID
        for token: UInt64 in 2...4 {
            #expect(
                script(.published(token: token, .returned(code: 312, text: "NO_ROUTE")))
                    == [.setTimer(.answerAgain(id), .seconds(5))])
            #expect(script(.timer(.answerAgain(id))) == [.publish(token: token + 1, answer(first, completed(first)))])
        }
        #expect(script(.published(token: 5, .confirmed)) == [.cancelTimer(.acknowledgeBy(id)), .acknowledge([tag(1)])])
    }

    @Test func repeatsANackedResultAfterHalfASecond() {
        var script = finished()
        let id = first.dispatchID
        #expect(script(.published(token: 2, .nacked)) == [.setTimer(.answerAgain(id), .milliseconds(500))])
        #expect(script(.timer(.answerAgain(id))) == [.publish(token: 3, answer(first, completed(first)))])
    }

    @Test func aResultThatCannotBeDeliveredHoldsUpNoOther() {
        var script = Script.consuming(slots: 2)
        script.deliver(first, tag(1))
        script.deliver(second, tag(2))
        script(.handlerFinished(first.dispatchID, completed(first)))
        script(.published(token: 2, .returned(code: 312, text: "NO_ROUTE")))
        script(.handlerFinished(second.dispatchID, completed(second)))
        #expect(
            script(.published(token: 3, .confirmed))
                == [.cancelTimer(.acknowledgeBy(second.dispatchID)), .acknowledge([tag(2)])])
    }

    @Test(arguments: [PublishOutcome.inDoubt, .notSent])
    func publishesKeptResultsAgainAfterAReconnect(outcome: PublishOutcome) {
        var script = finished()
        let id = first.dispatchID
        #expect(script(.publisherAway) == [.setTimer(.publisherAway, .seconds(5))])
        #expect(script(.published(token: 2, outcome)) == [])
        #expect(
            script(.publisherReady) == [
                .cancelTimer(.publisherAway), .cancelTimer(.answerAgain(id)),
                .publish(token: 3, answer(first, completed(first))), .publish(token: 4, script.hello2(processed: 1)),
                .setTimer(.announce, .seconds(15)),
            ])
    }

    /// The news of the next connection may overtake those of the lost publish.
    @Test func publishesAgainWhenTheDoubtComesAfterTheReconnect() {
        var script = finished()
        script(.publisherAway)
        script(.publisherReady)
        #expect(
            script(.published(token: 2, .inDoubt)) == [.setTimer(.answerAgain(first.dispatchID), .milliseconds(500))])
    }

    @Test func aResultThatIsReadyWhileThePublisherIsAwayWaitsForIt() {
        var script = Script.consuming()
        script.deliver(first, tag(1))
        script(.publisherAway)
        let id = first.dispatchID
        #expect(
            script(.handlerFinished(id, completed(first))) == [
                .cancelTimer(.heartbeat(id)), .cancelTimer(.timeout(id)),
            ])
        #expect(
            script(.publisherReady).contains(.publish(token: 2, answer(first, completed(first)))))
    }

    @Test func stopsConsumingWhenThePublisherIsAwayForFiveSeconds() {
        var script = Script.consuming()
        #expect(script(.publisherAway) == [.setTimer(.publisherAway, .seconds(5))])
        #expect(script(.timer(.publisherAway)) == [.stopConsuming])
        #expect(
            script(.publisherReady) == [
                .cancelTimer(.publisherAway), .startConsuming, .publish(token: 2, script.hello()),
                .setTimer(.announce, .seconds(15)),
            ])
    }

    @Test func aShortAbsenceOfThePublisherStopsNothing() {
        var script = Script.consuming()
        script(.publisherAway)
        script(.publisherReady)
        #expect(script(.timer(.publisherAway)) == [])
    }

    // MARK: Unreadable messages

    func unreadable(answerable: Bool) -> UnreadableMessage {
        UnreadableMessage(
            error: WireError(.unsupportedProtocol, "protocol 2.0"), body: Array("{}".utf8),
            properties: MessageProperties(
                messageID: answerable ? "m" : nil, replyTo: answerable ? "tasker.results.0" : nil),
            origin: "tasker.steps.q")
    }

    @Test func copiesWhatItCannotReadToTheDeadLettersAndAnswers() {
        var script = Script.consuming()
        let message = unreadable(answerable: true)
        #expect(
            script.deliver(unreadable: message, tag(1))
                == [.publish(token: 2, .deadLetter(message)), .publish(token: 3, .refusal(message))])
        #expect(script(.published(token: 3, .confirmed)) == [])
        #expect(script(.published(token: 2, .confirmed)) == [.cancelTimer(.refuseAgain(1)), .acknowledge([tag(1)])])
    }

    @Test func cannotAnswerWithoutMessageIDAndReplyTo() {
        var script = Script.consuming()
        let message = unreadable(answerable: false)
        #expect(script.deliver(unreadable: message, tag(1)) == [.publish(token: 2, .deadLetter(message))])
        #expect(script(.published(token: 2, .confirmed)) == [.cancelTimer(.refuseAgain(1)), .acknowledge([tag(1)])])
    }

    @Test func repeatsOnlyThePartThatIsMissing() {
        var script = Script.consuming()
        let message = unreadable(answerable: true)
        script.deliver(unreadable: message, tag(1))
        script(.published(token: 2, .confirmed))
        #expect(
            script(.published(token: 3, .returned(code: 312, text: "NO_ROUTE")))
                == [.setTimer(.refuseAgain(1), .seconds(5))])
        #expect(script(.timer(.refuseAgain(1))) == [.publish(token: 4, .refusal(message))])
    }

    @Test func forgetsAnUnreadableMessageWithItsConnection() {
        var script = Script.consuming()
        script.deliver(unreadable: unreadable(answerable: false), tag(1))
        #expect(script(.consumerLost(epoch: 1)) == [.cancelTimer(.refuseAgain(1))])
        #expect(script(.published(token: 2, .confirmed)) == [])
    }
}

extension Script {
    func hello2(processed: Int64) -> Parcel {
        .announcement(
            Announcement(
                kind: .hello, sequence: 0, running: [], processedTotal: processed, failedTotal: 0, status: .active,
                reason: nil))
    }
}
