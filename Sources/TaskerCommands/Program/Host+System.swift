import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

extension Host {
    /// The real process. From here on a closed pipe is an error of `write`, not a signal.
    public static func system() -> Host {
        signal(SIGPIPE, SIG_IGN)
        let environment = ProcessInfo.processInfo.environment
        return Host(
            environment: environment, workingDirectory: FileManager.default.currentDirectoryPath,
            userName: environment["USER"] ?? environment["LOGNAME"] ?? NSUserName(),
            output: DescriptorSink(descriptor: STDOUT_FILENO), errors: DescriptorSink(descriptor: STDERR_FILENO),
            readInput: { try FileHandle.standardInput.readToEnd().map(Array.init) ?? [] },
            now: { Date().timeIntervalSince1970 },
            terminalWidth: isatty(STDOUT_FILENO) == 1 ? size(of: STDOUT_FILENO, environment)?.columns ?? 80 : nil,
            isErrorTerminal: isatty(STDERR_FILENO) == 1, isInputTerminal: isatty(STDIN_FILENO) == 1,
            readLine: { Swift.readLine() },
            screen: { size(of: STDOUT_FILENO, environment) ?? size(of: STDERR_FILENO, environment) })
    }

    private static func size(of descriptor: Int32, _ environment: [String: String]) -> TerminalSize? {
        var size = winsize()
        guard isatty(descriptor) == 1, ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return nil
        }
        let stated = environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        return TerminalSize(columns: stated ?? Int(size.ws_col), rows: size.ws_row > 0 ? Int(size.ws_row) : 24)
    }
}

/// A file descriptor, unbuffered.
private struct DescriptorSink: TextSink {
    let descriptor: Int32

    func write(_ text: String) throws {
        let bytes = Array(text.utf8)
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                #if canImport(Glibc)
                Glibc.write(descriptor, buffer.baseAddress?.advanced(by: offset), bytes.count - offset)
                #elseif canImport(Musl)
                Musl.write(descriptor, buffer.baseAddress?.advanced(by: offset), bytes.count - offset)
                #else
                Darwin.write(descriptor, buffer.baseAddress?.advanced(by: offset), bytes.count - offset)
                #endif
            }
            if count >= 0 {
                offset += count
            } else if errno == EPIPE {
                throw ClosedPipe()
            } else if errno != EINTR, errno != EAGAIN {
                let reason = String(cString: strerror(errno))
                throw CommandError.failed("output cannot be written: \(reason)")
            }
        }
    }
}
