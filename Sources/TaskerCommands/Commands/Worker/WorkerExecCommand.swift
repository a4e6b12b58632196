import ArgumentParser
import Logging
import TaskerMessaging
import TaskerWorker
import TaskerWorkerHost

struct WorkerExecCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec",
        abstract: "Run a program that reads and writes lines as a worker on RabbitMQ.",
        discussion: """
            The program gets one JSON message per line on standard input and answers on standard output. One process \
            runs per slot. SIGTERM and Ctrl-C let running steps finish; a second one ends at once.

            Example:
              tasker-ctl worker exec --namespace shop --handler charge --slots 4 -- ./charge.sh
            """)

    @Option(name: [.customShort("n"), .long], help: "Namespace served; repeatable.")
    var namespace: [String] = []

    @Option(help: "Callable that the program answers to; repeatable.")
    var handler: [String] = []

    @Flag(help: "Take steps of any handler.")
    var anyHandler = false

    @Option(help: "Version announced beside the handlers.")
    var handlerVersion: String?

    @Option(help: "Queue that steps come from (default: the namespace); repeatable.")
    var queue: [String] = []

    @Option(help: "Steps at a time, and processes (default 10).")
    var slots: String?

    @Option(help: "Address of RabbitMQ (default: setting amqp_url).")
    var amqp: String?

    @Option(help: "Prefix of queue names (default tasker).")
    var queuePrefix: String?

    @Option(help: "quorum (default) or classic.")
    var queueType: String?

    @Option(help: "How long running steps may take after SIGTERM (default 30).")
    var graceSeconds: String?

    @Option(help: "Environment variable passed on to the program, '*' at the end allowed; repeatable.")
    var passEnv: [String] = []

    @Argument(parsing: .postTerminator, help: "The program and its arguments, after '--'.")
    var program: [String] = []

    func run(in context: CommandContext) async throws {
        let configuration = try hostConfiguration(context)
        var logger = Logger(label: "tasker.worker") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = logLevel(configuration.worker.logLevel, context)
        do {
            let host = try WorkerHost(configuration, logger: logger, environment: context.host.environment)
            try await Worker.runUntilSignalled(host.worker, logger: logger) { try await host.run() }
        } catch let error as HostError {
            throw Self.explained(error)
        } catch let error as BrokerError {
            throw Self.explained(error)
        }
    }

    func hostConfiguration(_ context: CommandContext) throws -> HostConfiguration {
        if program.isEmpty { throw Self.explained(.noProgram) }
        if handler.isEmpty, !anyHandler { throw Self.explained(.noHandler) }
        var flags = WorkerFlags()
        flags.namespaces = namespace
        flags.queues = queue
        flags.slots = slots
        flags.amqp = amqp ?? context.settings[.amqpURL]
        flags.queuePrefix = queuePrefix
        flags.queueType = queueType
        flags.graceSeconds = graceSeconds
        flags.anyHandler = anyHandler
        let worker: WorkerConfiguration
        do throws(WorkerConfigurationError) {
            worker = try WorkerConfiguration(flags: flags, environment: context.host.environment)
        } catch {
            throw CommandError.usage(error.problems[0], hint: error.problems.dropFirst().joinedLines)
        }
        var configuration = HostConfiguration(worker: worker, handlers: handler, command: program)
        configuration.handlerVersion = handlerVersion
        configuration.environmentNames += passEnv
        return configuration
    }

    private func logLevel(_ level: Logger.Level, _ context: CommandContext) -> Logger.Level {
        if context.global.isQuiet { return .error }
        return context.global.verbosity > 0 ? min(level, .debug) : level
    }

    private static func explained(_ error: HostError) -> CommandError {
        switch error {
        case .noProgram:
            .usage(
                "no program is given",
                hint: "put it after '--': tasker-ctl worker exec --namespace shop --handler charge -- ./charge.sh")
        case .noHandler:
            .usage(
                "no handler is given",
                hint: "name what the program answers to, --handler charge, or let it take any: --any-handler")
        case .cannotStart(let program, let reason):
            .notFound(
                "the program \(program) cannot be started: \(reason)",
                hint: "is the path right, and may it be executed?")
        }
    }

    private static func explained(_ error: BrokerError) -> CommandError {
        switch error.code {
        case .accessRefused: CommandError(.denied, code: "denied", error.message, hint: error.remedy)
        case .disconnected: CommandError(.unreachable, code: "unreachable", error.message, hint: error.remedy)
        // What every worker ends with (wire protocol, section 1).
        case .preconditionFailed: CommandError(.otherQueue, code: "queue_differs", error.message, hint: error.remedy)
        case .invalidURL: .usage(error.message, hint: error.remedy)
        default: .failed(error.message, hint: error.remedy)
        }
    }
}

extension Sequence<String> {
    /// One text with a line for each; nil for none.
    fileprivate var joinedLines: String? {
        let text = joined(separator: "\n")
        return text.isEmpty ? nil : text
    }
}
