import TaskerMessaging
import TaskerProtocol
import Testing

@Suite("Broker: connections", .timeLimit(.minutes(10)))
struct ConnectionTests {
    @Test("States: the current one first, and each connection has a larger epoch", arguments: Implementation.available)
    func states(_ implementation: Implementation) async throws {
        try await Stage.run(implementation) { stage in
            let broker = try stage.makeBroker()
            var fromTheStart = broker.stateChanges().makeAsyncIterator()
            guard case .disconnected? = await fromTheStart.next() else {
                Issue.record("it is connected before it runs")
                return
            }
            try await running(broker) {
                var later = broker.stateChanges().makeAsyncIterator()
                guard case .connected(let first)? = await later.next() else {
                    Issue.record("not connected")
                    return
                }
                stage.cut(broker)
                var states: [BrokerState] = []
                while let state = await later.next() {
                    states.append(state)
                    if case .connected(let second) = state, second > first { break }
                }
                #expect(states.contains { if case .disconnected = $0 { true } else { false } })
            }
            // It ends with the broker.
            var last: BrokerState?
            while let state = await fromTheStart.next() { last = state }
            guard case .disconnected? = last else {
                Issue.record("the last state is \(String(describing: last))")
                return
            }
            var after = broker.stateChanges().makeAsyncIterator()
            guard case .disconnected? = await after.next() else {
                Issue.record("connected after its end")
                return
            }
            #expect(await after.next() == nil)
        }
    }

    @Test("What is asked before the connection is done when it is there", arguments: Implementation.available)
    func waitsForConnection(_ implementation: Implementation) async throws {
        try await Stage.run(implementation) { stage in
            let work = stage.name("work")
            let broker = try stage.makeBroker()
            let probe = ConsumerProbe()
            let asked = Task {
                try await broker.declare([.queue(name: work, arguments: ["x-queue-type": .string("classic")])])
                _ = try await broker.consume(.named(work), prefetch: 1, handler: probe.handler)
            }
            await #expect(throws: BrokerError.self) { try await broker.inspect(queue: work) }
            try await running(broker) {
                try await asked.value
                try await broker.publishConfirmed(["x"], to: work)
                try await probe.waitForDeliveries(1)
            }
        }
    }

    @Test("A caller that is cancelled stops waiting", arguments: Implementation.available)
    func cancelledCaller(_ implementation: Implementation) async throws {
        try await Stage.run(implementation) { stage in
            let broker = try stage.makeBroker()
            let asked = Task { try await broker.declare([.exchange(name: stage.name("e"), kind: .fanout)]) }
            asked.cancel()
            let error = await #expect(throws: BrokerError.self) { try await asked.value }
            #expect(error?.code == .cancelled)
            await broker.shutdown(timeout: .seconds(1))
            let late = await #expect(throws: BrokerError.self) {
                try await broker.declare([.exchange(name: stage.name("e"), kind: .fanout)])
            }
            #expect(late?.code == .cancelled)
            await broker.cancel(ConsumerID(1))
            broker.acknowledge([DeliveryTag(epoch: 1, consumer: ConsumerID(1), tag: 1)])
            try await broker.run()
        }
    }

    @Test("Cancelling run() ends it, and whoever waits is told", arguments: Implementation.available)
    func cancelledRun(_ implementation: Implementation) async throws {
        try await Stage.run(implementation) { stage in
            let broker = try stage.makeBroker()
            let run = Task { try await broker.run() }
            for await state in broker.stateChanges() {
                if case .connected = state { break }
            }
            run.cancel()
            try await run.value
            let error = await #expect(throws: BrokerError.self) {
                try await broker.declare([.exchange(name: stage.name("e"), kind: .fanout)])
            }
            #expect(error?.code == .cancelled)
        }
    }

    @Test(
        "An own queue on a fanout: every client gets a copy, also after a reconnect",
        arguments: Implementation.available)
    func ownQueues(_ implementation: Implementation) async throws {
        try await Stage.run(implementation) { stage in
            let control = stage.name("control")
            let notice = { (token: UInt64, text: String) in
                OutgoingMessage(
                    token: token, exchange: control, routingKey: "", isMandatory: false,
                    properties: MessageProperties(),
                    body: Array(text.utf8))
            }
            try await stage.withBroker("one") { one in
                try await one.declare([.exchange(name: control, kind: .fanout)])
                let first = ConsumerProbe()
                _ = try await one.consume(.ownExclusive(boundTo: control), prefetch: 1, handler: first.handler)
                let queue = try #require(first.starts.first?.queue)
                #expect(!queue.isEmpty)
                try await stage.withBroker("two") { two in
                    let second = ConsumerProbe()
                    let consumer = try await two.consume(
                        .ownExclusive(boundTo: control), prefetch: 1, handler: second.handler)
                    // More than the prefetch: nothing is acked.
                    for number in 1...3 {
                        #expect(
                            try await one.publishAndWait([notice(UInt64(number), "\(number)")]) == [
                                UInt64(number): .confirmed
                            ])
                    }
                    try await first.waitForDeliveries(3)
                    try await second.waitForDeliveries(3)
                    #expect(first.bodies == ["1", "2", "3"] && second.bodies == ["1", "2", "3"])

                    stage.cut(two)
                    try await second.waitForStarts(2)
                    #expect(second.starts[0].queue != second.starts[1].queue)
                    _ = try await one.publishAndWait([notice(4, "4")])
                    try await first.waitForDeliveries(4)
                    try await second.waitForDeliveries(4)
                    await two.cancel(consumer)
                    _ = try await one.publishAndWait([notice(5, "5")])
                    try await first.waitForDeliveries(5)
                    #expect(second.bodies == ["1", "2", "3", "4"])
                }
                stage.cut(one)
                try await first.waitForStarts(2)
                #expect(try await one.inspect(queue: queue) == nil)
            }
        }
    }

    @Test("Shutdown writes the acks first", arguments: Implementation.available, QueueType.allCases)
    func shutdownWritesAcks(_ implementation: Implementation, _ type: QueueType) async throws {
        try await Stage.run(implementation) { stage in
            let work = stage.name("work")
            try await stage.withBroker { broker in
                try await broker.declare([.queue(name: work, arguments: ["x-queue-type": .string(type.rawValue)])])
                try await broker.publishConfirmed((0..<500).map { "\($0)" }, to: work)
                let probe = ConsumerProbe()
                _ = try await broker.consume(.named(work), prefetch: 500, handler: probe.handler)
                try await probe.waitForDeliveries(500)
                broker.acknowledge(probe.deliveries.map(\.tag))
            }
            try await stage.withBroker { broker in
                let figures = try await broker.inspect(queue: work)
                #expect(figures?.ready == 0)
            }
        }
    }
}
