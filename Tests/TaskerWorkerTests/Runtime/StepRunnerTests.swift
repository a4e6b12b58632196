import TaskerProtocol
import Testing

@testable import TaskerWorker

/// What a handler does, as the message says it (SDK contract, section 3).
@Suite struct StepRunnerTests {
    struct Stubborn: RetryableErrorProtocol {
        var isRetryable: Bool
    }
    struct Unknown: Error {}

    func run(
        limits: StepExecute.Limits = .init(), link: HandlerLink = HandlerLink(),
        _ body: @escaping @Sendable (StepContext) async throws -> StepResult
    ) async throws -> StepResultMessage {
        var registry = HandlerRegistry()
        registry.register("h", version: "1.2.3", body)
        let step = makeStep(1, callable: "h", limits: limits)
        let entry = try #require(registry.entry(for: step.handler))
        let message = await StepRunner(worker: Script.worker).run(step, entry, link).message
        // What is sent can be read.
        return try StepResultMessage(reading: RawJSON(validating: message.encoded()))
    }

    @Test func success() async throws {
        let message = try await run { _ in .success(["a": 1], metadata: ["k": "v"]) }
        #expect(message.status == .completed)
        #expect(message.result?.value == ["a": 1])
        #expect(message.metadata.value == ["k": "v", "handler_version": "1.2.3"])
        #expect(message.error == nil)
        #expect(message.startedAt != nil)
        #expect(message.worker == Script.worker)
    }

    @Test func checkpoint() async throws {
        let message = try await run { _ in
            .checkpoint(Checkpoint(cursor: 5, itemsProcessed: 6, accumulatedResults: ["t": 1]))
        }
        #expect(message.status == .checkpoint)
        #expect(message.checkpoint?.value == ["cursor": 5, "items_processed": 6, "accumulated_results": ["t": 1]])
    }

    @Test func returnedFailure() async throws {
        let message = try await run { _ in
            .failure("no", type: "mine", code: "E1", retryAfter: .milliseconds(1500), metadata: ["k": 1])
        }
        let error = try #require(message.error)
        #expect(message.status == .failed)
        #expect((error.message, error.errorType, error.errorCode) == ("no", "mine", "E1"))
        #expect(error.isRetryable == true)
        #expect(error.retryAfterSeconds == 1.5)
        #expect(error.metadata?.value == ["k": 1, "handler_version": "1.2.3", "retryable": true])
        #expect(message.metadata.value == ["k": 1, "handler_version": "1.2.3", "retryable": true])
    }

    @Test func thrownErrors() async throws {
        let permanent = try await run { _ in throw StepError.permanent("p") }.error
        #expect((permanent?.errorType, permanent?.isRetryable) == ("permanent_error", false))
        let retryable = try await run { _ in throw StepError.retryable("r", after: .seconds(7)) }.error
        #expect(
            (retryable?.errorType, retryable?.isRetryable, retryable?.retryAfterSeconds) == ("retryable_error", true, 7)
        )
        let own = try await run { _ in throw Stubborn(isRetryable: false) }.error
        #expect((own?.errorType, own?.isRetryable) == ("Stubborn", false))
        let unknown = try await run { _ in throw Unknown() }.error
        #expect((unknown?.errorType, unknown?.isRetryable) == ("Unknown", true))
    }

    @Test func waitsAreTakenFromMetadataAndOnlyForRetryableFailures() async throws {
        let fromMetadata = try await run { _ in .failure("x", metadata: ["retry_after": 3]) }.error
        #expect(fromMetadata?.retryAfterSeconds == 3)
        let permanent = try await run { _ in .failure("x", retryable: false, retryAfter: .seconds(3)) }.error
        #expect(permanent?.retryAfterSeconds == nil)
        let huge = try await run { _ in .failure("x", retryAfter: .seconds(1_000_000)) }.error
        #expect(huge?.retryAfterSeconds == 86_400)
    }

    @Test(arguments: [(StopReason.timedOut, "timeout", true), (.cancelled, "cancelled", false)])
    func anErrorAfterARequestToStopObeysIt(reason: StopReason, type: String, retryable: Bool) async throws {
        let link = HandlerLink()
        link.stop(reason)
        let message = try await run(link: link) { context in
            #expect(context.isCancelled)
            throw CancellationError()
        }
        #expect((message.status, message.error?.errorType, message.error?.isRetryable) == (.failed, type, retryable))
        let finished = try await run(link: link) { _ in .success(1) }
        #expect(finished.status == .completed)
    }

    @Test func whatIsTooLargeIsReplaced() async throws {
        var limits = StepExecute.Limits()
        limits.maxResultBytes = 100
        let long = String(repeating: "x", count: 200)
        let result = try await run(limits: limits) { _ in .success(["a": .string(long)]) }
        #expect(
            (result.status, result.error?.errorType, result.error?.isRetryable) == (.failed, "result_too_large", false))
        #expect(result.result?.isNull ?? true)
        let checkpoint = try await run(limits: limits) { _ in
            .checkpoint(Checkpoint(cursor: .string(long), itemsProcessed: 1))
        }
        #expect((checkpoint.status, checkpoint.error?.errorType) == (.failed, "checkpoint_too_large"))
        let events = try await run(limits: limits) { _ in
            var result = StepResult.success(1)
            result.events = [StepEvent("e", payload: .string(long))]
            return result
        }
        #expect((events.status, events.error?.errorType) == (.failed, "events_too_large"))
        // Exactly the limit is allowed.
        let fits = try await run(limits: limits) { _ in .success(.string(String(repeating: "x", count: 98))) }
        #expect(fits.status == .completed)
    }

    @Test func longMessagesAreCutAtACharacter() async throws {
        let message = try await run { _ in .failure(String(repeating: "é", count: 10_000)) }
        let text = try #require(message.error?.message)
        #expect(text.utf8.count <= 8192)
        #expect(text.utf8.count > 8180)
        #expect(text.hasSuffix("é…"))
    }

    @Test func checkpointsWithNaNAreRefused() async throws {
        let message = try await run { _ in .checkpoint(Checkpoint(cursor: .double(.nan), itemsProcessed: 1)) }
        #expect((message.status, message.error?.errorType) == (.failed, "serialization_error"))
    }

    @Test func eventsAreSent() async throws {
        let message = try await run { _ in
            var result = StepResult.success(1)
            result.events = [StepEvent("a", payload: 1, metadata: ["m": 2]), .suppressed("b")]
            return result
        }
        #expect(
            message.events.value == [
                ["name": "a", "payload": 1, "metadata": ["m": 2]], ["name": "b", "suppress": true],
            ])
    }
}
