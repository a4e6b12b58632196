import Foundation

/// A RabbitMQ node of this test run's own, through `scripts/rabbitmq`: own ports, own directory, never the system's
/// service. It ends with this process, however that ends.
///
/// Self-contained (Foundation only), so that other test targets can link to this file.
final class PrivateRabbitMQ: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let directory: String
    let settings: [String]
    /// `amqp://guest:guest@127.0.0.1:PORT/%2F`; the port stays over restarts.
    let url: String

    /// Whether a broker is installed. With the variable `CI` set a missing one is a failure, not a reason to skip.
    static var isAvailable: Bool {
        let environment = ProcessInfo.processInfo.environment
        if environment["CI"] != nil { return true }
        let folders = [environment["TASKER_RABBITMQ_SBIN"], "/usr/lib/rabbitmq/bin"].compactMap { $0 }
        return folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/rabbitmq-server") }
    }

    static let unavailableReason: String = "needs RabbitMQ: run scripts/install-dependencies broker"

    /// Starts a new node; takes some seconds.
    /// - Parameter settings: lines for `rabbitmq.conf`, `KEY = VALUE`.
    init(settings: [String] = []) throws {
        Self.removeLeftovers()
        self.settings = settings
        directory = "\(Self.parent(of: getpid()))/\(UUID().uuidString.prefix(8))"
        let options = settings.flatMap { ["--set", $0] }
        let output = try Self.script(
            ["start", "--dir", directory, "--owner", String(getpid())] + options)
        url = output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// After ``stop()`` or ``kill()``: the same data on the same port.
    func start() throws { try run("start", ["--owner", String(getpid())]) }
    func stop() throws { try run("stop") }
    func restart() throws { try run("restart") }
    /// SIGKILL.
    func kill() throws { try run("kill") }

    /// Sends the node's process a signal, such as SIGSTOP.
    func signal(_ signal: Int32) throws {
        let text = try String(contentsOfFile: "\(directory)/node.pid", encoding: .utf8)
        guard let process = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)),
            Foundation.kill(process, signal) == 0
        else { throw Failure(description: "the node in \(directory) does not run") }
    }

    /// - Returns: what `rabbitmqctl` prints.
    @discardableResult
    func ctl(_ arguments: String...) throws -> String {
        try Self.script(["ctl", "--dir", directory] + arguments)
    }

    /// Stops it and removes its directory.
    func remove() {
        try? stop()
        try? FileManager.default.removeItem(atPath: directory)
    }

    @discardableResult
    private func run(_ command: String, _ options: [String] = []) throws -> String {
        try Self.script([command, "--dir", directory] + options)
    }

    // MARK: Programs

    /// Not Foundation's `Process`: it notices the end of a child by a socket that the child's children inherit, and waits
    /// for ever for those that stay, as a broker does.
    /// - Returns: what the program prints.
    @discardableResult
    static func output(of program: String, _ arguments: [String]) throws -> String {
        let files = FileManager.default.temporaryDirectory.appendingPathComponent("tasker-\(UUID().uuidString)").path
        let (output, errors) = ("\(files).out", "\(files).err")
        defer {
            try? FileManager.default.removeItem(atPath: output)
            try? FileManager.default.removeItem(atPath: errors)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        // The node lives long and must not hold what happens to be open here. Closing what is not open is no error.
        for descriptor in Int32(3)..<256 { posix_spawn_file_actions_addclose(&actions, descriptor) }
        // Threads of this process block signals, and a node that inherits that never sees the SIGTERM of its stop.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var words = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var child = pid_t()
        let status = posix_spawn(&child, program, &actions, &attributes, &words, environ)
        guard status == 0 else { throw Failure(description: "\(program): \(String(cString: strerror(status)))") }
        var end: Int32 = 0
        while waitpid(child, &end, 0) < 0, errno == EINTR {}
        let text = (try? String(contentsOfFile: output, encoding: .utf8)) ?? ""
        guard end == 0 else {
            let complaint = (try? String(contentsOfFile: errors, encoding: .utf8)) ?? ""
            throw Failure(description: "\(program) \(arguments.joined(separator: " ")): \(complaint)\(text)")
        }
        return text
    }

    private static func script(_ arguments: [String]) throws -> String {
        try output(of: repository().appendingPathComponent("scripts/rabbitmq").path, arguments)
    }

    private static func repository() throws -> URL {
        var folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        while folder.path != "/" {
            if FileManager.default.isExecutableFile(atPath: folder.appendingPathComponent("scripts/rabbitmq").path) {
                return folder
            }
            folder.deleteLastPathComponent()
        }
        throw Failure(description: "scripts/rabbitmq is not in any folder above \(#filePath)")
    }

    // MARK: Directories

    private static var root: URL {
        FileManager.default.temporaryDirectory.appendingPathComponent("tasker-test-nodes-\(getuid())")
    }

    private static func parent(of process: pid_t) -> String { root.appendingPathComponent(String(process)).path }

    /// Directories of test runs that are over. Their nodes have ended with them.
    private static func removeLeftovers() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? [] {
            guard let process = pid_t(name), Foundation.kill(process, 0) != 0, errno == ESRCH else { continue }
            try? FileManager.default.removeItem(atPath: parent(of: process))
        }
    }
}
