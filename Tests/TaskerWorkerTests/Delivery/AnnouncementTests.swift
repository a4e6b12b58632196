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

    @Test func aHelloThatNobodyTakesIsDroppedAndAHeartbeatMakesItReady() {
        var script = Script()
        script(.publisherReady)
        script(.begin)
        script(.controlStarted)
        #expect(script(.published(token: 1, .returned(code: 312, text: "NO_ROUTE"))) == [.unheard])
        let effects = script(.timer(.announce))
        #expect(effects.count == 2)
        #expect(effects.first == .setTimer(.announce, .seconds(15)))
        #expect(script(.published(token: 2, .returned(code: 312, text: "NO_ROUTE"))) == [])
        script(.timer(.announce))
        #expect(script(.published(token: 3, .confirmed)) == [.ready])
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
