import Logging
import TaskerAMQP
import TaskerMessaging

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

extension Worker {
    /// A worker on RabbitMQ.
    /// - Throws: `BrokerError` `invalidURL`.
    public init(
        configuration: WorkerConfiguration, handlers: HandlerRegistry, logger: Logger = Logger(label: "tasker.worker")
    ) throws(BrokerError) {
        let url = try AMQPURL(configuration.amqpURL)
        let queues = configuration.queues.joined(separator: ",")
        let broker = AMQPBroker(
            AMQPConfiguration(url: url, connectionName: "tasker-worker \(queues) on \(configuration.hostname)"),
            logger: logger)
        self.init(configuration: configuration, handlers: handlers, broker: broker, logger: logger)
    }

    /// A whole worker program: settings from `flags` and the environment, logs on stderr, SIGTERM and SIGINT drain, a
    /// second one ends at once.
    ///
    /// ```swift
    /// @main struct Program {
    ///     static func main() async { await Worker.main(handlers: [ChargeCard(), ShipOrder()]) }
    /// }
    /// ```
    /// Ends the process with 0 after a clean shutdown, 1 when results could not be handed over or something failed, 2 for
    /// settings (or queues on the broker) it cannot start with.
    public static func main(handlers: [any StepHandler], flags: WorkerFlags = WorkerFlags()) async -> Never {
        await main(handlers: HandlerRegistry(handlers), flags: flags)
    }

    /// As ``main(handlers:flags:)``, with closures and methods registered too.
    public static func main(handlers: HandlerRegistry, flags: WorkerFlags = WorkerFlags()) async -> Never {
        do {
            let configuration = try WorkerConfiguration(flags: flags, environment: currentEnvironment())
            guard !handlers.isEmpty else {
                throw WorkerConfigurationError(problems: ["no handler is registered: pass at least one to Worker.main"])
            }
            var logger = Logger(label: "tasker.worker") { StreamLogHandler.standardError(label: $0) }
            logger.logLevel = configuration.logLevel
            switch configuration.transport {
            case .amqp: try await runOnBroker(configuration, handlers, logger)
            case .stdio: await runOnStdio(configuration, handlers, logger)
            }
            exit(0)
        } catch {
            System.printError("error: \(error)")
            exit(exitCode(for: error))
        }
    }

    private static func runOnBroker(
        _ configuration: WorkerConfiguration, _ handlers: HandlerRegistry, _ logger: Logger
    ) async throws {
        let worker = try Worker(configuration: configuration, handlers: handlers, logger: logger)
        logger.info("broker: \(configuration.redactedURL)")
        try await runUntilSignalled(worker, logger: logger) { try await worker.run() }
    }

    /// SIGTERM and SIGINT drain the worker that `body` runs, a second one ends the process at once.
    package static func runUntilSignalled(_ worker: Worker, logger: Logger, _ body: () async throws -> Void)
        async throws
    {
        let signals = TerminationSignals { name in
            logger.info("\(name): finishing what runs; a second signal ends at once")
            worker.shutDown(reason: name)
        } second: { name in
            System.printError("\(name) again: ended at once")
            _exit(1)
        }
        defer { withExtendedLifetime(signals) {} }
        try await body()
    }

    private static func runOnStdio(
        _ configuration: WorkerConfiguration, _ handlers: HandlerRegistry, _ logger: Logger
    ) async {
        let identity = WorkerIdentity.random(prefix: configuration.workerID, hostname: configuration.hostname)
        let transport = StdioTransport(handlers: HandlerDirectory(handlers), worker: identity, logger: logger)
        let signals = TerminationSignals { _ in
            transport.cancel()
        } second: { _ in
            _exit(1)
        }
        defer { withExtendedLifetime(signals) {} }
        await transport.run()
    }

    /// Writes one line to stderr at once, past any buffer.
    package static func printError(_ line: String) { System.printError(line) }

    package static func exitCode(for error: any Error) -> Int32 {
        switch error {
        case is WorkerConfigurationError: 2
        case let error as BrokerError:
            switch error.code {
            case .preconditionFailed, .accessRefused, .invalidURL, .tls: 2
            default: 1
            }
        default: 1
        }
    }

    package static func currentEnvironment() -> [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let line = String(cString: text)
            if let separator = line.firstIndex(of: "=") {
                variables[String(line[..<separator])] = String(line[line.index(after: separator)...])
            }
            entry += 1
        }
        return variables
    }
}
