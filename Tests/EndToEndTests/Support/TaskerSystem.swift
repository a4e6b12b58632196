import Foundation
import Synchronization
import TaskerProtocol

/// A whole Tasker: an orchestrator on a SQLite file of its own and workers, all real processes, under a queue prefix
/// nobody else on the broker uses.
final class TaskerSystem: Sendable {
    let amqpURL: String
    let names: QueueNames
    let directory: URL
    /// Where handlers write a line per start.
    let recordPath: String
    /// For the orchestrator; times are shortened so that a lost worker is noticed within seconds.
    let settings: [String: String]
    private let state = Mutex(State())

    private struct State {
        var processes: [ManagedProcess] = []
        var orchestrator: ManagedProcess?
        var address: String?
    }

    static let quickSettings = [
        "TASKER_LEASE_SECONDS": "8", "TASKER_HEARTBEAT_INTERVAL_SECONDS": "1", "TASKER_REDELIVERY_GRACE_SECONDS": "1",
        "TASKER_LOST_DISPATCH_SECONDS": "5", "TASKER_WORKER_SILENCE_SECONDS": "45",
        "TASKER_ROUTE_STICKINESS_SECONDS": "2",
    ]

    private init(amqpURL: String, settings: [String: String]) throws {
        self.amqpURL = amqpURL
        self.settings = Self.quickSettings.merging(settings) { _, new in new }
        let id = UUID().uuidString.prefix(8).lowercased()
        guard let names = QueueNames(prefix: "e2e-\(id)") else { throw Failure("e2e-\(id) is no queue prefix") }
        self.names = names
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("tasker-e2e-\(id)")
        recordPath = directory.appendingPathComponent("records").path
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    /// Gives `body` a system with a running orchestrator, and ends everything of it afterwards.
    /// - Parameter broker: nil = the node all tests share; those that stop theirs bring their own.
    static func run(
        on broker: BrokerNode? = nil, settings: [String: String] = [:], startsOrchestrator: Bool = true,
        _ body: (TaskerSystem) async throws -> Void
    ) async throws {
        let url = if let broker { broker.url } else { try await BrokerNode.sharedURL }
        let system = try TaskerSystem(amqpURL: url, settings: settings)
        do {
            if startsOrchestrator { try await system.startOrchestrator() }
            try await body(system)
            await system.end()
            try? await system.removeQueues()
        } catch {
            await system.end()
            throw Failure("\(error)\n\(system.tails())")
        }
        if ProcessInfo.processInfo.environment["TASKER_TEST_KEEP"] == nil {
            try? FileManager.default.removeItem(at: system.directory)
        }
    }

    // MARK: Processes

    @discardableResult
    func start(
        _ name: String, _ program: URL, _ arguments: [String], environment: [String: String] = [:]
    ) throws -> ManagedProcess {
        var values = ["TASKER_AMQP_URL": amqpURL, "TASKER_QUEUE_PREFIX": names.prefix, "PYTHONUNBUFFERED": "1"]
        values.merge(environment) { _, new in new }
        let process = try ManagedProcess(
            name, program, arguments, environment: values, log: directory.appendingPathComponent("\(name).log"))
        state.withLock { $0.processes.append(process) }
        return process
    }

    /// Starts the orchestrator, or starts it again on the same database, and waits until it answers.
    @discardableResult
    func startOrchestrator(_ changes: [String: String] = [:]) async throws -> ManagedProcess {
        let before = loggedAddresses.count
        let process = try launchOrchestrator(changes)
        try await eventually("the orchestrator is ready") {
            if let exit = process.ended { throw Failure("the orchestrator ended with \(exit)", isFinal: true) }
            let addresses = self.loggedAddresses
            guard addresses.count > before, let address = addresses.last else { return false }
            guard try await HTTP(base: address).send("GET", "/readyz").status == 200 else { return false }
            self.state.withLock {
                $0.orchestrator = process
                $0.address = address
            }
            return true
        }
        return process
    }

    /// Only launches it: for starts that must fail.
    func launchOrchestrator(_ changes: [String: String] = [:], name: String = "orchestrator") throws -> ManagedProcess {
        var values = settings
        values["TASKER_DATABASE"] = directory.appendingPathComponent("tasker.sqlite").path
        values["TASKER_WEB_BIND_ADDRESS"] = "127.0.0.1:0"
        values["TASKER_TEMPLATE_PATH"] = directory.appendingPathComponent("templates").path
        values.merge(changes) { _, new in new }
        return try start(name, try Repository.program("tasker-orchestrator"), [], environment: values)
    }

    var orchestrator: ManagedProcess {
        get throws {
            guard let process = state.withLock({ $0.orchestrator }) else {
                throw Failure("no orchestrator was started")
            }
            return process
        }
    }

    var http: HTTP {
        get throws {
            guard let address = state.withLock({ $0.address }) else { throw Failure("no orchestrator was started") }
            return HTTP(base: address)
        }
    }

    /// The addresses of all starts so far.
    private var loggedAddresses: [String] {
        let log =
            (try? String(
                decoding: Data(contentsOf: directory.appendingPathComponent("orchestrator.log")), as: UTF8.self))
        return (log ?? "").split(separator: "\n").compactMap { line in
            guard line.contains("listening"), let start = line.range(of: "address=") else { return nil }
            return line[start.upperBound...].split(separator: " ").first.map(String.init)
        }
    }

    /// Ends every process, the newest first. SIGKILL: what a graceful end does is the business of tests of its own.
    func end() async {
        let processes = state.withLock { $0.processes }
        for process in processes.reversed() { process.send(SIGKILL) }
        for process in processes { _ = try? await process.waitForEnd() }
    }

    // MARK: When something failed

    /// The last lines of every process, and where all of it is.
    func tails() -> String {
        var text = "logs are kept in \(directory.path)\n"
        let files = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
        for file in files.sorted() where file.hasSuffix(".log") {
            let lines =
                ((try? String(decoding: Data(contentsOf: directory.appendingPathComponent(file)), as: UTF8.self)) ?? "")
                .split(separator: "\n").suffix(12)
            text += "--- \(file)\n\(lines.joined(separator: "\n"))\n"
        }
        return text
    }
}
