import TaskerEngine
import TaskerMessaging
import TaskerProtocol
import TaskerStore
import TaskerTemplates
import Testing

@testable import TaskerOrchestrator

/// A round that the store refuses leaves nothing behind and loses nothing, wherever it stopped.
@Suite("Rounds that are taken again")
struct AbandonedRoundTests {
    @Test("tasks that were not made are not counted")
    func openTasks() async throws {
        let harness = Harness()
        try await harness.start()
        let template = sevenSteps()
        try await harness.register(template)
        harness.refusal = Refusal(from: 0, times: 3)
        for _ in 0..<4 {
            harness.push(.create(CreateTask(request: harness.request(template)) { _ in }))
            _ = try await harness.turn()
            harness.advance(by: .seconds(2))
        }
        #expect(harness.coordinator.openTasks == ["test": 1])
    }

    @Test("parked messages wait on when their tasks cannot be read")
    func parked() async throws {
        let harness = Harness()
        harness.settings.taskCacheLimit = 0
        try await harness.start()
        let worker = try await ScriptedWorker(server: harness.server)
        worker.announce(callables: ["Echo"])
        let template = sevenSteps(retryable: false)
        try await harness.register(template)
        harness.push(.broker(.disconnected(reason: "test")))
        harness.push(.create(CreateTask(request: harness.request(template)) { _ in }))
        _ = try await harness.turn()
        #expect(harness.coordinator.parked.count == 1)
        harness.readRefusal = Refusal(from: 0, times: 2)
        harness.push(.broker(.connected(epoch: 2)))
        try await harness.run([worker], limit: .seconds(30)) { try await harness.onlyTask()?.state.isTerminal == true }
        #expect(try await harness.onlyTask()?.state == .complete)
        #expect(harness.readRefusal?.wasUsed == true)
    }

    @Test("timers that were due are due again when their tasks cannot be read")
    func timers() async throws {
        let harness = Harness()
        harness.settings.taskCacheLimit = 0
        try await harness.start()
        let worker = try await ScriptedWorker(server: harness.server) { message in
            guard message.step.attempt == 1 else { return ScriptedWorker.echo(message) }
            return StepResultMessage(
                dispatchID: message.dispatchID, taskID: message.task.id, stepID: message.step.id, status: .failed,
                error: StepFailure(message: "once", errorType: "Boom", isRetryable: true))
        }
        worker.announce(callables: ["Echo"])
        let template = sevenSteps()
        try await harness.register(template)
        harness.push(.create(CreateTask(request: harness.request(template)) { _ in }))
        try await harness.run([worker], limit: .zero) { false }
        #expect(try await harness.onlyTask()?.state == .waitingForRetry)
        harness.readRefusal = Refusal(from: 0, times: 3)
        try await harness.run([worker], limit: .seconds(60)) { try await harness.onlyTask()?.state.isTerminal == true }
        #expect(try await harness.onlyTask()?.state == .complete)
        #expect(harness.readRefusal?.wasUsed == true)
    }

    @Test("limits are looked at again when their tasks cannot be read")
    func staleness() async throws {
        let harness = Harness()
        harness.settings.taskCacheLimit = 0
        try await harness.start()
        var template = sevenSteps()
        template.lifecycle = Lifecycle(maxDurationMinutes: 10)
        try await harness.register(template)
        let task = try await harness.create(template)
        harness.readRefusal = Refusal(from: 0, times: 1)
        try await harness.run([], limit: .seconds(3600)) { try await harness.task(task)?.state.isTerminal == true }
        #expect(try await harness.task(task)?.state == .error)
        #expect(harness.readRefusal?.wasUsed == true)
    }

    @Test("a marker under way is still known when a refused commit is followed by a refused read")
    func markers() async throws {
        let harness = Harness()
        try await harness.start()
        let template = sevenSteps()
        try await harness.register(template)
        let task = try await harness.create(template)
        try await harness.run([], limit: .zero) { false }
        harness.push(.reading(false))
        harness.push(.reading(true))
        _ = try await harness.turn()
        #expect(!harness.coordinator.isReading && harness.coordinator.markers.count == 1)
        // The marker comes back in a round that the store refuses, and then the task that it changed cannot be read.
        harness.act(.makeDeadLetter, on: task)
        harness.refusal = Refusal(from: 0, times: 1)
        harness.readRefusal = Refusal(from: 0, times: 1)
        try await harness.run([], limit: .seconds(10)) { false }
        #expect(harness.readRefusal?.wasUsed == true)
        #expect(harness.coordinator.isReading)
    }

    @Test("one look at the queues counts once")
    func suspicions() async throws {
        let harness = Harness()
        try await harness.start()
        let worker = try await ScriptedWorker(server: harness.server) { _ in nil }
        worker.announce(callables: ["Echo"])
        let template = sevenSteps()
        try await harness.register(template)
        _ = try await harness.create(template)
        try await harness.run([worker], limit: .zero) { false }
        harness.advance(by: .seconds(90))
        harness.refusal = Refusal(from: 0, times: 1)
        harness.push(.inspected(["w": QueueFigures(ready: 0, consumers: 1)]))
        harness.push(.create(CreateTask(request: harness.request(template)) { _ in }))
        _ = try await harness.turn()
        harness.advance(by: .seconds(2))
        _ = try await harness.turn()
        #expect(harness.coordinator.deferredUntil == nil)
        #expect(harness.coordinator.open.values.map(\.suspicions) == [1])
    }
}
