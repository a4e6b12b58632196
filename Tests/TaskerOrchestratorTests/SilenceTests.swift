import Synchronization
import TaskerEngine
import TaskerMessaging
import TaskerProtocol
import TaskerStore
import TaskerTemplates
import Testing

@testable import TaskerOrchestrator

/// Silence counts only when it was one. (Most of this is the simulation's business.)
@Suite("Silence")
struct SilenceTests {
    @Test("a limit on steps in process waits until the results that came meanwhile have been read")
    func staleAfterAPause() async throws {
        let harness = Harness()
        try await harness.start()
        let worker = try await ScriptedWorker(server: harness.server)
        worker.announce(callables: ["Echo"])
        var template = sevenSteps()
        template.steps.removeLast(6)
        template.steps[0].timeoutMilliseconds = 60_000
        template.lifecycle = Lifecycle(maxStepsInProcessMinutes: 10)
        try await harness.register(template)
        let task = try await harness.create(template)
        _ = try await harness.turn()
        _ = worker.work()
        // The orchestrator is away while the answer waits for it.
        harness.advance(by: .seconds(3600))
        try await harness.restart()
        try await harness.run([worker]) { try await harness.task(task)?.state.isTerminal == true }
        #expect(try await harness.task(task)?.state == .complete)
    }

    @Test("a limit on steps in process ends a task whose workers are silent")
    func staleForGood() async throws {
        let harness = Harness()
        try await harness.start()
        var template = sevenSteps()
        template.lifecycle = Lifecycle(maxStepsInProcessMinutes: 10)
        template.steps[0].handler.queue = "nobody"
        try await harness.register(template)
        let task = try await harness.create(template)
        harness.settings.lostDispatchCheck = .seconds(100_000)
        try await harness.restart()
        try await harness.run([]) { try await harness.task(task)?.state.isTerminal == true }
        #expect(try await harness.task(task)?.state == .error)
    }

    /// The history goes on from the time that it had come to.
    @Test("a clock that is set back across a restart shortens no grace")
    func clockSetBack() async throws {
        let harness = Harness()
        try await harness.start()
        let first = try await ScriptedWorker(server: harness.server) { _ in nil }
        first.announce(callables: ["Echo"])
        var template = sevenSteps()
        template.steps.removeLast(6)
        try await harness.register(template)
        let task = try await harness.create(template)
        try await harness.run([first], limit: .zero) { false }
        first.broker.crash()
        let second = try await ScriptedWorker(server: harness.server)
        try await harness.run([second], limit: .zero) { false }
        harness.advance(by: .seconds(-3))
        try await harness.restart()
        let restartedAt = harness.now
        func closing() async throws -> StoredJournalEntry? { try await entry(of: task, harness, ErrorType.workerLost) }
        try await harness.run([second], limit: .seconds(30)) { try await closing() != nil }

        let closed = try #require(try await closing())
        let redelivered = try #require(try await entry(of: task, harness, ErrorType.redelivered))
        let grace = harness.settings.engine.redeliveryGrace.wholeMilliseconds
        #expect(closed.at.millisecondsSince(restartedAt) >= grace, "it begins anew in full")
        #expect(closed.at.millisecondsSince(redelivered.at) >= grace, "nor is it shorter in the history")
    }

    private func entry(
        of task: TaskID, _ harness: Harness, _ errorType: String
    ) async throws -> StoredJournalEntry? {
        try await harness.store.journal(of: task, after: 0, limit: 1000).first {
            if case .audit(let record) = $0.entry { record.errorType == errorType } else { false }
        }
    }

    @Test("messages are numbered in the order in which they leave, the most urgent first")
    func order() async throws {
        let harness = Harness()
        try await harness.start()
        let worker = try await ScriptedWorker(server: harness.server) { _ in nil }
        worker.announce(callables: ["Echo"])
        var template = sevenSteps()
        template.steps[1].dependencies = []
        try await harness.register(template)
        for priority in [0, 7, -3, 7, 0] {
            var request = harness.request(template)
            request.priority = priority
            harness.push(.create(CreateTask(request: request) { _ in }))
        }
        _ = try await harness.turn()
        let coordinator = harness.coordinator
        let numbers = coordinator.open.values.map { info in
            (priority: coordinator.cache[info.task]?.task.header.priority ?? 0, number: info.publishSequence)
        }
        let ordered = numbers.sorted { $0.number < $1.number }
        #expect(ordered.map(\.priority) == [7, 7, 7, 7, 0, 0, 0, 0, -3, -3])
        #expect(Set(numbers.map(\.number)).count == 10)
        // As they lie in the queue.
        _ = worker.work()
        let left = worker.order.compactMap { coordinator.open[$0]?.publishSequence }
        #expect(left == left.sorted() && left.count == 10)
    }

    @Test("a nacked message that will be sent again is not found lost before that")
    func nackedIsNotLost() async throws {
        let harness = Harness()
        harness.settings.engine.lostDispatch = .zero
        harness.settings.lostDispatchCheck = .milliseconds(100)
        try await harness.start()
        let worker = try await ScriptedWorker(server: harness.server)
        worker.announce(callables: ["Echo"])
        var template = sevenSteps()
        template.steps.removeLast(6)
        template.steps[0].retry.maxAttempts = 2
        try await harness.register(template)
        // The broker refuses four messages, and made no copy of them: they are sent again after 1, 2, 4 and 8 s.
        let refusals = Mutex(4)
        harness.server.setPublishFault { message in
            guard message.properties.type == MessageKind.amqpType(MessageKind.stepExecute) else { return nil }
            return refusals.withLock { left in
                left -= 1
                return left >= 0 ? .nack : nil
            }
        }
        let task = try await harness.create(template)
        try await harness.run([worker]) { try await harness.task(task)?.state.isTerminal == true }
        let stored = try await harness.task(task)
        #expect(stored?.state == .complete && stored?.steps[0].attempts == 1)
    }

    @Test("a wall clock that goes ahead is noticed; slewing, and going back, are not jumps")
    func clocks() {
        let start = Timestamp(milliseconds: 1_800_000_000_000)
        var watch = ClockWatch(wall: start, steady: .zero, reached: start)
        func jump(wall: Int64, steady: Int) -> Duration? {
            let wall = start.advanced(byMilliseconds: wall)
            #expect(watch.time(wall: wall, steady: .seconds(steady)) == wall)
            return watch.takeJump()
        }
        #expect(jump(wall: 60_000, steady: 60) == nil)
        #expect(jump(wall: 120_900, steady: 120) == nil)
        #expect(jump(wall: 181_800, steady: 180) == nil)
        #expect(jump(wall: 284_800, steady: 183) == .seconds(100))
        #expect(watch.takeJump() == nil)
    }

    @Test("when the wall clock is set back, time goes on, a tenth slower until both agree")
    func setBack() {
        let start = Timestamp(milliseconds: 1_800_000_000_000)
        var watch = ClockWatch(wall: start, steady: .zero, reached: start)
        func time(wall: Int64, steady: Int) -> Int64 {
            watch.time(wall: start.advanced(byMilliseconds: wall), steady: .seconds(steady)).millisecondsSince(start)
        }
        #expect(time(wall: -3_600_000, steady: 10) == 10_000)
        #expect(time(wall: -3_595_000, steady: 15) == 14_500)
        // It is set right again: nothing has jumped.
        #expect(time(wall: 30_000, steady: 30) == 30_000)
        #expect(watch.takeJump() == nil)
        #expect(time(wall: 20_000, steady: 40) == 40_000)
        #expect(time(wall: 220_000, steady: 240) == 220_000)
        #expect(watch.lead == .zero)
        // Set forward by more than it was back: the rest is a jump.
        #expect(time(wall: 130_000, steady: 250) == 230_000)
        #expect(time(wall: 1_240_000, steady: 260) == 1_240_000)
        #expect(watch.takeJump() == .seconds(1000))
    }
}
