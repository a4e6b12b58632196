import Testing

@testable import TaskerWorker

@Suite struct TimerQueueTests {
    let start = ContinuousClock.now

    @Test func firesInOrderOfTime() {
        var timers = TimerQueue<Int>()
        for number in (1...100).shuffled() { timers.set(number, at: start + .seconds(number)) }
        var fired: [Int] = []
        while let name = timers.pop(dueBy: start + .seconds(50)) { fired.append(name) }
        #expect(fired == Array(1...50))
        #expect(timers.count == 50)
    }

    @Test func settingAgainMovesATimer() {
        var timers = TimerQueue<String>()
        timers.set("a", at: start)
        timers.set("a", at: start + .seconds(10))
        #expect(timers.pop(dueBy: start + .seconds(5)) == nil)
        #expect(timers.pop(dueBy: start + .seconds(10)) == "a")
        #expect(timers.pop(dueBy: start + .seconds(100)) == nil)
    }

    /// Each short step sets three timers that are far away and cancels them.
    @Test func cancelledTimersDoNotPileUp() {
        var timers = TimerQueue<Int>()
        for number in 0..<100_000 {
            timers.set(number, at: start + .seconds(600))
            timers.cancel(number)
        }
        #expect(timers.count == 0)
        #expect(timers.storedCount <= 65)
    }
}
