import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A worker under test that speaks over its standard streams; whatever it starts is ended with it.
final class ConformanceProcess: Sendable {
    private struct State {
        var lines: [[UInt8]] = []
        var partial: [UInt8] = []
        var diagnostics: [UInt8] = []
        var isOutputRead = false
    }

    private let state = Mutex(State())
    private let process: Process
    private let input = Pipe()

    /// - Throws: not found when the program cannot be started.
    init(_ command: [String], environment: [String: String], directory: String) throws(CommandError) {
        process = Process()
        guard let path = Self.find(command[0], environment["PATH"] ?? "", directory) else {
            throw .notFound(
                "there is no program '\(command[0])' that may be executed",
                hint: "is the path right, and chmod +x done?")
        }
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = Array(command.dropFirst())
        process.environment = environment
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        let output = Pipe()
        let errors = Pipe()
        process.standardInput = input
        process.standardOutput = output
        process.standardError = errors
        do { try process.run() } catch {
            throw .notFound("\(command[0]) cannot be started: \(error.localizedDescription)")
        }
        Thread.detachNewThread { [self] in
            while case let data = output.fileHandleForReading.availableData, !data.isEmpty { takeIn(data) }
            state.withLock { $0.isOutputRead = true }
        }
        Thread.detachNewThread { [self] in
            while case let data = errors.fileHandleForReading.availableData, !data.isEmpty {
                state.withLock { $0.diagnostics += data }
            }
        }
    }

    /// As a shell looks for it.
    private static func find(_ program: String, _ path: String, _ directory: String) -> String? {
        let folders = program.contains("/") ? [""] : path.split(separator: ":").map { "\($0)/" }
        return folders.lazy.map { $0 + program }.map { $0.hasPrefix("/") ? $0 : directory + "/" + $0 }
            .first { path in
                var isDirectory: ObjCBool = false
                return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && !isDirectory.boolValue
                    && FileManager.default.isExecutableFile(atPath: path)
            }
    }

    private func takeIn(_ data: Data) {
        state.withLock { state in
            state.partial += data
            while let end = state.partial.firstIndex(of: UInt8(ascii: "\n")) {
                state.lines.append(Array(state.partial[..<end]))
                state.partial.removeSubrange(...end)
            }
        }
    }

    /// Lines that have come since `count` were seen.
    func lines(after count: Int) -> [[UInt8]] { state.withLock { Array($0.lines.dropFirst(count)) } }

    /// What stands after the last newline, once there is no more.
    var unfinishedLine: [UInt8] { state.withLock { $0.isOutputRead ? $0.partial : [] } }

    var diagnostics: String { state.withLock { String(decoding: $0.diagnostics, as: UTF8.self) } }

    /// Exit status (minus the signal that ended it) when it has ended and all its output is read.
    var status: Int32? {
        guard !process.isRunning, state.withLock({ $0.isOutputRead }) else { return nil }
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }

    func write(_ line: [UInt8]) throws(ScenarioFailure) {
        do { try input.fileHandleForWriting.write(contentsOf: Data(line + [UInt8(ascii: "\n")])) } catch {
            throw ScenarioFailure("the worker no longer reads its standard input")
        }
    }

    func closeInput() { try? input.fileHandleForWriting.close() }

    /// To the process alone.
    func signal(_ name: String) { _ = kill(process.processIdentifier, name == "KILL" ? SIGKILL : SIGTERM) }

    /// Kills what is left of its group.
    func end() {
        closeInput()
        let group = process.processIdentifier
        if process.isRunning {
            _ = kill(getpgid(group) == group ? -group : group, SIGKILL)
            process.waitUntilExit()
        }
    }
}
