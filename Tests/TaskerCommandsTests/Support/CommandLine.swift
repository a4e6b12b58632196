import Foundation
import TaskerCommands

/// Runs `tasker-ctl` inside the test process, in a directory of its own.
struct CommandLineRun {
    var status: TaskerCommands.ExitStatus
    var output: String
    var errors: String
}

struct Workplace: ~Copyable {
    let path: String
    var environment: [String: String] = [:]
    var input = ""

    init() {
        let base = FileManager.default.temporaryDirectory.path
        path = base + "/tasker-ctl-\(UUID().uuidString)"
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            fatalError("no temporary directory: \(error)")
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func run(_ arguments: String..., terminal: Bool = false) async -> CommandLineRun {
        await run(arguments, terminal: terminal)
    }

    /// - Parameter size: of the terminal, asked for at every look.
    func run(
        _ arguments: [String], terminal: Bool = false,
        size: @escaping @Sendable () -> TerminalSize? = { nil }
    ) async -> CommandLineRun {
        let output = CapturedText()
        let errors = CapturedText()
        let given = Array(input.utf8)
        let host = Host(
            environment: environment, workingDirectory: path, userName: "tester", output: output, errors: errors,
            readInput: { given }, now: { 1_700_000_000 }, terminalWidth: terminal ? 80 : nil, isErrorTerminal: terminal,
            screen: size)
        let status = await Program(host: host).run(arguments)
        return CommandLineRun(status: status, output: output.text, errors: errors.text)
    }

    func write(_ name: String, _ text: String) throws {
        let target = URL(fileURLWithPath: path + "/" + name)
        try FileManager.default.createDirectory(
            at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: target, atomically: true, encoding: .utf8)
    }

    func read(_ name: String) throws -> String { try String(contentsOfFile: path + "/" + name, encoding: .utf8) }

    /// Every file below, relative, sorted.
    func files() -> [String] {
        let all = FileManager.default.enumerator(atPath: path)?.allObjects as? [String] ?? []
        var isDirectory: ObjCBool = false
        return all.filter {
            FileManager.default.fileExists(atPath: path + "/" + $0, isDirectory: &isDirectory) && !isDirectory.boolValue
        }.sorted()
    }
}
