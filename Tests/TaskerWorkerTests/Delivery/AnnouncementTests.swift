import TaskerMessaging
import TaskerProtocol
import Testing

@testable import TaskerWorker

/// Wire protocol, 6.8.
@Suite struct AnnouncementTests {
    @Test func consumesThenSaysHelloThenIsReady() {
        var script = Script()
        #expect(script(.publisherReady) == [.cancelTimer(.publisherAway)])
        #expect(script(.begin) == [.startConsuming])
        #expect(
            script(.controlStarted) == [.publish(token: 1, script.hello()), .setTimer(.announce, .seconds(15))])
        #expect(script(.published(token: 1, .confirmed)) == [.ready])
    }

    @Test func aHelloThatNobodyTakesIsRepeated() {
        var script = Script()
        script(.publisherReady)
        script(.begin)
        script(.controlStarted)
        let returned = PublishOutcome.returned(code: 312, text: "NO_ROUTE")
        let again = MachineEffect.setTimer(.helloAgain, .seconds(5))
        #expect(script(.published(token: 1, returned)) == [.unheard, again])
        let hello: [MachineEffect] = [.publish(token: 2, script.hello()), .setTimer(.announce, .seconds(15))]
        #expect(script(.timer(.helloAgain)) == hello)
        #expect(script(.published(token: 2, returned)) == [again])
        script(.timer(.helloAgain))
        #expect(script(.published(token: 3, .confirmed)) == [.ready])
        // Later, too: the queue may be deleted and made anew.
        script(.timer(.announce))
        #expect(script(.published(token: 4, returned)) == [again])
    }

    /// By `basic.cancel`: the connection lives, and so does the consumer of cancel notices.
    @Test func saysHelloWhenAConsumerIsBackAlone() {
        var script = Script.consuming()
        #expect(script(.consumerStarted) == [])
        script(.consumerLost(epoch: 1))
        #expect(
            script(.consumerStarted) == [.publish(token: 2, script.hello()), .setTimer(.announce, .seconds(15))])
        #expect(script(.consumerStarted) == [])
    }

    @Test func saysHelloOnceAfterAReconnect() {
        var script = Script.consuming()
        script(.consumerLost(epoch: 1))
        script(.controlLost)
        #expect(script(.consumerStarted) == [])
        #expect(
            script(.controlStarted) == [.publish(token: 2, script.hello()), .setTimer(.announce, .seconds(15))])
    }

    @Test func saysHelloAfterEachReconnect() {
        var script = Script.consuming()
        #expect(
            script(.controlStarted) == [.publish(token: 2, script.hello()), .setTimer(.announce, .seconds(15))])
        #expect(script(.published(token: 2, .confirmed)) == [])
    }

    @Test func saysHelloWhenAHandlerIsAdded() {
        var script = Script.consuming()
        #expect(script(.handlersChanged) == [.publish(token: 2, script.hello()), .setTimer(.announce, .seconds(15))])
    }

    @Test func heartbeatsCarryWhatRunsAndTheTotals() {
        var script = Script.consuming(slots: 3)
        let steps = (1...3).map { makeStep(UInt64($0)) }
        for (index, step) in steps.enumerated() { script.deliver(step, tag(UInt64(index))) }
        script(.handlerFinished(steps[0].dispatchID, completed(steps[0])))
        script(.handlerFinished(steps[1].dispatchID, failed(steps[1])))
        let announcement = Announcement(
            kind: .heartbeat, sequence: 1, running: [script.entry(steps[2])], processedTotal: 2, failedTotal: 1,
            status: .active, reason: nil)
        #expect(
            script(.timer(.announce)) == [
                .setTimer(.announce, .seconds(15)), .publish(token: 4, .announcement(announcement)),
            ])
    }

    @Test func heartbeatsSayThatItIsDraining() {
        var script = Script.consuming()
        script.deliver(makeStep(1), tag(1))
        script(.shutdown(reason: "SIGTERM"))
        guard case .publish(_, .announcement(let announcement))? = script(.timer(.announce)).last else {
            Issue.record("no announcement")
            return
        }
        #expect(announcement.status == .draining)
    }

    @Test func announcesNothingWhileThePublisherIsAway() {
        var script = Script.consuming()
        script(.publisherAway)
        #expect(script(.timer(.announce)) == [.setTimer(.announce, .seconds(15))])
    }
}
