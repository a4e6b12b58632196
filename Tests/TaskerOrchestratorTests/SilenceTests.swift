import TaskerEngine
import TaskerMessaging
import TaskerProtocol
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

    @Test("a wall clock that goes ahead is noticed; slewing, and going back, are not jumps")
    func clocks() {
        let start = Timestamp(milliseconds: 1_800_000_000_000)
        var watch = ClockWatch(wall: start, steady: .zero)
        #expect(watch.jump(wall: start.advanced(byMilliseconds: 60_000), steady: .seconds(60)) == nil)
        #expect(watch.jump(wall: start.advanced(byMilliseconds: 120_900), steady: .seconds(120)) == nil)
        #expect(watch.jump(wall: start.advanced(byMilliseconds: 181_800), steady: .seconds(180)) == nil)
        #expect(watch.jump(wall: start.advanced(byMilliseconds: 284_800), steady: .seconds(183)) == .seconds(100))
        #expect(watch.jump(wall: start, steady: .seconds(184)) == nil)
        #expect(watch.jump(wall: start.advanced(byMilliseconds: 1000), steady: .seconds(185)) == nil)
    }
}
