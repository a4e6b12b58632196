import Synchronization
import TaskerMessaging
import TaskerOrchestrator
import TaskerProtocol

/// The broker as one orchestrator process sees it. It only notes what the process writes, operation by operation; the
/// process may end before any of them. ``SimulatedOrchestrator`` hands on what was written.
final class SimulatedLink: Broker {
    enum Command: Sendable {
        case publish(OutgoingMessage)
        case acknowledge(DeliveryTag)
        case declare(String)
    }

    private struct State {
        var commands: [Command] = []
        var refused: [UInt64] = []
        var isUsable = false
        /// Step messages on their way, by token.
        var dispatches: [UInt64: DispatchID] = [:]
        /// What was delivered and not yet acked.
        var deliveries: [DeliveryTag: SimulatedMessage.About] = [:]
    }

    private let state = Mutex(State())
    private let crash: CrashSwitch
    private let ledger: SimulationLedger

    init(crash: CrashSwitch, ledger: SimulationLedger) {
        self.crash = crash
        self.ledger = ledger
    }

    // MARK: - For the orchestrator

    func publish(_ messages: [OutgoingMessage], completion: @escaping @Sendable ([PublishResult]) -> Void) {
        for message in messages where crash.permits() {
            guard state.withLock({ $0.isUsable }) else {
                if case .execute(let id) = SimulatedMessage.About.orchestrator(message) { ledger.publishes(id) }
                refuse(message)
                continue
            }
            if case .execute(let id) = SimulatedMessage.About.orchestrator(message) {
                ledger.publishes(id)
                state.withLock { $0.dispatches[message.token] = id }
            }
            state.withLock { $0.commands.append(.publish(message)) }
        }
    }

    private func refuse(_ message: OutgoingMessage) {
        if case .execute(let id) = SimulatedMessage.About.orchestrator(message) { ledger.wasNotPublished(id) }
        state.withLock { $0.refused.append(message.token) }
    }

    func acknowledge(_ deliveries: [DeliveryTag]) {
        for tag in deliveries where crash.permits() {
            if let about = state.withLock({ $0.deliveries.removeValue(forKey: tag) }) { ledger.acknowledges(about) }
            state.withLock { $0.commands.append(.acknowledge(tag)) }
        }
    }

    func declareSteps(_ queue: String) {
        if crash.permits() { state.withLock { $0.commands.append(.declare(queue)) } }
    }

    // MARK: - For the world

    var isUsable: Bool {
        get { state.withLock { $0.isUsable } }
        set { state.withLock { $0.isUsable = newValue } }
    }

    func takeCommands() -> (commands: [Command], refused: [UInt64]) {
        state.withLock { state in
            defer {
                state.commands = []
                state.refused = []
            }
            return (state.commands, state.refused)
        }
    }

    func delivered(_ tag: DeliveryTag, _ about: SimulatedMessage.About) {
        state.withLock { $0.deliveries[tag] = about }
    }

    /// The orchestrator hears what became of a publish.
    func heard(_ token: UInt64, _ outcome: PublishOutcome) {
        guard let id = state.withLock({ $0.dispatches.removeValue(forKey: token) }) else { return }
        switch outcome {
        case .returned, .notSent: ledger.wasNotPublished(id)
        case .nacked: ledger.wasNacked(id)
        case .confirmed, .inDoubt: break
        }
    }

    // MARK: - What a confined coordinator does not use

    var serverVersion: String? { nil }
    func run() async throws {}
    func stateChanges() -> AsyncStream<BrokerState> { AsyncStream { $0.finish() } }
    func declare(_ topology: [TopologyItem]) async throws {}
    func consume(
        _ queue: ConsumedQueue, prefetch: Int, handler: @escaping @Sendable (ConsumerEvent) -> Void
    ) async throws -> ConsumerID { ConsumerID(0) }
    func cancel(_ consumer: ConsumerID) async {}
    func inspect(queue: String) async throws -> QueueFigures? { nil }
    func purge(queue: String) async throws {}
    func shutdown(timeout: Duration) async {}
}
