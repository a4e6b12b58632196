import Foundation
import TaskerMessaging
import TaskerProtocol

/// One scenario over RabbitMQ, with queues of its own under a prefix of its own (wire protocol, sections 1 to 6).
struct AMQPBench: ScenarioBench {
    static let isOverStreams = false
    static let queue = "conformance"

    var state: ScenarioState
    private let broker: ConformanceBroker
    private let proxy: FaultProxy
    private let names: QueueNames
    private let queueType: QueueType
    private let arrived = Mailbox<(queue: String, delivery: Delivery)>()
    private var dead: [(headers: JSONValue, body: [UInt8])] = []
    /// Full names of queues that exist, with who reads them.
    private var queues: [String: ConsumerID?] = [:]

    init(_ state: ScenarioState, broker: ConformanceBroker) throws(ScenarioFailure) {
        self.state = state
        self.broker = broker
        queueType = QueueType(rawValue: state.scenario.queueType) ?? .quorum
        let random = String(UInt64.random(in: 0..<(1 << 48)), radix: 16)
        guard let names = QueueNames(prefix: "c" + random) else { throw ScenarioFailure("no prefix of queues") }
        self.names = names
        do throws(Sockets.Failure) { proxy = try FaultProxy(broker.address) } catch {
            throw ScenarioFailure("the runner cannot stand between the worker and the broker: \(error.reason)")
        }
    }

    var settings: [String: String] {
        [
            "TASKER_AMQP_URL": proxy.url(for: broker.url), "TASKER_QUEUE_PREFIX": names.prefix,
            "TASKER_QUEUE_TYPE": queueType.rawValue,
        ]
    }

    // MARK: - Queues

    /// Of `steps`, `workers`, `dead`, `results`, or of a results queue of another name.
    private func fullName(_ name: String) -> String {
        switch name {
        case "steps": names.steps(Self.queue)
        case "workers": names.workers
        case "dead": names.dead
        case "results": names.results(0)
        default: "\(names.prefix).results.\(name)"
        }
    }

    /// As everyone declares it.
    private func topology(_ name: String) -> [TopologyItem] {
        switch name {
        case "steps": Topology.steps(queue: Self.queue, names: names, type: queueType)
        case "workers": Topology.workers(names: names)
        case "dead": Topology.dead(names: names, type: queueType)
        default:
            Topology.results(partition: 0, names: names, type: queueType).map { item in
                guard case .queue(_, let arguments) = item else { return item }
                return .queue(name: fullName(name), arguments: arguments)
            }
        }
    }

    private mutating func declare(_ name: String, _ items: [TopologyItem]) async throws {
        // First: what cannot be declared fully is deleted, too.
        queues.updateValue(nil, forKey: fullName(name))
        try await broker.declare(items)
    }

    private mutating func read(_ name: String) async throws {
        queues[fullName(name)] = try await broker.read(fullName(name), into: arrived)
    }

    /// What belongs to the orchestrator.
    mutating func open() async throws {
        try await broker.declare(Topology.control(names: names))
        for name in ["dead", "workers", "steps", "results"] { try await declare(name, topology(name)) }
        for name in ["results", "workers", "dead"] { try await read(name) }
    }

    /// Also after an interruption.
    mutating func close() async throws {
        proxy.close()
        // Also what a worker has declared anew.
        let all = Set(queues.keys).union(["steps", "workers", "dead", "results"].map(fullName))
        let (readers, broker, names) = (queues.values.compactMap(\.self), broker, names)
        let deleted = Task {
            for reader in readers { await broker.stopReading(reader) }
            try await broker.delete(
                all.map { .queue(name: $0, arguments: [:]) }
                    + [names.dead, names.control].map { .exchange(name: $0, kind: .fanout) })
        }
        do { try await deleted.value } catch let failure as ScenarioFailure {
            throw CommandError.failed(
                "queues of a scenario could not be deleted: \(failure.reason)",
                hint: "they are called \(names.prefix).*: delete them by hand")
        }
    }

    // MARK: - Messages

    mutating func listen() throws {
        for (queue, delivery) in arrived.takeAll() {
            if queue == names.dead {
                dead.append((delivery.properties.json["headers"] ?? [:], delivery.body))
                continue
            }
            guard let message = try? JSONText.parse(delivery.body), case .object = message else {
                // What fills a queue.
                if delivery.properties.appID == ConformanceBroker.name { continue }
                let text = String(decoding: delivery.body.prefix(200), as: UTF8.self)
                throw ScenarioFailure("the worker published a body that is no object: \(text)")
            }
            try state.takeIn(ConformanceMessage(message, properties: delivery.properties.json, queue: queue))
        }
    }

    mutating func deliver(_ dispatch: ConformanceDispatch, _ operation: JSONValue) async throws {
        var dispatch = dispatch
        if operation["message"] == nil {
            let replyTo = fullName(operation["reply_to"]?.stringValue ?? "results")
            dispatch = write(dispatch, replyTo: replyTo, operation)
        }
        var properties = MessageProperties(
            messageID: dispatch.id, correlationID: dispatch.message["task"]?["correlation_id"]?.stringValue,
            type: "tasker.step.execute.v1", replyTo: dispatch.message["reply_to"]?.stringValue,
            appID: ConformanceBroker.name, timestamp: Int64(Date().timeIntervalSince1970))
        properties.headers = [
            "traceparent": .string(ConformanceJudge.traceparent), "tracestate": .string(ConformanceJudge.tracestate),
        ]
        properties.headers.merge((operation["headers"]?.objectValue ?? [:]).compactMapValues(HeaderValue.init)) { $1 }
        try await broker.publish(dispatch.bytes, to: fullName("steps"), properties)
    }

    mutating func awaitReady(_ worker: ConformanceProcess) async throws {
        func words() -> String { "; it wrote: \(worker.diagnostics.suffix(500))" }
        // Other workers may say hello more than once.
        let others = state.greeted
        try await until("the worker's hello", ["within": 60], words) { bench in
            if bench.state.claimHello(besides: others) { return true }
            if let status = worker.status {
                throw ScenarioFailure(
                    "the worker ended with status \(status) before it was ready: \(worker.diagnostics.suffix(500))")
            }
            return false
        }
    }

    mutating func finish() async throws {
        try await until("the last results", [:]) { bench in
            try await (bench.broker.figures(bench.names.results(0))?.ready ?? 0) == 0
        }
        try listen()
        if let one = dead.first(where: { $0.headers["x-first-death-reason"] != nil }) {
            let text = String(decoding: one.body.prefix(200), as: UTF8.self)
            throw ScenarioFailure("the broker dead-lettered a message that the worker rejected: \(text)")
        }
    }

    // MARK: - Operations

    mutating func performOwn(_ operation: JSONValue) async throws {
        let queue = operation["queue"]?.stringValue ?? ""
        switch operation["do"]?.stringValue {
        case "stop_worker":
            try state.worker(operation).signal("TERM")
            try await expectExit(ConformanceDispatch.laid(operation, ["within": 60]), code: 0)
        case "send_raw": try await sendRaw(operation)
        case "send_control": try await control(operation["text"]?.stringValue ?? "")
        case "cancel": try await cancel(operation)
        case "requeue": try await broker.requeue(fullName("steps"))
        case "answer_fetch": try await answerFetch(operation)
        case "expect_dead": try await expectDead(operation)
        case "expect_queue": try await expectQueue(operation)
        case "expect_absent":
            if try await broker.figures(fullName(queue)) != nil {
                throw ScenarioFailure("the worker declared \(fullName(queue))")
            }
        case "declare": try await declare(operation)
        case "read": try await read(queue)
        case "delete":
            if case let consumer?? = queues.removeValue(forKey: fullName(queue)) { await broker.stopReading(consumer) }
            try await broker.delete([.queue(name: fullName(queue), arguments: [:])])
        case "delete_exchange":
            let name = operation["exchange"]?.stringValue == "dead" ? names.dead : names.control
            try await broker.delete([.exchange(name: name, kind: .fanout)])
        case "close_connections":
            if proxy.cutConnections() == 0 {
                throw ScenarioFailure("the worker has no connection that could be closed")
            }
        case "stop_broker": proxy.goAway()
        case "start_broker":
            do throws(Sockets.Failure) { try proxy.comeBack() } catch { throw ScenarioFailure(error.reason) }
        case "block_broker": proxy.block()
        case "unblock_broker": proxy.unblock()
        case let other: throw ScenarioFailure("this runner has no operation '\(other ?? "")' over AMQP")
        }
    }

    private mutating func sendRaw(_ operation: JSONValue) async throws {
        var properties = MessageProperties(appID: ConformanceBroker.name)
        let wanted = (operation["properties"]?.arrayValue ?? []).compactMap(\.stringValue)
        if let name = operation["as"]?.stringValue {
            var dispatch = ConformanceDispatch(
                name: name, base: state.files.base, handler: nil, execute: [:], sameStepAs: nil, resolve: state.resolve)
            dispatch.hasIDs = false
            state.dispatches[name] = dispatch
            if wanted.contains("message_id") { properties.messageID = dispatch.id }
        }
        if wanted.contains("reply_to") { properties.replyTo = fullName("results") }
        try await broker.publish(Array((operation["text"]?.stringValue ?? "").utf8), to: fullName("steps"), properties)
    }

    private func control(_ text: String) async throws {
        try await broker.publish(
            Array(text.utf8), exchange: names.control,
            MessageProperties(isPersistent: false, appID: ConformanceBroker.name))
    }

    private func cancel(_ operation: JSONValue) async throws {
        let dispatch = try state.dispatch(operation["of"]?.stringValue ?? "")
        let inCapitals = operation["in_capitals"]?.boolValue == true
        func id(_ value: JSONValue?) -> JSONValue {
            guard let text = value?.stringValue else { return .null }
            return .string(inCapitals ? text.uppercased() : text)
        }
        let notice: JSONValue = [
            "protocol": "1.0", "kind": "step.cancel", "dispatch_id": id(dispatch.message["dispatch_id"]),
            "task_uuid": id(dispatch.message["task"]?["uuid"]), "step_uuid": id(dispatch.message["step"]?["uuid"]),
            "reason": "a scenario",
        ]
        try await control(notice.canonicalText)
    }

    private mutating func answerFetch(_ operation: JSONValue) async throws {
        let name = operation["of"]?.stringValue ?? ""
        let asked = try await expect([
            "kind": "step.fetch", "of": .string(name), "matches": ["after": operation["after"] ?? .null],
        ])
        var answer: JSONValue = [
            "protocol": "1.0", "kind": "step.dependencies", "dispatch_id": .string(try state.dispatch(name).id),
            "dependency_results": operation["page"] ?? [:], "next": operation["next"] ?? .null,
        ]
        if operation["gone"]?.boolValue == true { answer = ConformanceDispatch.laid(answer, ["gone": true]) }
        for _ in 0..<(operation["times"]?.integerValue ?? 1) {
            try await broker.publish(
                answer.canonicalBytes, to: asked.properties?["reply_to"]?.stringValue ?? "",
                MessageProperties(type: "tasker.step.dependencies.v1", appID: ConformanceBroker.name))
        }
    }

    private mutating func expectDead(_ operation: JSONValue) async throws {
        var fault = "none came"
        let text = operation["text"]?.stringValue.map { Array($0.utf8) }
        try await until("a message in \(names.dead)", operation, { " (\(fault))" }) { bench in
            for (index, one) in bench.dead.enumerated() {
                let difference = ConformancePattern.difference(
                    operation["headers"] ?? [:], one.headers, [:], at: "headers")
                if difference == nil, text == nil || text == one.body {
                    bench.dead.remove(at: index)
                    return true
                }
                fault = difference ?? "the body is \(String(decoding: one.body.prefix(200), as: UTF8.self))"
            }
            return false
        }
    }

    private mutating func expectQueue(_ operation: JSONValue) async throws {
        let name = operation["queue"]?.stringValue ?? ""
        let queue = fullName(name)
        let wanted = ["ready", "unacked", "consumers"].compactMap { key in
            operation[key]?.integerValue.map { (key, Int($0)) }
        }
        var seen: [String: Int] = [:]
        func told(_ figures: [(String, Int)]) -> String { figures.map { "\($0) \($1)" }.joined(separator: ", ") }
        try await until(
            "the queue \(name) with \(told(wanted))", operation,
            {
                "; it has \(seen.isEmpty ? "not been there" : told(seen.sorted { $0.key < $1.key }))"
            }
        ) { bench in
            guard let figures = try await bench.broker.figures(queue) else {
                seen = [:]
                return false
            }
            seen = [
                "ready": figures.ready, "consumers": figures.consumers,
                "unacked": bench.proxy.unacknowledged(in: queue),
            ]
            return wanted.allSatisfy { seen[$0.0] == $0.1 }
        }
    }

    private mutating func declare(_ operation: JSONValue) async throws {
        let name = operation["queue"]?.stringValue ?? ""
        if let arguments = operation["arguments"]?.objectValue {
            let item = TopologyItem.queue(
                name: fullName(name), arguments: arguments.compactMapValues(HeaderValue.init))
            try await declare(name, [item])
        } else {
            try await declare(name, topology(name))
        }
        for _ in 0..<(operation["fill"]?.integerValue ?? 0) {
            try await broker.publish(
                Array("filler".utf8), to: fullName(name), MessageProperties(appID: ConformanceBroker.name))
        }
        if operation["read"]?.boolValue ?? (name != "steps") { try await read(name) }
    }
}

extension HeaderValue {
    fileprivate init?(_ value: JSONValue) {
        switch value {
        case .string(let text): self = .string(text)
        case .integer(let number): self = .integer(number)
        case .bool(let flag): self = .bool(flag)
        default: return nil
        }
    }

    fileprivate var json: JSONValue {
        switch self {
        case .string(let text): .string(text)
        case .integer(let number): .integer(number)
        case .bool(let flag): .bool(flag)
        }
    }
}

extension MessageProperties {
    /// By their names in the protocol; what is not set is null.
    fileprivate var json: JSONValue {
        func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
        return [
            "content_type": text(contentType), "delivery_mode": isPersistent ? 2 : 1, "message_id": text(messageID),
            "correlation_id": text(correlationID), "type": text(type), "reply_to": text(replyTo), "app_id": text(appID),
            "headers": .object(headers.mapValues(\.json)),
        ]
    }
}
