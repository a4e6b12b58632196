import Synchronization
import TaskerEngine
import TaskerMessaging
import TaskerOrchestrator
import TaskerProtocol
import TaskerStore
import TaskerTemplates
import Testing

/// The store refuses commits for a while: nothing is lost, nothing leaves, and callers hear of it once.
@Suite("A store that refuses commits")
struct StoreFailureTests {
    @Test("every commit fails once at every position: the task ends as it would have", arguments: [1, 2, 3])
    func failingCommits(times: Int) async throws {
        var position = 0
        while true {
            let harness = Harness()
            harness.refusal = Refusal(from: position, times: times)
            try await harness.start()
            let worker = try await ScriptedWorker(server: harness.server)
            worker.announce(callables: ["Echo"])
            let template = sevenSteps()
            try await harness.register(template)
            harness.push(.create(CreateTask(request: harness.request(template, key: "once")) { _ in }))
            try await harness.run([worker]) {
                guard let task = try await harness.onlyTask() else {
                    // The caller was told 503 and tries again, as callers do.
                    try await harness.register(template)
                    harness.push(.create(CreateTask(request: harness.request(template, key: "once")) { _ in }))
                    return false
                }
                return task.state.isTerminal
            }
            let task = try #require(try await harness.onlyTask())
            #expect(task.state == .complete, "commit \(position) refused \(times) time(s)")
            for step in task.steps {
                #expect(worker.starts[step.id]?.count == 1, "commit \(position): \(step.name)")
            }
            if harness.refusal.map({ !$0.wasUsed }) == true { break }
            position += 1
        }
        #expect(position > 5)
    }

    @Test("a caller hears of a refused commit exactly once, and nothing was made")
    func callers() async throws {
        let harness = Harness()
        try await harness.start()
        let template = sevenSteps()
        try await harness.register(template)
        harness.refusal = Refusal(from: 0, times: 1)
        let answers = Mutex<[Result<CreatedTask, OrchestratorError>]>([])
        harness.push(
            .create(CreateTask(request: harness.request(template)) { answer in answers.withLock { $0.append(answer) } })
        )
        _ = try await harness.turn()
        let heard = answers.withLock { $0 }
        #expect(heard.count == 1)
        guard case .failure(let error)? = heard.first else {
            Issue.record("the caller was told that it worked")
            return
        }
        #expect(error.code == .unavailable)
        #expect(try await harness.onlyTask() == nil)

        harness.advance(by: .seconds(2))
        harness.push(
            .create(CreateTask(request: harness.request(template)) { answer in answers.withLock { $0.append(answer) } })
        )
        _ = try await harness.turn()
        #expect(answers.withLock { $0.count } == 2)
        #expect(try await harness.onlyTask() != nil)
    }
}
