import Synchronization
import TaskerMessaging
import Testing

/// Writes down what a consumer's handler is told.
final class ConsumerProbe: Sendable {
    private let events = Mutex<[ConsumerEvent]>([])

    var handler: @Sendable (ConsumerEvent) -> Void {
        { [self] event in events.withLock { $0.append(event) } }
    }

    var all: [ConsumerEvent] { events.withLock { $0 } }

    var deliveries: [Delivery] {
        all.flatMap { event -> [Delivery] in
            if case .deliveries(let deliveries) = event { deliveries } else { [] }
        }
    }
    var bodies: [String] { deliveries.map { String(decoding: $0.body, as: UTF8.self) } }
    var starts: [(epoch: UInt64, queue: String)] {
        all.compactMap { event in
            if case .started(let epoch, let queue) = event { (epoch, queue) } else { nil }
        }
    }
    var losses: [UInt64] {
        all.compactMap { event in
            if case .lost(let epoch, _) = event { epoch } else { nil }
        }
    }

    func waitForDeliveries(_ count: Int) async throws {
        try await eventually("\(count) deliveries, there are \(deliveries.count)") { deliveries.count >= count }
    }

    func waitForStarts(_ count: Int) async throws {
        try await eventually("\(count) starts of the consumer") { starts.count >= count }
    }
}

/// Writes down what becomes of publishes.
final class PublishProbe: Sendable {
    private let results = Mutex<[PublishResult]>([])

    var completion: @Sendable ([PublishResult]) -> Void {
        { [self] group in results.withLock { $0 += group } }
    }

    var all: [PublishResult] { results.withLock { $0 } }

    /// By token; a token that got two results is a failure.
    func outcomes() -> [UInt64: PublishOutcome] {
        Dictionary(all.map { ($0.token, $0.outcome) }) { first, second in
            Issue.record("a message got two outcomes: \(first), \(second)")
            return first
        }
    }

    func wait(for count: Int) async throws {
        try await eventually("\(count) outcomes, there are \(all.count)") { all.count >= count }
    }
}

extension OutgoingMessage {
    init(_ body: String, to queue: String, token: UInt64 = 0, isMandatory: Bool = true) {
        self.init(
            token: token, routingKey: queue, isMandatory: isMandatory, properties: MessageProperties(),
            body: Array(body.utf8))
    }
}

extension Broker {
    /// Publishes and waits for all outcomes.
    func publishAndWait(_ messages: [OutgoingMessage]) async throws -> [UInt64: PublishOutcome] {
        let probe = PublishProbe()
        publish(messages, completion: probe.completion)
        try await probe.wait(for: messages.count)
        return probe.outcomes()
    }

    /// Publishes bodies one after the other, each of which must be confirmed. What is refused because the connection is
    /// not there yet is handed over again: it was never sent.
    func publishConfirmed(_ bodies: [String], to queue: String) async throws {
        var waiting = bodies.enumerated().map { OutgoingMessage($1, to: queue, token: UInt64($0)) }
        try await eventually("\(bodies.count) confirms") {
            let outcomes = try await publishAndWait(waiting)
            #expect(outcomes.count == waiting.count)
            #expect(outcomes.values.allSatisfy { $0 == .confirmed || $0 == .notSent })
            waiting.removeAll { outcomes[$0.token] != .notSent }
            return waiting.isEmpty
        }
    }

    func waitForReady(_ count: Int, in queue: String) async throws {
        try await eventually("\(count) ready messages in \(queue)") {
            do {
                return try await inspect(queue: queue)?.ready == count
            } catch let error as BrokerError where error.code == .disconnected {
                return false  // It was cut a moment ago and is on its way back.
            }
        }
    }
}
