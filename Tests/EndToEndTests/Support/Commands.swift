import Foundation
import Testing

/// Command lines as a user types them, in a directory of the test's own: this repository's programs and the SDKs of all
/// languages are installed.
struct Commands: Sendable {
    let directory: URL
    private let environment: [String: String]

    init(in directory: URL) async throws {
        self.directory = directory
        let manager = FileManager.default
        try manager.createDirectory(at: directory, withIntermediateDirectories: true)
        let sdks = Repository.root.appendingPathComponent("sdks").path
        let folders = [
            try Repository.program("tasker-ctl").deletingLastPathComponent().path,
            URL(fileURLWithPath: try await Repository.python.value).deletingLastPathComponent().path,
            "\(sdks)/ruby/exe",
            ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
        ]
        environment = [
            "PATH": folders.joined(separator: ":"), "RUBYLIB": "\(sdks)/ruby/lib",
            // Settings of whoever runs the tests are none of the program's.
            "XDG_CONFIG_HOME": directory.appendingPathComponent("none").path, "CARGO_TERM_COLOR": "never",
        ]
        // As `npm install` does for a package in a folder.
        let modules = directory.appendingPathComponent("node_modules/@tasker-systems")
        if !manager.fileExists(atPath: modules.path) {
            try manager.createDirectory(at: modules, withIntermediateDirectories: true)
            try manager.createSymbolicLink(
                atPath: modules.appendingPathComponent("tasker").path, withDestinationPath: "\(sdks)/typescript")
        }
    }

    /// Runs a line to its end.
    /// - Returns: what it printed, errors included.
    /// - Throws: ``Failure`` when it fails.
    @discardableResult
    func run(_ line: String, _ more: [String: String] = [:]) async throws -> String {
        var values = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("TASKER_") }
        values.merge(environment.merging(more) { _, new in new }) { _, new in new }
        let arguments = ["-c", "exec 2>&1; cd \"$0\" && eval \"$1\"", directory.path, line]
        let complete = values
        return try await blocking { try Spawn.run("/bin/bash", arguments, environment: complete) }
    }

    /// Starts a line that runs until the system ends; what stands before the last `&&` is run to its end.
    func start(
        _ line: String, as name: String, in system: TaskerSystem, _ more: [String: String] = [:]
    ) async throws -> ManagedProcess {
        var parts = line.components(separatedBy: " && ")
        let last = parts.removeLast()
        for part in parts { try await run(part, more) }
        // The program takes the place of the shell, so that signals reach it.
        return try system.start(
            name, URL(fileURLWithPath: "/bin/bash"), ["-c", "cd \"$0\" && eval \"exec $1\"", directory.path, last],
            environment: environment.merging(more) { _, new in new })
    }

    func write(_ name: String, _ text: String) throws {
        let file = directory.appendingPathComponent(name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    func read(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: directory.appendingPathComponent(name)), as: UTF8.self)
    }
}
