import Foundation
import TaskerProtocol

/// One run of `tasker-ctl` as a process of its own.
struct ControlRun: Sendable {
    var exit: Spawn.Exit
    var output: String
    var errors: String

    var lines: [String] { output.split(separator: "\n").map(String.init) }

    func json() throws -> JSONValue {
        do { return try JSONValue(parsing: output, limits: .message) } catch {
            throw Failure("no JSON: \(exit) \(output.prefix(300)) \(errors.prefix(300))")
        }
    }
}

extension TaskerSystem {
    /// What must appear in no output, however much is said.
    static let secrets = [
        "TASKER_AUTH_TOKEN": "secret-token-4711", "TASKER_API_KEY": "secret-key-4712",
        "RABBITMQ_URL": "amqp://user:secret-password-4713@localhost:1/%2F",
    ]

    /// The environment of a user of this system, and nothing of the one who runs the tests.
    func controlEnvironment(_ changes: [String: String] = [:]) throws -> [String: String] {
        let inherited = ProcessInfo.processInfo.environment
        var values = inherited.filter { ["PATH", "TMPDIR", "LD_LIBRARY_PATH"].contains($0.key) }
        let folder = try Repository.program("tasker-ctl").deletingLastPathComponent().path
        values["PATH"] = folder + ":" + (inherited["PATH"] ?? "/usr/bin:/bin")
        values["HOME"] = directory.path
        values["USER"] = "tester"
        values["LC_ALL"] = "C.UTF-8"
        values["TASKER_SERVER"] = try? http.base
        return values.merging(changes) { $1 }
    }

    func control(_ arguments: String..., environment: [String: String] = [:]) async throws -> ControlRun {
        try await control(arguments, environment: environment)
    }

    func control(_ arguments: [String], environment: [String: String] = [:]) async throws -> ControlRun {
        try await run(try Repository.program("tasker-ctl").path, arguments, environment)
    }

    /// A script of a user who has `tasker-ctl` on the path.
    func shell(_ script: String, environment: [String: String] = [:]) async throws -> ControlRun {
        try await run("/bin/bash", ["--norc", "-c", script], environment)
    }

    func run(
        _ program: String, _ arguments: [String], _ environment: [String: String]
    ) async throws -> ControlRun {
        let files = directory.appendingPathComponent("control-\(UUID().uuidString)").path
        let values = try controlEnvironment(environment)
        let exit = try await blocking {
            Spawn.wait(
                try Spawn.start(
                    program, arguments, environment: values, output: files + ".out", errors: files + ".err"))
        }
        func text(_ suffix: String) -> String {
            (try? String(decoding: Data(contentsOf: URL(fileURLWithPath: files + suffix)), as: UTF8.self)) ?? ""
        }
        return ControlRun(exit: exit, output: text(".out"), errors: text(".err"))
    }

    /// One that goes on while the test does something else.
    func startControl(_ name: String, _ arguments: String...) throws -> ManagedProcess {
        try start(name, try Repository.program("tasker-ctl"), arguments, environment: try controlEnvironment())
    }
}
