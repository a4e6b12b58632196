import Logging
import Synchronization
import TaskerAMQP
import TaskerMessaging
import TaskerWorker

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Makes any program that reads and writes lines a worker: the host speaks AMQP, sends heartbeats, fetches large inputs,
/// watches the time, and starts the program anew when it ends.
///
/// ```swift
/// var worker = WorkerConfiguration()
/// worker.namespaces = ["shop"]
/// worker.queues = ["shop.bash"]
/// let host = try WorkerHost(HostConfiguration(worker: worker, handlers: ["charge"], command: ["./charge.sh"]))
/// try await host.run()
/// ```
public final class WorkerHost: Sendable {
    /// As the worker is known to the orchestrator, until a program names its own language.
    public static let language = "exec"
    static let sdk = "tasker-exec/0.1.0"

    /// The worker that runs the program's steps.
    public let worker: Worker
    private let pool: ChildPool

    /// Checks the settings and starts one process of the program.
    /// - Parameters:
    ///   - environment: what the program's environment is picked from; the host's own unless given.
    ///   - printDiagnostic: gets the program's stderr line by line; stderr unless given.
    /// - Throws: ``HostError``; `BrokerError` `invalidURL`.
    public convenience init(
        _ configuration: HostConfiguration, logger: Logger = Logger(label: "tasker.worker"),
        environment: [String: String]? = nil,
        printDiagnostic: @escaping @Sendable (String) -> Void = WorkerHost.printToStandardError
    ) throws {
        let url = try AMQPURL(configuration.worker.amqpURL)
        let queues = configuration.worker.queues.joined(separator: ",")
        let name = "tasker-exec \(queues) on \(configuration.worker.hostname)"
        try self.init(
            configuration, broker: AMQPBroker(AMQPConfiguration(url: url, connectionName: name), logger: logger),
            logger: logger, environment: environment, printDiagnostic: printDiagnostic)
    }

    init(
        _ configuration: HostConfiguration, broker: any Broker, logger: Logger, environment: [String: String]?,
        printDiagnostic: @escaping @Sendable (String) -> Void
    ) throws(HostError) {
        guard !configuration.command.isEmpty else { throw HostError.noProgram }
        guard !configuration.handlers.isEmpty || configuration.worker.anyHandler else { throw HostError.noHandler }
        // A program that has left must not take the host with it.
        _ = signal(SIGPIPE, SIG_IGN)
        pool = ChildPool(
            configuration, environment: environment ?? Worker.currentEnvironment(), print: printDiagnostic)
        try pool.warmUp()
        let identity = IdentityBox()
        var registry = HandlerRegistry()
        registry.register(
            program: HostedProgram(pool: pool, configuration: configuration, worker: { identity.value }),
            as: configuration.handlers, version: configuration.handlerVersion, any: configuration.worker.anyHandler)
        worker = Worker(
            configuration: configuration.worker, handlers: registry, broker: broker, logger: logger,
            language: Self.language, sdk: Self.sdk)
        identity.set(worker.identity)
    }

    /// Runs until the worker was shut down; returns when the program's processes are gone.
    /// - Throws: as `Worker.run()`.
    public func run() async throws {
        let result: Result<Void, any Error>
        do { result = .success(try await worker.run()) } catch { result = .failure(error) }
        await pool.close()
        try result.get()
    }

    /// A whole host program: SIGTERM and SIGINT drain, a second one ends at once. Ends the process as `Worker.main` does:
    /// 0, 1, or 2 for settings (the program among them) it cannot start with.
    public static func main(_ configuration: HostConfiguration) async -> Never {
        var logger = Logger(label: "tasker.worker") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = configuration.worker.logLevel
        do {
            let host = try WorkerHost(configuration, logger: logger)
            try await Worker.runUntilSignalled(host.worker, logger: logger) { try await host.run() }
            exit(0)
        } catch let error as HostError {
            printToStandardError("error: \(error)")
            exit(2)
        } catch {
            printToStandardError("error: \(error)")
            exit(Worker.exitCode(for: error))
        }
    }

    @Sendable public static func printToStandardError(_ line: String) { Worker.printError(line) }
}

/// The worker's identity is made with the worker, which needs the program first.
private final class IdentityBox: Sendable {
    private let state = Mutex(WorkerIdentity(id: "", language: "", sdk: "", hostname: ""))
    var value: WorkerIdentity { state.withLock { $0 } }
    func set(_ identity: WorkerIdentity) { state.withLock { $0 = identity } }
}
