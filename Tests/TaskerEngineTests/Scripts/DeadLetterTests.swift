import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerEngine

@Suite("Dead-letter entries")
struct DeadLetterTests {
    @Test("one entry per task: the first failure's reason, further failures added")
    func accumulation() throws {
        var script = Script.started(step("a", retry: .never), step("b", retry: .plain(1)), step("c"))
        let first = try #require(script.apply(script.failed(0)).deadLetters.first)
        #expect(first.reason == .permanentFailure && first.resolution == .pending && first.failures.count == 1)
        #expect(first.originalState == .stepsInProcess && first.createdAt == script.now)
        script.wait(1)
        let effects = script.apply(script.failed(1, type: "Late"))
        let second = try #require(script.task.deadLetter)
        // A failure costs what it is, not what was there before it.
        #expect(effects.deadLetters.isEmpty && effects.addedFailures == [second.failures[1]])
        #expect(second.id == first.id && second.reason == .permanentFailure && second.createdAt == first.createdAt)
        #expect(second.failures.map(\.stepName) == ["a", "b"])
        #expect(second.failures.map(\.reason) == [.permanentFailure, .maxRetriesExceeded])
        #expect(second.failures.map(\.errorType) == ["Boom", "Late"])
        #expect(second.failures.map(\.at.milliseconds) == [1_000_000, 1_001_000])
        // A failure that will be retried is none of its business.
        #expect(script.apply(script.failed(2)).deadLetters.isEmpty)
        #expect(script.task.deadLetter == second)
    }

    @Test("a cancelled task resolves its entry")
    func cancelled() throws {
        var script = Script.started(step("a", retry: .never), step("b"))
        script.apply(script.failed(0))
        let entry = try #require(script.apply(.cancel(reason: "r", actor: "ada")).deadLetters.first)
        #expect(entry.resolution == .cancelled && entry.resolvedBy == "ada" && entry.resolvedAt == script.now)
    }

    @Test("long messages are cut")
    func longMessage() {
        var script = Script.started(step("a", retry: .never))
        script.apply(
            .result(
                step: 0,
                StepResultMessage(
                    dispatchID: script.open(), taskID: Script.taskID, stepID: s(0), status: .failed,
                    error: StepFailure(message: String(repeating: "ä", count: 9000), errorType: "Boom"))))
        #expect(script.task.deadLetter?.failures.first?.message.count == 2000)
    }

    @Test("a failure as a store keeps it")
    func json() throws {
        let failure = DeadLetterEntry.Failure(
            stepName: "a \"b\"", stepID: s(3), reason: .poison, attempts: 7, errorType: "worker_lost", message: "ä\n",
            at: Timestamp(milliseconds: 1234))
        var writer = JSONWriter()
        failure.write(to: &writer)
        let text = try RawJSON(validating: writer.finish())
        #expect(DeadLetterEntry.Failure(text) == failure)
        #expect(DeadLetterEntry.Failure(.emptyObject) == nil)
    }
}
