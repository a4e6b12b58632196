import Synchronization
import TaskerMessaging
import Testing

@testable import TaskerAMQP

@Suite("Publish window")
struct PublishWindowTests {
    private let probe = PublishProbe()

    private func window(_ count: UInt64, name: (UInt64) -> String = { "id-\($0)" }) -> PublishWindow {
        var window = PublishWindow()
        let batch = PublishBatch(count: Int(count), completion: probe.completion)
        for token in 1...count {
            var message = OutgoingMessage("body", to: "q", token: token)
            message.properties.messageID = name(token)
            window.append(message, of: batch, end: token * 100)
        }
        return window
    }

    private func outcomes(_ window: inout PublishWindow) -> [UInt64: PublishOutcome] {
        window.reportOutcomes()
        return probe.outcomes()
    }

    @Test func singleAndMultiple() {
        var window = window(6)
        window.settle(4, multiple: false, outcome: .confirmed)
        window.settle(2, multiple: true, outcome: .nacked)
        window.settle(2, multiple: true, outcome: .confirmed)
        window.settle(99, multiple: false, outcome: .confirmed)
        #expect(outcomes(&window) == [1: .nacked, 2: .nacked, 4: .confirmed])
        #expect(window.count == 4)
        window.settle(0, multiple: true, outcome: .confirmed)
        #expect(outcomes(&window).count == 6)
        #expect(window.count == 0)
        window.settle(7, multiple: true, outcome: .confirmed)
    }

    @Test func returnsComeBeforeTheAck() {
        var window = window(4)
        let returned = PublishOutcome.returned(code: 312, text: "NO_ROUTE")
        func giveBack(_ id: String?) {
            window.markReturned(exchange: "", routingKey: "q", messageID: id, bodyCount: 4, outcome: returned)
        }
        giveBack("id-2")
        giveBack("id-4")
        giveBack("unknown")
        window.settle(4, multiple: true, outcome: .confirmed)
        #expect(outcomes(&window) == [1: .confirmed, 2: returned, 3: .confirmed, 4: returned])
    }

    @Test func withoutIDsTheFirstThatFitsIsMeant() {
        var window = window(3) { _ in String(repeating: "long", count: 100) }
        let returned = PublishOutcome.returned(code: 312, text: "NO_ROUTE")
        for _ in 0..<2 {
            window.markReturned(exchange: "", routingKey: "q", messageID: nil, bodyCount: 4, outcome: returned)
        }
        window.settle(3, multiple: true, outcome: .confirmed)
        #expect(outcomes(&window) == [1: returned, 2: returned, 3: .confirmed])
    }

    @Test func afterALossOnlyWhatMayHaveLeftIsInDoubt() {
        var window = window(4)
        window.settle(2, multiple: false, outcome: .confirmed)
        window.fail(written: 350)
        #expect(outcomes(&window) == [1: .inDoubt, 2: .confirmed, 3: .inDoubt, 4: .notSent])
        #expect(window.count == 0)
    }
}
