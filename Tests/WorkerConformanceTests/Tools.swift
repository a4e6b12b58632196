import Foundation
import TaskerWorkerHost

/// Programs and services of this checkout. A missing one is a reason to skip on a laptop and a fault where `CI` is set.
enum Tools {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    struct Result: Sendable {
        var status: Int32
        var output: String
        var errors: String
    }

    /// Runs a program to its end.
    static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:]
    ) async throws -> Result {
        // Reading waits, which the few threads of the runtime must not.
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Swift.Result { try wait(program, arguments, environment) })
            }
        }
    }

    private static func wait(
        _ program: String, _ arguments: [String], _ environment: [String: String]
    ) throws -> Result {
        let files = try ["output", "errors"].map { name in
            let path = FileManager.default.temporaryDirectory.path + "/tasker-\(UUID().uuidString).\(name)"
            try Data().write(to: URL(fileURLWithPath: path))
            return path
        }
        defer { for file in files { try? FileManager.default.removeItem(atPath: file) } }
        // Not Foundation's: it takes a program for running as long as something that it has started is.
        let redirected = ["sh", "-c", #"out=$1 err=$2; shift 2; exec "$@" >"$out" 2>"$err" </dev/null"#, "sh"]
        let process = try Spawn.start(
            redirected + files + [program] + arguments,
            environment: ProcessInfo.processInfo.environment.merging(environment) { $1 })
        for descriptor in [process.input, process.inputReadEnd, process.output, process.diagnostics] {
            close(descriptor)
        }
        var raw: Int32 = 0
        while waitpid(process.pid, &raw, 0) < 0, errno == EINTR {}
        let signal = raw & 0x7F
        let texts = try files.map { try String(contentsOfFile: $0, encoding: .utf8) }
        return Result(status: signal == 0 ? (raw >> 8) & 0xFF : -signal, output: texts[0], errors: texts[1])
    }

    static func isWanted(_ isThere: Bool) -> Bool { isThere || ProcessInfo.processInfo.environment["CI"] != nil }

    private static func answers(_ program: String, _ arguments: String...) -> Bool {
        (try? wait(program, arguments, [:]))?.status == 0
    }

    /// The last line that a script prints.
    private static func line(_ script: String, _ arguments: String...) -> String? {
        guard let result = try? wait(root + "/scripts/" + script, arguments, [:]), result.status == 0 else {
            return nil
        }
        return result.output.split(separator: "\n").last.map(String.init)
    }

    /// An interpreter with the Python SDK, pika and jsonschema.
    static let python: String? =
        ProcessInfo.processInfo.environment["TASKER_TEST_PYTHON"] ?? line("python-environment", "dev")

    static let hasRuby = answers("ruby", "-e", "require 'bunny'")

    /// The conformance worker of the TypeScript SDK, compiled.
    static let typeScriptHandlers: String? = {
        let sdk = root + "/sdks/typescript"
        let handlers = sdk + "/dist/conformance/handlers.js"
        guard FileManager.default.fileExists(atPath: handlers) || answers(sdk + "/script/build") else { return nil }
        return handlers
    }()

    /// A product of this package, built with the tests: in `TASKER_BIN_DIR`, else beside the test program.
    static func product(_ name: String) throws -> String {
        let given = ProcessInfo.processInfo.environment["TASKER_BIN_DIR"]
        var folders = [given].compactMap(\.self).map { URL(fileURLWithPath: $0) }
        for hint in [Bundle.main.bundlePath, Bundle.main.executablePath ?? ""] + CommandLine.arguments
        where hint.contains(".build") || hint.hasSuffix(".xctest") {
            var folder = URL(fileURLWithPath: hint).resolvingSymlinksInPath()
            for _ in 0..<3 {
                folders.append(folder)
                folder.deleteLastPathComponent()
            }
        }
        let found = folders.map { $0.appendingPathComponent(name).path }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
        guard let found else { throw Missing("\(name) is not built: run swift build, or set TASKER_BIN_DIR") }
        return found
    }

    struct Missing: Error, CustomStringConvertible {
        var description: String
        init(_ description: String) { self.description = description }
    }

    // MARK: - Brokers

    private static let folder = FileManager.default.temporaryDirectory.path + "/tasker-conformance-\(UUID().uuidString)"

    /// A node of these tests that the reference runner may disturb, and that ends with this process.
    static let node: (folder: String, url: String)? =
        line("rabbitmq", "start", "--dir", folder, "--owner", "\(ProcessInfo.processInfo.processIdentifier)")
        .map { (folder, $0) }

    /// One that is only used.
    static let brokerURL: String? = ProcessInfo.processInfo.environment["TASKER_TEST_AMQP_URL"] ?? node?.url
}
