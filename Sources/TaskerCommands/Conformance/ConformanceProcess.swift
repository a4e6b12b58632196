import Foundation
import Synchronization
import TaskerWorkerHost

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A worker under test, in a process group of its own; whatever it starts is ended with it. Three threads wait for it: for
/// its output, for its diagnostics, for its end.
final class ConformanceProcess: Sendable {
    private struct State {
        var lines: [[UInt8]] = []
        var partial: [UInt8] = []
        var diagnostics: [UInt8] = []
        var isOutputRead = false
        var isInputBroken = false
        var isInputClosed = false
        /// Exit status, minus the signal that ended it; nil until it is reaped.
        var status: Int32?
    }

    private let state = Mutex(State())
    private let process: SpawnedProcess
    private let isOverStreams: Bool
    /// Writes to its input: one that does not read must not hold up anybody.
    private let writing = DispatchQueue(label: "tasker.conformance.input")
    private let reaped = DispatchGroup()

    /// - Parameter isOverStreams: its input and output are lines of messages; otherwise it has no input, and its output is
    ///   kept with its diagnostics.
    /// - Throws: not found when the program cannot be started.
    init(
        _ command: [String], environment: [String: String], directory: String, isOverStreams: Bool
    ) throws(CommandError) {
        self.isOverStreams = isOverStreams
        guard let path = Self.find(command[0], environment["PATH"] ?? "", directory) else {
            throw .notFound(
                "there is no program '\(command[0])' that may be executed",
                hint: "is the path right, and chmod +x done?")
        }
        // A worker that has left must not take the runner with it.
        _ = Foundation.signal(SIGPIPE, SIG_IGN)
        do throws(HostError) {
            process = try Spawn.start(
                [path] + command.dropFirst(), environment: environment, directory: directory)
        } catch {
            throw .notFound("\(error)")
        }
        Sockets.close(process.inputReadEnd)
        reaped.enter()
        Thread.detachNewThread { [self] in
            Self.read(process.output) { isOverStreams ? takeIn($0) : keep($0) }
            state.withLock { $0.isOutputRead = true }
        }
        Thread.detachNewThread { [self] in Self.read(process.diagnostics) { keep($0) } }
        Thread.detachNewThread { [self] in awaitEnd() }
        if !isOverStreams { closeInput() }
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

    // MARK: - Threads

    private static func read(_ descriptor: Int32, _ body: (ArraySlice<UInt8>) -> Void) {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Foundation.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            body(chunk[..<count])
        }
        Sockets.close(descriptor)
    }

    private func takeIn(_ bytes: ArraySlice<UInt8>) {
        state.withLock { state in
            var rest = bytes
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                state.lines.append(state.partial + rest[..<end])
                state.partial = []
                rest = rest[(end + 1)...]
            }
            state.partial += rest
        }
    }

    private func keep(_ bytes: ArraySlice<UInt8>) { state.withLock { $0.diagnostics += bytes } }

    private func awaitEnd() {
        var info = siginfo_t()
        while waitid(P_PID, id_t(process.pid), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        state.withLock { state in
            var raw: Int32 = 0
            while waitpid(process.pid, &raw, 0) < 0, errno == EINTR {}
            let signal = raw & 0x7F
            state.status = signal == 0 ? (raw >> 8) & 0xFF : -signal
        }
        reaped.leave()
    }

    // MARK: - What it says

    /// Lines that have come since `count` were seen.
    func lines(after count: Int) -> [[UInt8]] { state.withLock { Array($0.lines.dropFirst(count)) } }

    /// What stands after the last newline, once there is no more.
    var unfinishedLine: [UInt8] { state.withLock { $0.isOutputRead ? $0.partial : [] } }

    var diagnostics: String { state.withLock { String(decoding: $0.diagnostics, as: UTF8.self) } }

    /// Exit status (minus the signal that ended it) when it has ended and all messages in its output are read.
    var status: Int32? {
        state.withLock { !isOverStreams || $0.isOutputRead ? $0.status : nil }
    }

    // MARK: - What it is told

    func write(_ line: [UInt8]) throws(ScenarioFailure) {
        if state.withLock({ $0.isInputBroken }) {
            throw ScenarioFailure("the worker no longer reads its standard input")
        }
        writing.async { [self] in
            var rest = (line + [UInt8(ascii: "\n")])[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Foundation.write(process.input, $0.baseAddress, $0.count) }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return state.withLock { $0.isInputBroken = true } }
                rest = rest.dropFirst(count)
            }
        }
    }

    /// Behind what was written.
    func closeInput() {
        writing.async { [self] in
            let isOpen = state.withLock { state in
                defer { state.isInputClosed = true }
                return !state.isInputClosed
            }
            if isOpen { Sockets.close(process.input) }
        }
    }

    /// To the process alone, while its number is its own.
    func signal(_ name: String) {
        let number =
            switch name {
            case "KILL": SIGKILL
            case "INT": SIGINT
            default: SIGTERM
            }
        state.withLock { state in
            if state.status == nil { _ = kill(process.pid, number) }
        }
    }

    /// Kills it and what is left of its group.
    func end() {
        _ = kill(-process.pid, SIGKILL)
        reaped.wait()
        closeInput()
    }
}
