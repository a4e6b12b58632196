import Logging
import ServiceLifecycle
import Synchronization
import TaskerMessaging

/// Runs handlers for the steps of one fleet's queue: takes deliveries, calls handlers, publishes results, and obeys every
/// worker obligation of the wire protocol, section 6. A `Service`: SIGTERM through a `ServiceGroup` drains it.
///
/// A broker outage is never an error: the worker reconnects for ever, handlers do not notice, results are kept.
public actor Worker: Service {
    public nonisolated let configuration: WorkerConfiguration
    /// Random per instance; an explicit worker id is its first part.
    public nonisolated let identity: WorkerIdentity

    private nonisolated let directory: HandlerDirectory
    private nonisolated let broker: any Broker
    private nonisolated let logger: Logger
    private nonisolated let timing: DeliveryTiming
    private nonisolated let inbox = EventInbox<LoopEvent>()
    private nonisolated let readiness = Readiness()

    /// - Parameter broker: used by this worker alone; ``run()`` runs it and shuts it down.
    public init(
        configuration: WorkerConfiguration, handlers: HandlerRegistry, broker: any Broker,
        logger: Logger = Logger(label: "tasker.worker")
    ) {
        self.init(
            configuration: configuration, handlers: handlers, broker: broker, logger: logger, timing: DeliveryTiming())
    }

    /// For a worker that speaks for something else, which has an identity of its own.
    package init(
        configuration: WorkerConfiguration, handlers: HandlerRegistry, broker: any Broker, logger: Logger,
        language: String, sdk: String
    ) {
        self.init(
            configuration: configuration, handlers: handlers, broker: broker, logger: logger, timing: DeliveryTiming(),
            language: language, sdk: sdk)
    }

    init(
        configuration: WorkerConfiguration, handlers: HandlerRegistry, broker: any Broker, logger: Logger,
        timing: DeliveryTiming, language: String = "swift", sdk: String = WorkerIdentity.swiftSDK
    ) {
        self.configuration = configuration
        self.broker = broker
        self.logger = logger
        var timing = timing
        timing.grace = configuration.grace
        self.timing = timing
        directory = HandlerDirectory(handlers)
        identity = WorkerIdentity.random(
            prefix: configuration.workerID, hostname: configuration.hostname, language: language, sdk: sdk)
    }

    /// Adds a handler; a running worker announces it at once.
    public nonisolated func register(_ handler: some StepHandler, as name: String? = nil) {
        directory.change { $0.register(handler, as: name) }
        inbox.push(.machine(.handlersChanged))
    }

    /// Subscribes to events of steps that run in this process, from now on: an exact name, `payment.*`, or `*`.
    public nonisolated func subscribe(
        to patterns: String..., body: @escaping @Sendable (DomainEvent) async throws -> Void
    ) {
        directory.change { $0.subscribe(patterns, body) }
    }

    /// True once the orchestrator's broker has taken an announcement.
    public nonisolated var isReady: Bool { readiness.isReady }

    /// Returns when the worker is ready or has ended.
    public nonisolated func waitUntilReady() async { await readiness.wait() }

    /// Drains and leaves as on SIGTERM; ``run()`` returns in the end.
    public nonisolated func shutDown(reason: String = "shutdown requested") {
        inbox.push(.machine(.shutdown(reason: reason)))
    }

    /// Runs until shut down.
    /// - Throws: `BrokerError` when the broker refuses the credentials, a queue's declaration or a consumer;
    ///   ``WorkerError`` when results could not be handed over before the end.
    public func run() async throws {
        defer { readiness.finish() }
        for name in directory.change({ $0.replacedNames }) {
            logger.warning("handler \(name) is registered more than once; the last registration holds")
        }
        logger.info(
            """
            worker \(identity.id) takes steps from \(configuration.queues.joined(separator: ", ")) for \
            \(configuration.namespaces.joined(separator: ", ")) with \(configuration.slots) slots; \
            handlers: \(directory.names.joined(separator: ", "))
            """
        )
        let inbox = inbox
        let end = try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                try await serve()
            } onGracefulShutdown: {
                inbox.push(.machine(.shutdown(reason: "SIGTERM")))
            }
        } onCancel: {
            inbox.push(.abort)
        }
        guard end.unsent.isEmpty else {
            for message in end.unsent { System.printError(String(decoding: message.encoded(), as: UTF8.self)) }
            throw WorkerError.unsentResults(end.unsent.count)
        }
        try Task.checkCancellation()
    }

    private nonisolated func serve() async throws -> LoopEnd {
        let names = configuration.names
        let queues = configuration.queues.map { names.steps($0) }
        let threads = HandlerThreads(slots: configuration.slots)
        defer { threads.stop() }
        let (commands, consumers) = AsyncStream.makeStream(of: ConsumerSwitch.Command.self)
        let services = LoopServices(
            broker: broker, inbox: inbox, handlers: directory,
            encoder: ParcelEncoder(
                names: names, worker: identity, namespaces: configuration.namespaces, queues: configuration.queues,
                anyHandler: configuration.anyHandler, slots: configuration.slots, startedAt: .current()),
            runner: StepRunner(worker: identity, logger: logger), threads: threads, consumers: consumers,
            onReady: readiness.ready, logger: logger)
        let machine = DeliveryMachine(slots: configuration.slots, worker: identity, timing: timing)
        let consumerSwitch = ConsumerSwitch(
            broker: broker, inbox: inbox, queues: queues, controlExchange: names.control, prefetch: configuration.slots)
        let topology = Topology.worker(queues: configuration.queues, names: names, type: configuration.queueType)

        return try await withThrowingTaskGroup(of: LoopEnd?.self) { group in
            group.addTask { await WorkerLoop.run(services, machine: machine) }
            group.addTask { [broker] in
                try await broker.run()
                return nil
            }
            group.addTask { [broker, inbox, logger] in
                for await state in broker.stateChanges() { Self.report(state, to: inbox, logger) }
                return nil
            }
            group.addTask { [broker, inbox] in
                try await Self.start(topology, broker, inbox, consumerSwitch, commands)
                return nil
            }
            do {
                while let finished = try await group.next() {
                    guard let end = finished else { continue }
                    await broker.shutdown(timeout: .seconds(5))
                    group.cancelAll()
                    return end
                }
            } catch {
                // What was delivered goes back to its queue with the connection.
                inbox.push(.abort)
                await broker.shutdown(timeout: .seconds(1))
                group.cancelAll()
                throw error
            }
            return LoopEnd(exitCode: 1, unsent: [])
        }
    }

    /// Declares, consumes, and carries out the loop's wishes. While the broker is away the declaration waits; a shutdown
    /// must not wait with it, so the wishes are read beside it.
    private static func start(
        _ topology: [TopologyItem], _ broker: any Broker, _ inbox: EventInbox<LoopEvent>, _ consumers: ConsumerSwitch,
        _ commands: AsyncStream<ConsumerSwitch.Command>
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await broker.declare(topology)
                inbox.push(.machine(.begin))
            }
            group.addTask { try await consumers.run(commands) }
            do {
                // Not `waitForAll`, which would wait for the wishes after a refused declaration.
                while try await group.next() != nil {}
            } catch {
                // The worker is leaving: its calls to the broker end with it.
                if !Task.isCancelled { throw error }
            }
        }
    }

    private static func report(_ state: BrokerState, to inbox: EventInbox<LoopEvent>, _ logger: Logger) {
        switch state {
        case .connected: inbox.push(.machine(.publisherReady))
        case .blocked(let reason):
            logger.warning("the broker takes no messages at the moment: \(reason)")
            inbox.push(.machine(.publisherAway))
        case .disconnected(let reason):
            logger.debug("no connection to the broker: \(reason)")
            inbox.push(.machine(.publisherAway))
        }
    }
}

/// Why a worker did not end well.
public enum WorkerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// That many results were printed to stderr, as the broker did not take them in time.
    case unsentResults(Int)

    public var description: String {
        switch self {
        case .unsentResults(let count):
            "\(count) results could not be handed to the broker before the worker had to leave; they are printed above. "
                + "The orchestrator will run these steps again where they may repeat"
        }
    }
}

extension WorkerIdentity {
    public static let swiftSDK = "tasker-swift/0.1.0"

    /// A fresh identity with 64 random bits.
    static func random(
        prefix: String?, hostname: String, language: String = "swift", sdk: String = swiftSDK
    ) -> WorkerIdentity {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        let random = String(repeating: "0", count: 16 - digits.count) + digits
        return WorkerIdentity(
            id: "\(prefix ?? language)-\(random)", language: language, sdk: sdk, hostname: hostname)
    }
}

/// A gate that opens once.
private final class Readiness: Sendable {
    private struct State {
        var isReady = false
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    var isReady: Bool { state.withLock { $0.isReady } }

    @Sendable func ready() {
        state.withLock { $0.isReady = true }
        finish()
    }

    func finish() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}
