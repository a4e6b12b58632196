import Testing

@testable import TaskerAMQP

@Suite("Reconnect delay")
struct ReconnectDelayTests {
    @Test func atOnceThenDoublingWithJitterUpToTheLimit() {
        var delay = ReconnectDelay(minimum: .milliseconds(500), maximum: .seconds(30))
        #expect(delay.next(lasted: .seconds(3)) == .zero)
        for seconds in [0.5, 1, 2, 4, 8, 16, 30, 30, 30] {
            let next = delay.next(lasted: nil)
            #expect(next >= .seconds(seconds / 2) && next <= .seconds(seconds))
        }
        #expect(delay.next(lasted: .seconds(2)) == .zero)
        // A connection that did not last is as good as none.
        #expect(delay.next(lasted: .milliseconds(1)) >= .milliseconds(250))
    }

    @Test func aFirstAttemptThatFailsIsNotRepeatedAtOnce() {
        var delay = ReconnectDelay(minimum: .milliseconds(500), maximum: .seconds(30))
        #expect(delay.next(lasted: nil) >= .milliseconds(250))
    }
}
