import Foundation
import TaskerProtocol
import TaskerWorker
import Testing

@testable import TaskerWorkerHost

/// A worker in Bash behind the host, and everything a program can do wrong.
@Suite(.timeLimit(.minutes(3))) struct WorkerHostTests {
    @Test func runsStepsInOneProcessAfterTheOther() async throws {
        try await HostWorld.run { world in
            let first = try await world.answer(world.send("pid"))
            #expect(first.status == .completed)
            // The host answers for the program, in the program's language.
            #expect(first.worker?.id == world.host.worker.identity.id)
            #expect(
                (first.worker?.language, first.worker?.sdk, first.worker?.hostname) == ("bash", "plain", "testhost"))
            #expect(first.startedAt != nil && first.completedAt != nil)
            for _ in 1...20 { #expect(try await world.result(of: "pid") == first.result?.value) }
            let hello = try #require(world.seen.announcements.first)
            #expect(hello.handlers.map(\.callable) == ["Echo"])
            #expect(hello.worker.language == "exec")
        }
    }

    @Test func runsOneProcessPerSlot() async throws {
        let gate = NSTemporaryDirectory() + "gate-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: gate) }
        try await HostWorld.run(configure: { $0.environment["GATE"] = gate }) { world in
            let steps = [await world.send("progress"), await world.send("progress")]
            // Both run at the same time, and say how far they are.
            try await eventually("progress of both") {
                steps.allSatisfy { step in
                    world.seen.heartbeats.contains {
                        $0.dispatchID == step.dispatchID && $0.progress == .init(done: 3, total: 4, message: "rows")
                    }
                }
            }
            _ = FileManager.default.createFile(atPath: gate, contents: nil)
            for step in steps {
                let answer = try await world.answer(step)
                #expect(answer.status == .completed)
            }
        }
    }

    // MARK: - Ends

    @Test func aKilledProgramFailsItsStepAndIsStartedAnew() async throws {
        try await HostWorld.run { world in
            let answer = try await world.answer(world.send("kill"))
            #expect(
                (answer.status, answer.error?.errorType, answer.error?.isRetryable) == (.failed, "program_exited", true)
            )
            #expect(
                answer.error?.message
                    == "\(HostWorld.bash[0]) was killed by signal 9 (SIGKILL) before it had answered the step")
            #expect(try await world.result(of: "pid")["pid"] != nil)
        }
    }

    @Test func aKillFromOutsideMidStepToo() async throws {
        try await HostWorld.run { world in
            let step = await world.send("slow")
            try await eventually("a start") { world.seen.diagnostics.contains { $0.hasSuffix("] started") } }
            let line = try #require(world.seen.diagnostics.first { $0.hasSuffix("] started") })
            kill(try #require(pid_t(line.dropFirst().prefix { $0 != "]" })), SIGKILL)
            let answer = try await world.answer(step)
            #expect(answer.error?.message.contains("signal 9 (SIGKILL)") == true)
            #expect(try await world.result(of: "pid")["pid"] != nil)
        }
    }

    @Test func anExitFailsItsStepWithTheCodeAndTheLastWords() async throws {
        try await HostWorld.run { world in
            let answer = try await world.answer(world.send("exit"))
            #expect(answer.error?.message.hasSuffix("exited with code 3 before it had answered the step") == true)
            #expect(answer.error?.backtrace == ["out of paper"])
            #expect(world.seen.diagnostics.contains { $0.hasSuffix("] out of paper") })
        }
    }

    /// Every step runs, and only once, though no process runs two.
    @Test func aProgramMayLeaveAfterEachLine() async throws {
        try await HostWorld.run { world in
            var steps: [StepExecute] = []
            for _ in 1...40 { steps.append(await world.send("once")) }
            var pids: Set<JSONValue> = []
            for step in steps {
                let answer = try await world.answer(step)
                #expect(answer.status == .completed, "\(String(describing: answer.error))")
                pids.insert(answer.result?.value["pid"] ?? .null)
            }
            #expect(pids.count == 40)
        }
    }

    @Test func aProgramThatNeverReadsFailsItsSteps() async throws {
        try await HostWorld.run(["sh", "-c", "exec >&- ; exit 4"]) { world in
            let answer = try await world.answer(world.send("pid"))
            #expect(answer.error?.message == "sh exited with code 4 before it had read the step")
            #expect(answer.error?.isRetryable == true)
        }
    }

    @Test func whatAProgramLeavesBehindIsEnded() async throws {
        try await HostWorld.run { world in
            let answer = try await world.answer(world.send("family"))
            let child = pid_t(try #require(answer.result?.value["child"]?.integerValue))
            // Nobody may have waited for it yet, which `kill` cannot tell from running.
            try await eventually("the end of the child") {
                let state = try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8)
                return state.map { $0.contains(") Z ") } ?? true
            }
        }
    }

    // MARK: - Output

    @Test(arguments: ["garbage", "other"]) func garbageFailsItsStep(mode: String) async throws {
        try await HostWorld.run { world in
            let answer = try await world.answer(world.send(mode))
            let error = try #require(answer.error)
            #expect((answer.status, error.errorType, error.isRetryable) == (.failed, "invalid_output", false))
            #expect(error.message.contains(mode == "garbage" ? "\"debug: here I am\"" : "its dispatch_id is not that"))
            #expect(error.message.hasSuffix("Write diagnostics to stderr"))
            #expect(try await world.result(of: "pid")["pid"] != nil)
        }
    }

    @Test func aLineThatIsTooLongEndsTheProgram() async throws {
        try await HostWorld.run(configure: { $0.maximumLineBytes = 1_000_000 }) { world in
            let error = try await world.answer(world.send("huge")).error
            #expect((error?.errorType, error?.isRetryable) == ("result_too_large", false))
            #expect(error?.message.contains("a line of more than 1000000 bytes") == true)
            #expect(try await world.result(of: "pid")["pid"] != nil)
        }
    }

    @Test func aFloodEndsTheProgram() async throws {
        try await HostWorld.run(configure: { $0.maximumOutputBytes = 500_000 }) { world in
            let error = try await world.answer(world.send("flood")).error
            #expect((error?.errorType, error?.isRetryable) == ("invalid_output", false))
            #expect(error?.message.hasSuffix("wrote more than 500000 bytes for one step") == true)
        }
    }

    @Test func outputBetweenStepsEndsTheProgram() async throws {
        try await HostWorld.run { world in
            let first = try await world.result(of: "late")
            try await eventually("another process") { try await world.result(of: "pid") != first }
        }
    }

    @Test func whatTheProtocolForbidsIsNoResult() async throws {
        try await HostWorld.run { world in
            let error = try await world.answer(world.send("nul")).error
            #expect((error?.errorType, error?.isRetryable) == ("serialization_error", false))
        }
    }

    @Test func diagnosticsArePassedOnAndBounded() async throws {
        try await HostWorld.run(configure: { $0.maximumDiagnosticBytes = 2000 }) { world in
            _ = try await world.result(of: "noisy")
            try await eventually("the cut") { world.seen.diagnostics.last?.contains("the rest is dropped") == true }
            #expect(
                world.seen.diagnostics.first?.hasSuffix("] line 0 ................................................")
                    == true)
            #expect((20...50).contains(world.seen.diagnostics.count))
            // The next step speaks again.
            _ = await world.send("exit")
            try await eventually("more") { world.seen.diagnostics.last?.hasSuffix("] out of paper") == true }
        }
    }

    @Test func abandonedIsPassedOn() async throws {
        try await HostWorld.run { world in
            let answer = try await world.answer(world.send("abandon"))
            #expect(
                (answer.status, answer.error?.errorType, answer.startedAt) == (.abandoned, "handler_not_found", nil))
            let other = try await world.answer(world.send("pid", callable: "Other"))
            #expect(other.error?.errorType == "handler_not_found")
        }
    }

    // MARK: - Stopping

    @Test func aTimeoutStopsTheProgram() async throws {
        try await HostWorld.run { world in
            let answer = try await world.answer(world.send("slow", timeoutMilliseconds: 300))
            #expect((answer.error?.errorType, answer.error?.isRetryable) == ("timeout", true))
            #expect(answer.error?.message.contains("was killed by signal 15 (SIGTERM)") == true)
        }
    }

    @Test func aProgramThatIgnoresSIGTERMIsKilled() async throws {
        try await HostWorld.run { world in
            let step = await world.send("stubborn")
            try await eventually("a start") { world.seen.diagnostics.contains { $0.hasSuffix("] started") } }
            await world.cancel(step)
            let answer = try await world.answer(step)
            #expect((answer.error?.errorType, answer.error?.isRetryable) == ("cancelled", false))
            #expect(answer.error?.message.hasSuffix("was killed by signal 9 (SIGKILL)") == true)
            #expect(try await world.result(of: "pid")["pid"] != nil)
        }
    }

    /// It cannot know why it is told to stop; the host does.
    @Test func aProgramThatAnswersAnsweredForTheRightReason() async throws {
        try await HostWorld.run(configure: { $0.terminationGrace = .seconds(60) }) { world in
            let timedOut = try await world.answer(world.send("polite", timeoutMilliseconds: 500)).error
            #expect((timedOut?.errorType, timedOut?.isRetryable) == ("timeout", true))
            let before = world.seen.diagnostics.count
            let step = await world.send("polite")
            try await eventually("a start") { world.seen.diagnostics.count > before }
            await world.cancel(step)
            let cancelled = try await world.answer(step).error
            #expect((cancelled?.errorType, cancelled?.message) == ("cancelled", "stopped"))
        }
    }

    @Test func whoeverOutlastsTheGracePeriodIsInterruptedAndKilled() async throws {
        let seen = try await withWorldThatIsShutDown()
        #expect(seen.error?.errorType == "interrupted")
    }

    func withWorldThatIsShutDown() async throws -> StepResultMessage {
        let answers = Box()
        try await HostWorld.run(configure: { $0.worker.grace = .milliseconds(100) }) { world in
            let step = await world.send("stubborn")
            try await eventually("a start") { world.seen.diagnostics.contains { $0.hasSuffix("] started") } }
            world.host.worker.shutDown()
            await answers.set(try await world.answer(step))
        }
        return try #require(await answers.value)
    }

    actor Box {
        var value: StepResultMessage?
        func set(_ value: StepResultMessage) { self.value = value }
    }

    // MARK: - What the program gets

    @Test func theEnvironmentIsPickedAndNoDescriptorIsInherited() async throws {
        let environment = ["SECRET": "amqp://user:password@host", "LC_TEST": "1"]
        try await HostWorld.run(environment: environment, configure: { $0.environment["GIVEN"] = "yes" }) { world in
            let result = try await world.result(of: "environment")
            #expect((result["secret"], result["given"], result["path"]) == ("", "yes", "set"))
            // 0, 1, 2 and Bash's own: the script (255) and the directory it looks at.
            #expect(result["files"]?.integerValue.map { $0 <= 5 } == true, "\(result)")
        }
    }

    @Test func largeInputsAreFetchedAndComeAsOneLine() async throws {
        try await HostWorld.run { world in
            let step = await world.send("length", omitted: .init(count: 2, bytes: 6_000_000))
            try await eventually("a question") { !world.seen.fetches.isEmpty }
            let large = JSONValue.string(String(repeating: "x", count: 3_000_000))
            let replyTo = try #require(world.seen.fetches.first?.replyTo)
            for (name, next) in [("a", "a"), ("b", nil)] as [(String, String?)] {
                let page = StepDependencies(
                    dispatchID: step.dispatchID,
                    dependencyResults: [(name, RawJSON(["status": "completed", "result": large]))], next: next)
                await world.publish(page.encoded(), to: replyTo)
            }
            let answer = try await world.answer(step)
            #expect(answer.result?.value["length"]?.integerValue.map { $0 > 6_000_000 } == true)
        }
    }

    @Test func anyHandler() async throws {
        try await HostWorld.run(configure: {
            $0.handlers = []
            $0.worker.anyHandler = true
        }) { world in
            let answer = try await world.answer(world.send("pid", callable: "Whatever"))
            #expect(answer.status == .completed)
            #expect(world.seen.announcements.first?.anyHandler == true)
        }
    }

    // MARK: - Starting

    @Test func aProgramThatEndsAtOnceIsSaid() async throws {
        try await HostWorld.run(["false"]) { world in
            try await eventually("a word about it") {
                world.seen.diagnostics.contains {
                    $0.contains(
                        "] false exited with code 1 before it was given a step: a worker program reads one line")
                }
            }
            let answer = try await world.answer(world.send("pid")).error
            #expect((answer?.errorType, answer?.isRetryable) == ("program_exited", true))
        }
    }

    @Test func aProgramThatIsNotThereIsAnErrorAtStart() async throws {
        let error = await #expect(throws: HostError.self) {
            try await HostWorld.run(["/nonexistent/worker"]) { _ in }
        }
        #expect(
            error?.description
                == "the program /nonexistent/worker cannot be started: No such file or directory. Is the path right, and may it be "
                + "executed?")
        await #expect(throws: HostError.noProgram) { try await HostWorld.run([]) { _ in } }
        await #expect(throws: HostError.noHandler) {
            try await HostWorld.run(configure: { $0.handlers = [] }) { _ in }
        }
        await #expect(throws: HostError.self) {
            try await HostWorld.run([HostWorld.fixtures.path()]) { _ in }
        }
    }
}
