#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif
import TaskerStore

/// An advisory lock on `<database>.lock`, held as long as the object lives. The system frees it when the process ends,
/// however it ends.
final class FileLock: Sendable {
    private let descriptor: Int32

    /// - Throws: ``StoreError`` `locked` with the holder's process id, `unavailable`.
    init(database path: String) throws(StoreError) {
        let lockPath = path + ".lock"
        let descriptor = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw StoreError(
                .unavailable, "The file \(lockPath) cannot be created (\(String(cString: strerror(errno))))",
                remedy: "Check that the directory exists and that this user may write there.")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            var buffer = [UInt8](repeating: 0, count: 32)
            let count = read(descriptor, &buffer, buffer.count)
            close(descriptor)
            let holder = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
                .filter { $0.isNumber }
            let user = holder.isEmpty ? "another process" : "process \(holder)"
            throw StoreError(
                .locked, "The database \(path) is in use by \(user)",
                remedy: "Stop that orchestrator, or give this one a database of its own.")
        }
        self.descriptor = descriptor
        let text = Array("\(getpid())\n".utf8)
        // The number only makes the message above better.
        if ftruncate(descriptor, 0) == 0 { _ = write(descriptor, text, text.count) }
    }

    deinit { close(descriptor) }
}
