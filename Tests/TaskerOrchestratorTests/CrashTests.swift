import TaskerEngine
import TaskerMessaging
import TaskerOrchestrator
import TaskerProtocol
import TaskerStore
import TaskerTemplates
import Testing

/// The process ends between any two I/O operations, at every position, and another one takes over (invariant 8).
@Suite("Crash at every position")
struct CrashTests {
    struct Outcome {
        var states: [String: StepState] = [:]
        var results: [String: String] = [:]
        var taskState = TaskState.pending
        var operations = 0
        var errors: [String: String] = [:]
    }

    /// Runs the seven-step task from registration to its end, ending the first process after `limit` operations.
    private func run(retryable: Bool, crashingAfter limit: Int?) async throws -> Outcome {
        let harness = Harness()
        let template = sevenSteps(retryable: retryable)
        try await harness.start(crashingAfter: limit)
        let worker = try await ScriptedWorker(server: harness.server)
        worker.announce(callables: ["Echo"])
        try await harness.register(template)
        // As a client that repeats a request it got no answer to, under one idempotency key.
        for _ in 0..<3 {
            try await harness.register(template)
            harness.push(.create(CreateTask(request: harness.request(template, key: "once")) { _ in }))
            _ = try await harness.turn()
            worker.announce(callables: ["Echo"], kind: .heartbeat)
            _ = try await harness.turn()
        }
        let first = harness.plan
        try await harness.run([worker]) {
            guard let task = try await harness.onlyTask() else { return false }
            return task.state.isTerminal || task.state == .blockedByFailures
        }
        var outcome = Outcome()
        outcome.operations = first.operations
        let task = try #require(try await harness.onlyTask())
        outcome.taskState = task.state
        for step in task.steps {
            outcome.states[step.name] = step.state
            outcome.results[step.name] = step.envelope?.text
            outcome.errors[step.name] = step.lastError?.member("error_type")?.string
            let starts = worker.starts[step.id] ?? []
            #expect(Set(starts).count == starts.count, "a dispatch of \(step.name) was started twice")
            if !retryable {
                #expect(starts.count <= 1, "\(step.name) may not repeat and was started \(starts.count) times")
            }
        }
        let audits = try await harness.audits(of: task.id)
        for step in task.steps {
            let accepted = audits.filter { $0.place == step.place && $0.disposition == .accepted }
            #expect(accepted.count <= 1, "\(step.name): \(accepted.count) results were applied")
        }
        return outcome
    }

    @Test("repeatable steps end as without the crash")
    func repeatable() async throws {
        let undisturbed = try await run(retryable: true, crashingAfter: nil)
        #expect(undisturbed.taskState == .complete)
        #expect(undisturbed.operations > 30)
        for position in 0..<undisturbed.operations {
            let outcome = try await run(retryable: true, crashingAfter: position)
            #expect(outcome.taskState == .complete, "crash before operation \(position)")
            #expect(outcome.states == undisturbed.states, "crash before operation \(position)")
            #expect(outcome.results == undisturbed.results, "crash before operation \(position)")
        }
    }

    @Test("steps that may not repeat are never started twice; one in doubt waits for a person")
    func notRepeatable() async throws {
        let undisturbed = try await run(retryable: false, crashingAfter: nil)
        #expect(undisturbed.taskState == .complete)
        var undecided = 0
        for position in 0..<undisturbed.operations {
            let outcome = try await run(retryable: false, crashingAfter: position)
            let failed = outcome.states.filter { $0.value == .error }
            if failed.isEmpty {
                #expect(outcome.taskState == .complete, "crash before operation \(position)")
                #expect(outcome.results == undisturbed.results, "crash before operation \(position)")
            } else {
                undecided += 1
                #expect(outcome.taskState == .blockedByFailures, "crash before operation \(position)")
                for (step, _) in failed {
                    #expect(
                        outcome.errors[step] == ErrorType.dispatchLost,
                        "crash before operation \(position), step \(step)")
                }
                for (step, state) in outcome.states where state == .complete {
                    #expect(outcome.results[step] == undisturbed.results[step])
                }
            }
        }
        // Some positions lie between the attempt to publish and its confirm: there nobody can know.
        #expect(undecided > 0)
        #expect(undecided < undisturbed.operations / 2)
    }
}
