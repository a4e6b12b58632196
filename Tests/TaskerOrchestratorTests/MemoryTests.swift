import Synchronization
import TaskerEngine
import TaskerMessaging
import TaskerProtocol
import TaskerStore
import TaskerTemplates
import Testing

@testable import TaskerOrchestrator

/// What the coordinator keeps is bounded, and what it has put out of its memory is as it was when it comes back.
@Suite("Memory of the coordinator")
struct MemoryTests {
    private func started(_ harness: Harness, _ template: TaskTemplate) async throws {
        try await harness.start()
        try await harness.register(template)
        // Until the broker is connected and what waited has been read.
        try await harness.run([], limit: .zero) { false }
    }

    @Test("tasks that ended leave, and those that are asked for again as well")
    func finished() async throws {
        let harness = Harness()
        let template = sevenSteps()
        try await started(harness, template)
        var tasks: [TaskID] = []
        for _ in 0..<600 {
            let task = try await harness.create(template)
            harness.cancel(task)
            _ = try await harness.turn()
            tasks.append(task)
        }
        #expect(harness.coordinator.cache.count == Coordinator.rememberedFinished)
        for task in tasks {
            harness.cancel(task)
            _ = try await harness.turn()
        }
        #expect(harness.coordinator.cache.count <= Coordinator.rememberedFinished)
        #expect(harness.coordinator.finished.count <= Coordinator.rememberedFinished)
        #expect(harness.coordinator.heldByRoute.values.reduce(0) { $0 + $1.count } == 0, "all were cancelled")
        #expect(harness.coordinator.open.isEmpty)
    }

    @Test("a task that an operator revives sends its message, even in the round in which it would have left")
    func revived() async throws {
        let harness = Harness()
        var template = sevenSteps(retryable: false)
        template.steps.removeLast(6)
        try await started(harness, template)
        let failures = Mutex(1)
        let worker = try await ScriptedWorker(server: harness.server) { message in
            let fails = failures.withLock { left in
                left -= 1
                return left >= 0
            }
            guard fails else { return ScriptedWorker.echo(message) }
            return StepResultMessage(
                dispatchID: message.dispatchID, taskID: message.task.id, stepID: message.step.id, status: .failed,
                error: StepFailure(message: "once", errorType: "Boom", isRetryable: false))
        }
        worker.announce(callables: ["Echo"])
        let task = try await harness.create(template)
        try await harness.run([worker], limit: .zero) { false }
        harness.act(.giveUp, on: task)
        _ = try await harness.turn()
        #expect(try await harness.task(task)?.state == .error)
        for number in 1...Coordinator.rememberedFinished {
            let other = try await harness.create(template)
            if number == Coordinator.rememberedFinished { harness.act(.retry(steps: nil), on: task) }
            harness.cancel(other)
            _ = try await harness.turn()
        }
        try await harness.run([worker], limit: .seconds(1)) { try await harness.task(task)?.state.isTerminal == true }
        #expect(try await harness.task(task)?.state == .complete)
    }

    @Test("timers that nothing waits for any more are dropped long before they are due")
    func timers() async throws {
        let harness = Harness()
        let template = sevenSteps()
        try await started(harness, template)
        let worker = try await ScriptedWorker(server: harness.server) { _ in nil }
        worker.announce(callables: ["Echo"])
        let task = try await harness.create(template)
        try await harness.run([worker], limit: .zero) { false }
        for sequence in 1...5000 {
            try await beat(harness, task, sequence)
            harness.advance(by: .milliseconds(1))
        }
        #expect(harness.coordinator.open.count == 1)
        #expect(harness.coordinator.timers.count < 1100)
        // The one that counts is still there: the worker is silent from here on.
        try await harness.run([], limit: .seconds(61)) { false }
        let audits = try await harness.audits(of: task)
        #expect(audits.contains { $0.errorType == ErrorType.workerLost })
    }

    @Test("a heap of limits is no larger than the tasks that have them")
    func limits() {
        var watch = StalenessWatch()
        var ids = SeededIDSource(seed: 1)
        let now = Timestamp(milliseconds: 1_800_000_000_000)
        let tasks: [TaskID] = (0..<10).map { _ in ids.nextID(at: now) }
        for number in 0..<10_000 {
            watch.set(tasks[number % 10], due: now.advanced(byMilliseconds: Int64(100_000_000 - number)))
        }
        #expect(watch.count == 10)
        #expect(watch.size <= 64 + 2 * 10 + 1)
        #expect(watch.takeDue(at: now.advanced(byMilliseconds: 100_000_000 - 9_999)).count == 1)
        #expect(watch.takeDue(at: now.advanced(byMilliseconds: 100_000_000)).count == 9)
        #expect(watch.size == 0)
    }

    @Test("a heap that lost entries still gives the earliest first")
    func heap() {
        var heap = TimerHeap()
        var random = SimulationRandom(seed: 7)
        var ids = SeededIDSource(seed: 1)
        let start = Timestamp(milliseconds: 1_800_000_000_000)
        let task: TaskID = ids.nextID(at: start)
        let step: StepID = ids.nextID(at: start)
        for place in 0..<1000 {
            heap.insert(
                TimerEntry(
                    due: start.advanced(byMilliseconds: Int64(random.int(0...500))), task: task, step: step,
                    place: place, timer: .lease))
        }
        heap.retain { $0.place % 3 != 0 }
        var last = start
        var count = 0
        while let entry = heap.popDue(at: start.advanced(byMilliseconds: 500)) {
            #expect(entry.due >= last && entry.place % 3 != 0)
            last = entry.due
            count += 1
        }
        #expect(count == 666 && heap.count == 0)
    }

    @Test("a task that left the memory comes back with what its workers said")
    func lastHeartbeat() async throws {
        let harness = Harness()
        harness.settings.taskCacheLimit = 0
        let template = sevenSteps()
        try await started(harness, template)
        let worker = try await ScriptedWorker(server: harness.server) { _ in nil }
        worker.announce(callables: ["Echo"])
        let task = try await harness.create(template)
        try await harness.run([worker], limit: .zero) { false }
        try await beat(harness, task, 1)
        harness.advance(by: .seconds(20))
        try await beat(harness, task, 2)
        #expect(harness.coordinator.cache.isEmpty)
        try await harness.coordinator.load([task])
        let dispatch = harness.coordinator.cache[task]?.task.steps[0].dispatch
        #expect(dispatch?.lastHeartbeatAt == harness.now)
        #expect(dispatch?.leaseDue == harness.now.advanced(by: harness.settings.engine.lease))
    }

    @Test("two changes of a task's dead-letter entries in one round are both kept")
    func deadLetters() async throws {
        let harness = Harness()
        let template = sevenSteps(retryable: false)
        try await started(harness, template)
        let task = try await harness.create(template)
        harness.act(.makeDeadLetter, on: task)
        _ = try await harness.turn()
        harness.act(.updateDeadLetter(entry: nil, resolution: .manuallyResolved, notes: nil, metadata: nil), on: task)
        harness.act(.makeDeadLetter, on: task)
        _ = try await harness.turn()
        let entries = try await harness.store.deadLetters(resolution: nil, limit: 9, offset: 0)
        #expect(Set(entries.map(\.resolution)) == [.pending, .manuallyResolved] && entries.count == 2)
    }

    /// The worker of the task's first step says that it runs.
    private func beat(_ harness: Harness, _ task: TaskID, _ sequence: Int) async throws {
        let step = try #require(harness.coordinator.open.first { $0.value.task == task })
        let heartbeat = StepHeartbeat(
            dispatchID: try #require(step.value.dispatch), taskID: task, stepID: step.key, startedAt: nil,
            sequence: Int64(sequence), isDetached: false,
            worker: WorkerIdentity(id: "w1", language: "swift", sdk: "test", hostname: "here"))
        harness.push(
            .delivery(
                .results,
                Delivery(
                    tag: DeliveryTag(epoch: 99, consumer: ConsumerID(99), tag: UInt64(sequence)),
                    body: heartbeat.encoded(), properties: MessageProperties(), isRedelivered: false, deliveryCount: 0,
                    exchange: "", routingKey: harness.settings.names.results(0))))
        _ = try await harness.turn()
    }
}
