import Foundation

/// A RabbitMQ node of this test run's own, through `scripts/rabbitmq`. It ends with this process, however that ends.
final class BrokerNode: Sendable {
    let directory: String
    /// The port stays over restarts.
    let url: String

    /// Whether a broker is installed. With the variable `CI` set a missing one is a failure, not a reason to skip.
    static var isAvailable: Bool {
        let environment = ProcessInfo.processInfo.environment
        if environment["CI"] != nil { return true }
        let folders = [environment["TASKER_RABBITMQ_SBIN"], "/usr/lib/rabbitmq/bin"].compactMap { $0 }
        return folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/rabbitmq-server") }
    }

    /// The node of all tests that leave it alone; `TASKER_TEST_AMQP_URL` names a running one instead.
    static var sharedURL: String {
        get async throws {
            if let url = ProcessInfo.processInfo.environment["TASKER_TEST_AMQP_URL"] { return url }
            return try await shared.value.url
        }
    }

    /// The node of the tests that stop it or close its connections; they run one at a time and leave it running.
    static var disturbed: BrokerNode {
        get async throws { try await second.value }
    }

    private static let second = Task.detached { try await BrokerNode() }
    private static let shared = Task.detached { try await BrokerNode() }

    init(settings: [String] = []) async throws {
        let parent = FileManager.default.temporaryDirectory.appendingPathComponent("tasker-e2e-nodes-\(getuid())")
        Self.removeLeftovers(in: parent)
        let directory = parent.appendingPathComponent("\(getpid())/\(UUID().uuidString.prefix(8))").path
        self.directory = directory
        let options = settings.flatMap { ["--set", $0] }
        let output = try await Self.script(["start", "--dir", directory, "--owner", "\(getpid())"] + options)
        url = output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// After ``stop()`` or ``kill()``: the same data on the same port.
    func start() async throws { _ = try await Self.script(["start", "--dir", directory, "--owner", "\(getpid())"]) }
    func stop() async throws { _ = try await Self.script(["stop", "--dir", directory]) }
    /// SIGKILL.
    func kill() async throws { _ = try await Self.script(["kill", "--dir", directory]) }

    /// - Returns: what `rabbitmqctl` prints.
    @discardableResult
    func ctl(_ arguments: String...) async throws -> String {
        try await Self.script(["ctl", "--dir", directory] + arguments)
    }

    private static func script(_ arguments: [String]) async throws -> String {
        let program = Repository.root.appendingPathComponent("scripts/rabbitmq").path
        return try await blocking { try Spawn.run(program, arguments) }
    }

    /// Directories of test runs that are over. Their nodes have ended with them.
    private static func removeLeftovers(in parent: URL) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: parent.path)) ?? [] {
            guard let process = pid_t(name), Foundation.kill(process, 0) != 0, errno == ESRCH else { continue }
            try? FileManager.default.removeItem(at: parent.appendingPathComponent(name))
        }
    }
}
