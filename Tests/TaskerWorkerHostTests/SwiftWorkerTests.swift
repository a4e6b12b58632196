import Foundation
import TaskerProtocol
import Testing

@testable import TaskerWorkerHost

/// Handlers of the Swift SDK behind the host, over stdio: those that end their process, and those that print.
@Suite(.timeLimit(.minutes(3))) struct SwiftWorkerTests {
    /// `tasker-example-worker`, built with the tests: in `TASKER_BIN_DIR`, else beside the test program.
    static let program: String? = {
        var folders = [ProcessInfo.processInfo.environment["TASKER_BIN_DIR"]].compactMap { $0 }.map { URL(filePath: $0) }
        for hint in [Bundle.main.bundlePath, Bundle.main.executablePath ?? ""] + CommandLine.arguments
        where hint.contains(".build") || hint.hasSuffix(".xctest") {
            var folder = URL(filePath: hint)
            for _ in 0..<3 {
                folders.append(folder)
                folder.deleteLastPathComponent()
            }
        }
        return folders.map { $0.appending(path: "tasker-example-worker").path() }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    func run(_ handlers: [String], _ body: @Sendable (HostWorld) async throws -> Void) async throws {
        let program = try #require(Self.program, "build tasker-example-worker, or set TASKER_BIN_DIR")
        try await HostWorld.run(
            [program, "--conformance", "--transport", "stdio"], configure: { $0.handlers = handlers }, body)
    }

    @Test func aHandlerThatExitsFailsItsStepAlone() async throws {
        try await run(["conformance.exit", "conformance.echo"]) { world in
            let exited = try await world.answer(world.send("", callable: "conformance.exit")).error
            #expect((exited?.errorType, exited?.isRetryable) == ("program_exited", true))
            #expect(exited?.message.hasSuffix("exited with code 3 before it had answered the step") == true)
            let next = try await world.answer(world.send("", callable: "conformance.echo"))
            #expect(next.status == .completed)
            #expect(next.worker?.language == "swift")
        }
    }

    @Test func aHandlerThatCrashesFailsItsStepAlone() async throws {
        try await run(["conformance.crash", "conformance.echo"]) { world in
            let crashed = try await world.answer(world.send("", callable: "conformance.crash")).error
            #expect(crashed?.message.contains("was killed by signal 9 (SIGKILL)") == true)
            let next = try await world.answer(world.send("", callable: "conformance.echo"))
            #expect(next.status == .completed)
        }
    }

    /// By `print`, by file descriptor 1, and by a program that it starts.
    @Test func whatAHandlerPrintsGoesToStandardError() async throws {
        try await run(["conformance.print"]) { world in
            let text = #"{"kind":"step.result"}"#
            let answer = try await world.answer(
                world.send("", context: ["text": .string(text)], callable: "conformance.print"))
            #expect(answer.result?.value == ["printed": .string(text)])
            try await eventually("three lines") { world.seen.diagnostics.filter { $0.hasSuffix(text) }.count == 3 }
        }
    }

    @Test func aHandlerThatIsStoppedForItsTimeSaysSo() async throws {
        try await run(["conformance.slow"]) { world in
            let context: [String: JSONValue] = ["milliseconds": 600_000, "polite": true]
            let answer = try await world.answer(
                world.send("", context: context, callable: "conformance.slow", timeoutMilliseconds: 200))
            #expect((answer.error?.errorType, answer.error?.isRetryable) == ("timeout", true))
        }
    }
}
