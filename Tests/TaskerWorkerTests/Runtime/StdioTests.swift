import TaskerProtocol
import Testing

@testable import TaskerWorker

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Wire protocol, section 7.
@Suite(.timeLimit(.minutes(2))) struct StdioTests {
    /// Feeds lines and gives back what comes out until the end.
    func exchange(_ lines: [[UInt8]], _ handlers: HandlerRegistry) async throws -> [RawJSON] {
        var (input, output): ([Int32], [Int32]) = ([0, 0], [0, 0])
        try #require(pipe(&input) == 0 && pipe(&output) == 0)
        let transport = StdioTransport(
            handlers: HandlerDirectory(handlers), worker: Script.worker, logger: .quiet, input: input[0],
            output: output[1])
        for line in lines { System.write(line + [0x0A], to: input[1]) }
        close(input[1])
        await transport.run()
        close(output[1])
        close(input[0])
        defer { close(output[0]) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while case let count = read(output[0], &chunk, chunk.count), count > 0 { bytes += chunk[..<count] }
        return try bytes.split(separator: 0x0A).map { try RawJSON(validating: $0) }
    }

    @Test func runsOneStepPerLine() async throws {
        var handlers = HandlerRegistry()
        handlers.register("Echo") { .success($0.request.task.context) }
        let steps = (1...3).map { makeStep(UInt64($0), context: ["n": .integer(Int64($0))]) }
        let answers = try await exchange(steps.map { $0.encoded() } + [Array("  ".utf8)], handlers)
            .map { try StepResultMessage(reading: $0) }
        #expect(answers.map(\.dispatchID) == steps.map(\.dispatchID))
        #expect(answers.map(\.result?.value) == [["n": 1], ["n": 2], ["n": 3]])
    }

    @Test func answersWhatItCannotReadOrDoesNotKnow() async throws {
        let future = Array(#"{"protocol":"2.0","kind":"step.execute","dispatch_id":"\#(makeStep(1).dispatchID)"}"#.utf8)
        let answers = try await exchange([Array("nonsense".utf8), future, makeStep(2).encoded()], HandlerRegistry())
            .map { try StepResultMessage(reading: $0) }
        #expect(answers.map(\.error?.errorType) == ["invalid_message", "unsupported_protocol", "handler_not_found"])
        #expect(answers.map(\.status) == [.failed, .failed, .abandoned])
        #expect(answers.map(\.dispatchID) == [nil, makeStep(1).dispatchID, makeStep(2).dispatchID])
    }

    @Test func aResultWithLineBreaksStaysOneLine() async throws {
        var handlers = HandlerRegistry()
        handlers.register("Echo") { _ in StepResult(.success(try RawJSON(validating: "{\n  \"a\":\r\n 1}"))) }
        let answers = try await exchange([makeStep(1).encoded()], handlers)
        #expect(answers.count == 1)
        #expect(try StepResultMessage(reading: answers[0]).result?.value == ["a": 1])
    }

    @Test func stopsAStepThatRunsTooLong() async throws {
        var handlers = HandlerRegistry()
        handlers.register("Echo") { _ in
            try await Task.sleep(for: .seconds(600))
            return .success()
        }
        let answers = try await exchange([makeStep(1, timeoutMilliseconds: 20).encoded()], handlers)
        #expect(try StepResultMessage(reading: #require(answers.last)).error?.errorType == "timeout")
    }
}
