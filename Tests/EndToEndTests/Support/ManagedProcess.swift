import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A program under test: its output in a file, its end observed, killed at the latest when the system it belongs to ends.
final class ManagedProcess: Sendable {
    let name: String
    let log: URL
    let pid: pid_t
    private let exit = Mutex<Spawn.Exit?>(nil)

    init(_ name: String, _ program: URL, _ arguments: [String], environment: [String: String], log: URL) throws {
        self.name = name
        self.log = log
        // Settings of whoever runs the tests must not leak in.
        var values = ProcessInfo.processInfo.environment.filter {
            !$0.key.hasPrefix("TASKER_") && $0.key != "RABBITMQ_URL"
        }
        values.merge(environment) { _, new in new }
        pid = try Spawn.start(program.path, arguments, environment: values, output: log.path)
        Guardian.shared.watch(pid)
        Thread.detachNewThread { self.reap() }
    }

    private func reap() {
        // Known as ended before its id is free for another process.
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        Guardian.shared.forget(pid)
        exit.withLock { $0 = Spawn.wait(pid) }
    }

    /// nil while it runs.
    var ended: Spawn.Exit? { exit.withLock { $0 } }
    var isRunning: Bool { ended == nil }

    func send(_ signal: Int32) {
        // Under the lock: as long as it is not reaped nobody else can have its id.
        exit.withLock { if $0 == nil { _ = kill(pid, signal) } }
    }

    /// kill -9, and waits for the end.
    func crash() async throws {
        send(SIGKILL)
        try await waitForEnd()
    }

    /// SIGTERM, and waits for the end.
    @discardableResult
    func stop() async throws -> Spawn.Exit {
        send(SIGTERM)
        return try await waitForEnd()
    }

    @discardableResult
    func waitForEnd() async throws -> Spawn.Exit {
        try await eventually("\(name) ends") { !self.isRunning }
        guard let ended else { throw Failure("\(name) has no exit status") }
        return ended
    }

    var output: String { (try? String(decoding: Data(contentsOf: log), as: UTF8.self)) ?? "" }
}
