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
            terminalWidth: isatty(STDOUT_FILENO) == 1 ? columns(environment) : nil,
            isErrorTerminal: isatty(STDERR_FILENO) == 1, isInputTerminal: isatty(STDIN_FILENO) == 1,
            readLine: { Swift.readLine() })
    }

    private static func columns(_ environment: [String: String]) -> Int {
        if let stated = environment["COLUMNS"].flatMap({ Int($0) }), stated > 0 { return stated }
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
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
