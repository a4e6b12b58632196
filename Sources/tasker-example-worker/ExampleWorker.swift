import ArgumentParser
import TaskerWorker

/// The Swift part of the order example, and with `--testing` the handlers of end-to-end tests and benchmarks.
@main
struct ExampleWorker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tasker-example-worker",
        abstract: "Runs the Swift handlers of the order example: ValidateOrderHandler and CreateOrderHandler.",
        discussion: """
            Every option has an environment variable (TASKER_AMQP_URL, TASKER_NAMESPACE, TASKER_QUEUE, TASKER_SLOTS, \
            TASKER_QUEUE_PREFIX, TASKER_QUEUE_TYPE, TASKER_GRACE_SECONDS, TASKER_LOG_LEVEL); options win.

            Example: tasker-example-worker --amqp amqp://guest:guest@localhost:5672/%2F --queue ecommerce.swift --slots 20
            """)

    @Option(help: ArgumentHelp("A namespace to serve; may be repeated or a comma list.", valueName: "name"))
    var namespace: [String] = []

    @Option(help: ArgumentHelp("The fleet's queue (default: ecommerce.swift).", valueName: "name"))
    var queue: [String] = []

    @Option(
        name: [.long, .customLong("concurrency")],
        help: ArgumentHelp("Handlers that run at a time.", valueName: "number"))
    var slots: String?

    @Option(help: ArgumentHelp("The broker.", valueName: "url"))
    var amqp: String?

    @Option(help: ArgumentHelp("First part of every queue's name.", valueName: "name"))
    var queuePrefix: String?

    @Option(help: ArgumentHelp("quorum or classic.", valueName: "type"))
    var queueType: String?

    @Option(help: ArgumentHelp("How long running steps may take after SIGTERM.", valueName: "seconds"))
    var graceSeconds: String?

    @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error or critical.", valueName: "level"))
    var logLevel: String?

    @Option(help: ArgumentHelp("amqp, or stdio: one message per line on stdin and stdout.", valueName: "transport"))
    var transport: String?

    @Option(help: ArgumentHelp("First part of the worker's id.", valueName: "id"))
    var workerID: String?

    @Flag(help: "Announce that steps with any handler name may come here.")
    var anyHandler = false

    @Flag(
        help:
            "Also run the handlers test.echo, test.noop, test.sleep, test.fail, test.record, test.payload and test.join."
    )
    var testing = false

    @Flag(help: "Run the contract handlers of protocol/conformance instead, in the namespace conformance.")
    var conformance = false

    func run() async {
        if conformance {
            var handlers = HandlerRegistry()
            registerConformanceHandlers(in: &handlers)
            await Worker.main(handlers: handlers, flags: flags)
        }
        var handlers = HandlerRegistry([ValidateOrderHandler(), CreateOrderHandler()])
        if testing {
            registerTestHandlers(in: &handlers)
            registerPayloadHandlers(in: &handlers)
            registerWorkflowHandlers(in: &handlers)
            registerPolyglotHandlers(in: &handlers)
        }
        await Worker.main(handlers: handlers, flags: flags)
    }

    /// The example has a namespace and a queue of its own, unless somebody says otherwise.
    private var flags: WorkerFlags {
        var flags = WorkerFlags()
        flags.namespaces = namespace
        flags.queues = queue
        if namespace.isEmpty, !Environment.has("TASKER_NAMESPACE") {
            flags.namespaces = [conformance ? "conformance" : "ecommerce"]
        }
        if queue.isEmpty, !Environment.has("TASKER_QUEUE"), !conformance { flags.queues = ["ecommerce.swift"] }
        flags.slots = slots
        flags.amqp = amqp
        flags.queuePrefix = queuePrefix
        flags.queueType = queueType
        flags.graceSeconds = graceSeconds
        flags.logLevel = logLevel
        flags.transport = transport
        flags.workerID = workerID
        flags.anyHandler = anyHandler
        return flags
    }
}
