import Synchronization

/// What belongs to the writing connection's queue.
///
/// `@unchecked Sendable`: `writer` is only read and written in blocks that run on that queue, which is serial, and once
/// at birth before anybody else has a reference.
final class WritingSide: @unchecked Sendable {
    var writer: CommitWriter?
    private let lock: Mutex<FileLock?>

    init(_ writer: CommitWriter, _ lock: FileLock) {
        self.writer = writer
        self.lock = Mutex(lock)
    }

    /// Lets another process open the file.
    func unlock() { lock.withLock { $0 = nil } }
}
