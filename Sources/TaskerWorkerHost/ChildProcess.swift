import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// One process of the hosted program. Three threads wait for it: for its output, for its diagnostics, for its end.
final class ChildProcess: Sendable {
    private struct State {
        /// Until it is reaped; its number may belong to another process afterwards.
        var isAlive = true
        var isInputOpen = true
        var isOutputRead = false
        var outputBytes = 0
        /// The step it runs; nil between steps.
        var step: Int?
        var steps = 0
        var onOutputRead: DispatchSemaphore?
    }

    let pid: pid_t
    let mailbox = ChildMailbox()
    let diagnostics: DiagnosticLines
    private let process: SpawnedProcess
    private let limits: HostConfiguration
    private let print: @Sendable (String) -> Void
    private let state = Mutex(State())

    /// - Throws: ``HostError/cannotStart(program:reason:)``.
    init(_ configuration: HostConfiguration, environment: [String: String], print: @escaping @Sendable (String) -> Void)
        throws(HostError)
    {
        process = try Spawn.start(configuration.command, environment: environment)
        pid = process.pid
        limits = configuration
        self.print = print
        diagnostics = DiagnosticLines(
            pid: process.pid, limit: configuration.maximumDiagnosticBytes, print: print)
        BlockingThread.start { [self] in readOutput() }
        BlockingThread.start { [process, diagnostics] in
            Self.read(process.diagnostics) { diagnostics.push($0) }
            diagnostics.finish()
            close(process.diagnostics)
        }
        BlockingThread.start { [self] in awaitEnd() }
    }

    var isAlive: Bool { state.withLock { $0.isAlive } }

    /// A new step begins: its output is counted from here.
    /// - Returns: a number for ``terminate(step:)``.
    func beginStep() -> Int {
        diagnostics.beginStep()
        return state.withLock { state in
            state.outputBytes = 0
            state.steps += 1
            state.step = state.steps
            return state.steps
        }
    }

    /// It has answered: let it live.
    func endStep() { state.withLock { $0.step = nil } }

    /// Writes a line; blocks the thread until the process has read most of it, or has ended.
    /// - Returns: how many bytes went into the pipe.
    func write(_ line: [UInt8]) -> Int {
        var written = 0
        while written < line.count {
            guard state.withLock({ $0.isInputOpen }) else { return written }
            let count = line[written...].withUnsafeBytes { buffer in
                #if canImport(Darwin)
                Darwin.write(process.input, buffer.baseAddress, buffer.count)
                #elseif canImport(Musl)
                Musl.write(process.input, buffer.baseAddress, buffer.count)
                #else
                Glibc.write(process.input, buffer.baseAddress, buffer.count)
                #endif
            }
            if count < 0, errno == EINTR { continue }
            // EPIPE: its end comes as an event.
            guard count > 0 else { return written }
            written += count
        }
        return written
    }

    /// The end of its input: a program that is done with its step leaves.
    func closeInput() {
        let mustClose = state.withLock { state in
            defer { state.isInputOpen = false }
            return state.isInputOpen
        }
        if mustClose { close(process.input) }
    }

    // MARK: - Signals

    /// To it and what it has started. Only while it is not reaped: afterwards its number is somebody else's.
    func signal(_ number: Int32) { _ = signal(number, nil) }

    /// SIGTERM, and SIGKILL when it is still at it after the grace period.
    /// - Parameter step: nothing is done once that step has been answered.
    func terminate(step: Int? = nil) {
        guard signal(SIGTERM, step) else { return }
        let (seconds, attoseconds) = limits.terminationGrace.components
        let delay = DispatchTimeInterval.nanoseconds(
            Int(clamping: seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000))
        DispatchQueue.global().asyncAfter(deadline: .now() + delay) { [self] in _ = signal(SIGKILL, step) }
    }

    private func signal(_ number: Int32, _ step: Int?) -> Bool {
        state.withLock { state in
            guard state.isAlive, step == nil || state.step == step else { return false }
            _ = kill(-pid, number)
            return true
        }
    }

    // MARK: - Threads

    private func readOutput() {
        var splitter = LineSplitter(limit: limits.maximumLineBytes)
        var isRefused = false
        Self.read(process.output) { bytes in
            // Beyond the limit it is only emptied, until the process is gone.
            if isRefused { return }
            let total = state.withLock { state in
                state.outputBytes += bytes.count
                return state.outputBytes
            }
            for piece in splitter.push(bytes) where !isRefused {
                switch piece {
                case .line(let line) where line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }): break
                case .line(let line): mailbox.push(.line(line))
                case .tooLong(let start):
                    isRefused = true
                    mailbox.push(.lineTooLong(start))
                }
            }
            if total > limits.maximumOutputBytes, !isRefused {
                isRefused = true
                mailbox.push(.outputTooLarge)
            }
        }
        if !isRefused, let rest = splitter.finish() { mailbox.push(.line(rest)) }
        close(process.output)
        let waiting = state.withLock { state in
            state.isOutputRead = true
            return state.onOutputRead
        }
        waiting?.signal()
    }

    private func awaitEnd() {
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        // What it has left behind holds its pipes open.
        signal(SIGKILL)
        var unread: Int32 = 0
        _ = ioctl(process.inputReadEnd, UInt(FIONREAD), &unread)
        // A writer that waits is woken with EPIPE.
        close(process.inputReadEnd)
        var raw: Int32 = 0
        state.withLock { state in
            while waitpid(pid, &raw, 0) < 0, errno == EINTR {}
            state.isAlive = false
        }
        let semaphore = DispatchSemaphore(value: 0)
        let isRead = state.withLock { state in
            state.onOutputRead = semaphore
            return state.isOutputRead
        }
        // Bounded: a process that left the group may hold the pipe for ever.
        if !isRead { _ = semaphore.wait(timeout: .now() + .seconds(2)) }
        let signalNumber = raw & 0x7F
        let status: ExitStatus = signalNumber == 0 ? .code((raw >> 8) & 0xFF) : .signal(signalNumber)
        // Its step says so; without one nobody would know why none succeeds.
        if state.withLock({ $0.steps == 0 && $0.isInputOpen }) {
            print(
                "[\(pid)] \(limits.command.first ?? "the program") \(status) before it was given a step: a worker program reads "
                    + "one line after the other, until its input ends")
        }
        mailbox.push(.ended(status, unread: Int(unread)))
        closeInput()
    }

    private static func read(_ descriptor: Int32, _ body: (ArraySlice<UInt8>) -> Void) {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = chunk.withUnsafeMutableBytes { buffer in
                #if canImport(Darwin)
                Darwin.read(descriptor, buffer.baseAddress, buffer.count)
                #elseif canImport(Musl)
                Musl.read(descriptor, buffer.baseAddress, buffer.count)
                #else
                Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                #endif
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            body(chunk[..<count])
        }
    }
}
