import CRabbitMQ
import TaskerMessaging

/// The consuming connection: declarations and look-ups on one channel, each consumer on one of its own.
final class ConsumerRole: ConnectionRole {
    struct NewConsumer: Sendable {
        let id: ConsumerID
        let spec: ConsumedQueue
        let prefetch: Int
        let handler: @Sendable (ConsumerEvent) -> Void
        let started: Promise<Void>
    }

    enum Command: Sendable {
        case declare([TopologyItem], Promise<Void>)
        case delete([TopologyItem], Promise<Void>)
        case inspect(String, Promise<QueueFigures?>)
        case purge(String, Promise<Void>)
        case consume(NewConsumer)
        case cancel(ConsumerID, Promise<Void>)
        case acknowledge([DeliveryTag])
        /// Something that was declared has gone.
        case declareAgain
    }

    static let purpose = "consumer"

    private let configuration: AMQPConfiguration
    private let epochs: Counter
    private let report: (LinkState) -> Void
    private let control: ControlChannel
    private let declared: Declared

    private var connection: AMQPConnection?
    private var epoch: UInt64 = 0
    /// The topology was declared again; consumers may start.
    private var isReady = false
    private var isDeclaringAgain = false
    private var consumers: [ConsumerID: ConsumerChannel] = [:]
    private var byChannel: [UInt16: ConsumerChannel] = [:]
    private var lastDisconnection = "not connected yet"

    /// - Parameter onRefusal: told what the broker refuses though it had accepted it once.
    init(
        _ configuration: AMQPConfiguration, epochs: Counter, report: @escaping (LinkState) -> Void,
        onRefusal: @escaping (BrokerError) -> Void
    ) {
        self.configuration = configuration
        self.epochs = epochs
        self.report = report
        let declared = Declared()
        self.declared = declared
        control = ControlChannel(onDeclared: { declared.remember($0) }, onRefusedRepetition: onRefusal)
    }

    // MARK: Connection

    func begin(on connection: AMQPConnection) {
        self.connection = connection
        epoch = epochs.next()
        isReady = false
        isDeclaringAgain = false
        control.begin(on: connection)
        declareAgain()
    }

    /// Declares everything there was, then starts the consumers that wait.
    private func declareAgain() {
        guard connection != nil, !isDeclaringAgain else { return }
        isDeclaringAgain = true
        control.add(
            ControlChannel.Operation(work: .declare(declared.items), isRepetition: true) { [unowned self] _ in
                isDeclaringAgain = false
                if connection != nil { declaredAgain() }
            })
    }

    private func declaredAgain() {
        let now = ContinuousClock.now
        for consumer in consumersInOrder where consumer.phase == .waiting {
            if let retryAt = consumer.retryAt, retryAt > now { continue }
            start(consumer)
        }
        if !isReady {
            isReady = true
            report(.up(epoch: epoch))
        }
    }

    private var consumersInOrder: [ConsumerChannel] {
        consumers.values.sorted { $0.id.value < $1.id.value }
    }

    func end(reason: String, written: UInt64) {
        connection = nil
        isReady = false
        isDeclaringAgain = false
        lastDisconnection = reason
        control.end(reason: reason)
        byChannel = [:]
        for consumer in consumersInOrder where !consumer.connectionEnded(reason) { consumers[consumer.id] = nil }
        report(.down(reason: reason))
    }

    /// The thread ends: nobody may wait for ever.
    func abandon() {
        control.abandon(.shutDown("it was declared"))
        for consumer in consumersInOrder {
            consumer.firstStart?.fail(BrokerError.shutDown("the consumer was started"))
        }
        consumers = [:]
    }

    var isIdle: Bool { control.isIdle && !consumers.values.contains { $0.hasAcks } }
    func receiveBlocked(reason: String?) {}

    // MARK: Commands

    func perform(_ command: Command) {
        switch command {
        case .declare(let items, let promise):
            control.add(
                ControlChannel.Operation(work: .declare(items), isRepetition: false) { result in
                    if case .failed(let error) = result { promise.fail(error) } else { promise.fulfil(()) }
                })
        case .delete(let items, let promise):
            // At once: a reconnect must not bring back what is on its way out.
            declared.forget(items)
            guard requireConnection(promise) else { return }
            control.add(
                ControlChannel.Operation(work: .delete(items.filter(\.isNamed)), isRepetition: false) { result in
                    if case .failed(let error) = result { promise.fail(error) } else { promise.fulfil(()) }
                })
        case .inspect(let queue, let promise):
            guard requireConnection(promise) else { return }
            control.add(
                ControlChannel.Operation(work: .inspect(queue), isRepetition: false) { result in
                    switch result {
                    case .figures(let figures): promise.fulfil(figures)
                    case .failed(let error): promise.fail(error)
                    case .done: promise.fulfil(nil)
                    }
                })
        case .purge(let queue, let promise):
            guard requireConnection(promise) else { return }
            control.add(
                ControlChannel.Operation(work: .purge(queue), isRepetition: false) { result in
                    if case .failed(let error) = result { promise.fail(error) } else { promise.fulfil(()) }
                })
        case .consume(let new): add(new)
        case .cancel(let id, let promise):
            guard let consumer = consumers[id] else { return promise.fulfil(()) }
            if consumer.cancel(promise, connection?.writer) { consumers[id] = nil }
        case .acknowledge(let tags):
            for tag in tags { consumers[tag.consumer]?.acknowledge(tag) }
        case .declareAgain: declareAgain()
        }
    }

    private func requireConnection<Value>(_ promise: Promise<Value>) -> Bool {
        if connection != nil { return true }
        promise.fail(BrokerError(.disconnected, "there is no connection to the broker: \(lastDisconnection)"))
        return false
    }

    private func add(_ new: NewConsumer) {
        let consumer = ConsumerChannel(
            id: new.id, spec: new.spec, prefetch: new.prefetch, handler: new.handler, firstStart: new.started,
            epochs: epochs,
            delay: ReconnectDelay(
                minimum: configuration.minimumReconnectDelay, maximum: configuration.maximumReconnectDelay))
        consumers[new.id] = consumer
        if isReady { start(consumer) }
    }

    private func start(_ consumer: ConsumerChannel) {
        guard let connection else { return }
        var number = ControlChannel.number + 1
        while byChannel[number] != nil { number += 1 }
        byChannel[number] = consumer
        consumer.start(on: number, connection.writer)
    }

    // MARK: Turns of the loop

    func fill() {
        guard let writer = connection?.writer else { return }
        for consumer in consumers.values where consumer.hasAcks { consumer.writeAcks(writer) }
    }

    func endBurst() {
        for consumer in consumers.values { consumer.reportDeliveries() }
    }

    var nextTimer: ContinuousClock.Instant? {
        guard isReady, !isDeclaringAgain else { return nil }
        return consumers.values.compactMap { $0.phase == .waiting ? $0.retryAt : nil }.min()
    }

    func serveTimers(now: ContinuousClock.Instant) {
        if let next = nextTimer, next <= now { declareAgain() }
    }

    func receive(channel: UInt16, _ frame: Frame) throws(ConnectionLost) {
        guard let writer = connection?.writer else { return }
        if channel == ControlChannel.number {
            if case .method(let id, let decoded) = frame { control.receive(id, decoded) }
            return
        }
        guard let consumer = byChannel[channel] else { return }
        switch try consumer.receive(frame, writer) {
        case .none, .started: break
        case .finished:
            byChannel[channel] = nil
            consumers[consumer.id] = nil
        case .ended(let code, let text):
            byChannel[channel] = nil
            if let firstStart = consumer.firstStart {
                consumers[consumer.id] = nil
                firstStart.fail(BrokerError.refused(consumer.subject, replyCode: code, text: text))
            } else {
                consumer.scheduleRetry()
            }
        }
    }
}

/// What the broker has accepted, each item once, in the order of declaration.
final class Declared {
    private(set) var items: [TopologyItem] = []
    private var known: Set<TopologyItem> = []

    func remember(_ item: TopologyItem) {
        if known.insert(item).inserted { items.append(item) }
    }

    /// Queues and exchanges by their names, with their bindings.
    func forget(_ deleted: [TopologyItem]) {
        var queues: Set<String> = []
        var exchanges: Set<String> = []
        for item in deleted {
            switch item {
            case .queue(let name, _): queues.insert(name)
            case .exchange(let name, _): exchanges.insert(name)
            case .binding: break
            }
        }
        items.removeAll { item in
            switch item {
            case .queue(let name, _): queues.contains(name)
            case .exchange(let name, _): exchanges.contains(name)
            case .binding(let queue, let exchange, _): queues.contains(queue) || exchanges.contains(exchange)
            }
        }
        known = Set(items)
    }
}

extension TopologyItem {
    /// Something with a life of its own.
    fileprivate var isNamed: Bool {
        if case .binding = self { false } else { true }
    }
}
