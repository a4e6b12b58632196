import Foundation
import TaskerProtocol
import Testing

@testable import TaskerWorkerHost

/// A worker in Rust without any crate. Left out where there is no cargo.
@Suite(.timeLimit(.minutes(5))) struct RustWorkerTests {
    static let cargo: String? = {
        let environment = ProcessInfo.processInfo.environment
        let directories =
            (environment["PATH"] ?? "").split(separator: ":").map(String.init)
            + [(environment["HOME"] ?? "") + "/.cargo/bin"]
        return directories.map { "\($0)/cargo" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    /// Builds the fixture, and gives the path of the program.
    func build() throws -> String {
        let source = HostWorld.fixtures.appending(path: "rust-worker")
        let target = FileManager.default.temporaryDirectory.appending(path: "tasker-rust-worker-\(UUID().uuidString)")
        let process = Process()
        process.executableURL = URL(filePath: try #require(Self.cargo))
        process.arguments = ["build", "--quiet", "--offline", "--target-dir", target.path()]
        process.currentDirectoryURL = source
        var environment = ProcessInfo.processInfo.environment
        environment["CARGO_TERM_COLOR"] = "never"
        process.environment = environment
        try process.run()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: source.appending(path: "Cargo.lock"))
        #expect(process.terminationStatus == 0)
        return target.appending(path: "debug/rust-worker").path()
    }

    @Test(.enabled(if: RustWorkerTests.cargo != nil, "there is no cargo")) func addsNumbers() async throws {
        let program = try build()
        defer {
            try? FileManager.default.removeItem(
                at: URL(filePath: program).deletingLastPathComponent().deletingLastPathComponent())
        }
        try await HostWorld.run([program]) { world in
            var steps: [(StepExecute, JSONValue)] = []
            for number in Int64(1)...50 {
                let step = await world.send("add", context: ["numbers": [.integer(number), 9_007_199_254_740_993]])
                steps.append((step, ["sum": .integer(number + 9_007_199_254_740_993)]))
            }
            for (step, sum) in steps {
                let answer = try await world.answer(step)
                #expect(answer.result?.value == sum)
                #expect(answer.worker?.language == "rust")
            }
            let wrong = try await world.answer(world.send("add", context: ["numbers": ["x"]])).error
            #expect((wrong?.errorType, wrong?.isRetryable) == ("validation_error", false))
        }
    }
}
