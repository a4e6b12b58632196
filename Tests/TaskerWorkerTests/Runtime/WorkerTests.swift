import Dispatch
import Logging
import ServiceLifecycle
import TaskerMessaging
import TaskerProtocol
import Testing

@testable import TaskerWorker

/// A worker against real brokers: what an orchestrator sees of it.
@Suite(.timeLimit(.minutes(2))) struct WorkerTests {
    func handlers(_ name: String = "Echo", _ body: @escaping @Sendable (StepContext) async throws -> StepResult)
        -> HandlerRegistry
    {
        var registry = HandlerRegistry()
        registry.register(name, version: "1.2.0", body)
        return registry
    }

    @Test(arguments: Backend.available)
    func runsStepsAndAnnouncesItself(backend: Backend) async throws {
        let world = try World(backend)
        let step = makeStep(1, context: ["a": 1])
        try await withWorker(world, handlers { .success(["got": $0.input]) }) { peer, worker, _ in
            #expect(worker.isReady)
            await peer.send(step)
            try await eventually("a result") { !peer.seen.results.isEmpty }
            let result = try #require(peer.seen.results.first)
            #expect(result.status == .completed)
            #expect(result.result?.value == ["got": ["a": 1]])
            #expect(result.worker == worker.identity)
            let properties = try #require(peer.seen.resultProperties.first)
            #expect(properties.messageID == step.dispatchID.description)
            #expect(properties.correlationID == step.task.correlationID.description)
            #expect(properties.type == "tasker.step.result.v1")
            #expect(
                properties.headers["traceparent"] == .string("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
            let hello = try #require(peer.seen.announcements.first)
            #expect(hello.kind == .hello)
            #expect(hello.queues == ["fleet"])
            #expect(hello.namespaces == ["ecommerce"])
            #expect(hello.handlers == [.init(callable: "Echo", version: "1.2.0")])
            #expect(hello.slots == 2)
        }
    }

    @Test(arguments: Backend.available)
    func leavesNothingBehindAndSaysBye(backend: Backend) async throws {
        let world = try World(backend)
        let peer = try Peer(world)
        let worker = Worker(
            configuration: world.configuration, handlers: handlers { _ in .success() },
            broker: try world.makeBroker("worker"),
            logger: .quiet)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await peer.broker.run() }
            try await peer.start()
            for number in 1...200 { await peer.send(makeStep(UInt64(number))) }
            let running = Task { try await worker.run() }
            try await eventually("all results") { Set(peer.seen.results.map(\.dispatchID)).count == 200 }
            worker.shutDown(reason: "SIGTERM")
            try await running.value
            try await eventually("bye") { peer.seen.announcements.last?.kind == .bye }
            let bye = try #require(peer.seen.announcements.last)
            #expect((bye.processedTotal, bye.reason, bye.status) == (200, "SIGTERM", .draining))
            #expect(peer.seen.results.count == 200)
            // What was not acked would have come back with the worker's connection.
            try await eventually("no consumer") {
                try await peer.broker.inspect(queue: peer.names.steps("fleet")) == QueueFigures(ready: 0, consumers: 0)
            }
            await peer.broker.shutdown(timeout: .seconds(5))
            try await group.waitForAll()
        }
    }

    /// The connection ends between delivery and ack: the handler does not notice, runs once, and its result counts.
    @Test(arguments: Backend.available)
    func survivesTheLossOfItsConnectionWhileAHandlerRuns(backend: Backend) async throws {
        let world = try World(backend)
        let (gate, tally) = (Gate(), Tally())
        let step = makeStep(1)
        let handlers = handlers { context in
            tally.enter()
            await gate.pass()
            #expect(!context.isCancelled)
            return .success("done")
        }
        try await withWorker(world, handlers) { peer, worker, broker in
            await peer.send(step)
            try await eventually("a start") { tally.total == 1 }
            world.cut(broker)
            try await eventually("a detached heartbeat or a second hello") {
                peer.seen.announcements.filter { $0.kind == .hello }.count >= 2 && !peer.seen.heartbeats.isEmpty
            }
            gate.open()
            try await eventually("the result") { !peer.results(of: step).isEmpty }
            #expect(peer.results(of: step).allSatisfy { $0.status == .completed })
            // The redelivery was adopted and acked: a following step passes, nothing comes twice.
            await peer.send(makeStep(2))
            try await eventually("another result") { !peer.results(of: makeStep(2)).isEmpty }
            #expect(tally.total == 2)
            try await eventually("an empty queue") { try await peer.isFleetQueueEmpty() }
        }
        #expect(tally.total == 2)
    }

    @Test(arguments: Backend.available)
    func neverRunsARedeliveredMessage(backend: Backend) async throws {
        let world = try World(backend)
        let tally = Tally()
        let peer = try Peer(world)
        let thief = try world.makeBroker("thief")
        let step = makeStep(1)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await peer.broker.run() }
            group.addTask { try await thief.run() }
            try await peer.start()
            // Another worker took the message and died.
            let (deliveries, taken) = AsyncStream.makeStream(of: Int.self)
            _ = try await thief.consume(.named(peer.names.steps("fleet")), prefetch: 1) { event in
                if case .deliveries(let deliveries) = event { taken.yield(deliveries.count) }
            }
            await peer.send(step)
            for await _ in deliveries { break }
            await thief.shutdown(timeout: .seconds(1))

            let worker = Worker(
                configuration: world.configuration,
                handlers: handlers { _ in
                    tally.enter()
                    return .success()
                }, broker: try world.makeBroker("worker"), logger: .quiet)
            group.addTask { try await worker.run() }
            try await eventually("an answer") { !peer.seen.results.isEmpty }
            let answer = try #require(peer.seen.results.first)
            #expect(answer.status == .abandoned)
            #expect(answer.error?.errorType == "redelivered")
            #expect(answer.startedAt == nil)
            #expect(tally.total == 0)
            worker.shutDown()
            try await eventually("bye") { peer.seen.announcements.last?.kind == .bye }
            await peer.broker.shutdown(timeout: .seconds(5))
            try await group.waitForAll()
        }
    }

    @Test(arguments: Backend.available)
    func deliversAResultWhenItsQueueAppears(backend: Backend) async throws {
        let world = try World(backend)
        var timing = DeliveryTiming()
        timing.afterReturn = .milliseconds(50)
        let tally = Tally()
        let handlers = handlers { _ in
            tally.enter()
            return .success()
        }
        try await withWorker(world, handlers, timing: timing) { peer, _, _ in
            let lost = makeStep(1, replyTo: world.names.results(7))
            await peer.send(lost)
            // It holds up no other.
            for number in 2...20 { await peer.send(makeStep(UInt64(number))) }
            try await eventually("the others' results") { peer.seen.results.count == 19 }
            try await peer.broker.declare(Topology.results(partition: 7, names: world.names, type: .classic))
            try await eventually("the result in its queue") {
                try await peer.broker.inspect(queue: world.names.results(7))?.ready == 1
            }
            #expect(tally.total == 20)
        }
    }

    @Test(arguments: Backend.available)
    func deadLettersAndAnswersWhatItCannotRead(backend: Backend) async throws {
        let world = try World(backend)
        try await withWorker(world, handlers { _ in .success() }) { peer, _, _ in
            let id = makeStep(1).dispatchID.description
            let queue = peer.names.steps("fleet")
            let answerable = MessageProperties(messageID: id, replyTo: peer.names.results(0))
            #expect(await peer.publish(Array("{\"a\":".utf8), to: queue, properties: answerable) == .confirmed)
            #expect(await peer.publish([0xFF, 0xFE], to: queue) == .confirmed)
            let future = Array(#"{"protocol": "2.0", "kind": "step.execute"}"#.utf8)
            #expect(await peer.publish(future, to: queue, properties: answerable) == .confirmed)
            await peer.send(makeStep(2))
            try await eventually("three dead letters, three answers") {
                peer.seen.dead.count == 3 && peer.seen.results.count == 3
            }
            #expect(
                Set(peer.seen.dead.map(\.properties.headers["x-tasker-reason"])) == [
                    .string("invalid_message"), .string("unsupported_protocol"),
                ])
            #expect(peer.seen.dead.allSatisfy { $0.properties.headers["x-tasker-origin"] == .string(queue) })
            #expect(peer.seen.dead.contains { $0.body == Array("{\"a\":".utf8) })
            let refusals = peer.seen.results.filter { $0.status == .failed }
            #expect(refusals.map(\.error?.errorType) == ["invalid_message", "unsupported_protocol"])
            #expect(refusals.allSatisfy { $0.taskID == nil && $0.error?.isRetryable == false })
        }
    }

    @Test(arguments: Backend.available)
    func cancelsARunningStep(backend: Backend) async throws {
        let world = try World(backend)
        let tally = Tally()
        let handlers = handlers { _ in
            tally.enter()
            try await Task.sleep(for: .seconds(600))
            return .success()
        }
        try await withWorker(world, handlers) { peer, _, _ in
            let step = makeStep(1)
            await peer.send(step)
            try await eventually("a start") { tally.total == 1 }
            await peer.cancel(step)
            try await eventually("an answer") { !peer.seen.results.isEmpty }
            let error = peer.seen.results.first?.error
            #expect((error?.errorType, error?.isRetryable) == ("cancelled", false))
        }
    }

    @Test(arguments: Backend.available)
    func stopsAStepThatRunsTooLong(backend: Backend) async throws {
        let world = try World(backend)
        let handlers = handlers { _ in
            try await Task.sleep(for: .seconds(600))
            return .success()
        }
        try await withWorker(world, handlers) { peer, _, _ in
            await peer.send(makeStep(1, timeoutMilliseconds: 50))
            try await eventually("an answer") { !peer.seen.results.isEmpty }
            let error = peer.seen.results.first?.error
            #expect((error?.errorType, error?.isRetryable) == ("timeout", true))
        }
    }

    /// Ten handlers that hold their threads: every one of them, and the worker, is heard of.
    @Test(arguments: Backend.available)
    func busyHandlersDoNotStarveHeartbeatsNorEachOther(backend: Backend) async throws {
        let world = try World(backend)
        let (tally, blocker) = (Tally(), DispatchSemaphore(value: 0))
        @Sendable func block() { blocker.wait() }
        var timing = DeliveryTiming()
        timing.firstHeartbeat = .milliseconds(20)
        timing.announce = .milliseconds(50)
        let handlers = handlers { _ in
            tally.enter()
            block()
            return .success()
        }
        try await withWorker(world, handlers, timing: timing) {
            $0.slots = 10
        } _: { peer, _, _ in
            var limits = StepExecute.Limits()
            limits.heartbeatIntervalMilliseconds = 20
            for number in 1...10 { await peer.send(makeStep(UInt64(number), limits: limits)) }
            try await eventually("ten at a time") { tally.now == 10 }
            try await eventually("three heartbeats of each") {
                Dictionary(grouping: peer.seen.heartbeats, by: \.dispatchID).filter { $0.value.count >= 3 }.count == 10
            }
            try await eventually("the worker's own") {
                peer.seen.announcements.contains { $0.kind == .heartbeat && $0.running.count == 10 }
            }
            for _ in 1...10 { blocker.signal() }
            try await eventually("ten results") { peer.seen.results.count == 10 }
        }
    }

    @Test(arguments: Backend.available)
    func neverRunsMoreThanItsSlots(backend: Backend) async throws {
        let world = try World(backend)
        let tally = Tally()
        let handlers = handlers { _ in
            tally.enter()
            await Task.yield()
            tally.leave()
            return .success()
        }
        try await withWorker(world, handlers) {
            $0.slots = 3
        } _: { peer, _, _ in
            for number in 1...300 { await peer.send(makeStep(UInt64(number))) }
            try await eventually("all results") { peer.seen.results.count == 300 }
        }
        #expect(tally.most <= 3)
        #expect(tally.total == 300)
    }

    @Test(arguments: Backend.available)
    func acksALongStepEarlyAndRunsOn(backend: Backend) async throws {
        let world = try World(backend)
        let (gate, tally) = (Gate(), Tally())
        let handlers = handlers { _ in
            tally.enter()
            await gate.pass()
            return .success()
        }
        try await withWorker(world, handlers) { peer, worker, broker in
            var limits = StepExecute.Limits()
            limits.ackDeadlineMilliseconds = 50
            let step = makeStep(1, limits: limits)
            await peer.send(step)
            try await eventually("a detached heartbeat") { peer.seen.heartbeats.contains(where: \.isDetached) }
            // With its delivery acked the loss of the connection brings no second one.
            world.cut(broker)
            try await eventually("a second hello") { peer.seen.announcements.filter { $0.kind == .hello }.count >= 2 }
            gate.open()
            try await eventually("the result") { !peer.results(of: step).isEmpty }
            #expect(peer.results(of: step).allSatisfy { $0.status == .completed })
        }
        #expect(tally.total == 1)
    }

    @Test(arguments: Backend.available)
    func fetchesResultsThatDidNotFitTheMessage(backend: Backend) async throws {
        let world = try World(backend)
        let handlers = handlers {
            .success(["names": .array($0.dependencyNames.map { .string($0) }), "b": try $0.result(of: "b")])
        }
        try await withWorker(world, handlers) { peer, _, _ in
            let step = makeStep(1, omitted: .init(count: 3, bytes: 9_000_000))
            await peer.send(step)
            func answer(_ nth: Int, _ names: [String], next: String?) async throws {
                try await eventually("question \(nth)") { peer.seen.fetches.count >= nth }
                let question = peer.seen.fetches[nth - 1]
                let page = StepDependencies(
                    dispatchID: question.fetch.dispatchID,
                    dependencyResults: names.map { ($0, RawJSON(["status": "completed", "result": .string($0)])) },
                    next: next)
                #expect(await peer.publish(page.encoded(), to: question.replyTo) == .confirmed)
            }
            try await answer(1, ["a", "b"], next: "b")
            try await answer(2, ["c"], next: nil)
            try await eventually("the result") { !peer.results(of: step).isEmpty }
            #expect(peer.seen.fetches.map(\.fetch.after) == [nil, "b"])
            #expect(peer.seen.results.first?.result?.value == ["names": ["a", "b", "c"], "b": "b"])
        }
    }

    @Test(arguments: Backend.available)
    func announcesHandlersAddedLater(backend: Backend) async throws {
        let world = try World(backend)
        try await withWorker(world, handlers { _ in .success() }) { peer, worker, _ in
            await peer.send(makeStep(1, callable: "NamedHandler"))
            try await eventually("an answer") { peer.seen.results.first?.error?.errorType == "handler_not_found" }
            worker.register(NamedHandler())
            try await eventually("a hello with it") {
                peer.seen.announcements.contains {
                    $0.kind == .hello && $0.handlers.contains { $0.callable == "shop.named" }
                }
            }
            await peer.send(makeStep(2, callable: "NamedHandler"))
            try await eventually("a result") { peer.results(of: makeStep(2)).first?.status == .completed }
        }
    }

    @Test(arguments: Backend.available)
    func refusesAQueueDeclaredWithOtherArguments(backend: Backend) async throws {
        let world = try World(backend)
        let peer = try Peer(world)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await peer.broker.run() }
            try await peer.start()
            var configuration = world.configuration
            configuration.queueType = .quorum
            let worker = Worker(
                configuration: configuration, handlers: handlers { _ in .success() },
                broker: try world.makeBroker("worker"),
                logger: .quiet)
            let error = await #expect(throws: BrokerError.self) { try await worker.run() }
            #expect(error?.code == .preconditionFailed)
            await peer.broker.shutdown(timeout: .seconds(5))
            try await group.waitForAll()
        }
    }

    // MARK: Shutdown

    @Test(arguments: Backend.available)
    func aServiceGroupDrainsIt(backend: Backend) async throws {
        let world = try World(backend)
        let peer = try Peer(world)
        let (gate, tally) = (Gate(), Tally())
        let worker = Worker(
            configuration: world.configuration,
            handlers: handlers { _ in
                tally.enter()
                await gate.pass()
                return .success()
            }, broker: try world.makeBroker("worker"), logger: .quiet)
        let services = ServiceGroup(services: [worker], logger: .quiet)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await peer.broker.run() }
            try await peer.start()
            let running = Task { try await services.run() }
            await peer.send(makeStep(1))
            try await eventually("a start") { tally.total == 1 }
            await services.triggerGracefulShutdown()
            // It waits for the handler.
            gate.open()
            try? await running.value
            try await eventually("result and bye") {
                peer.results(of: makeStep(1)).first?.status == .completed && peer.seen.announcements.last?.kind == .bye
            }
            await peer.broker.shutdown(timeout: .seconds(5))
            try await group.waitForAll()
        }
    }

    @Test(arguments: Backend.available)
    func interruptsWhatOutlastsTheGracePeriod(backend: Backend) async throws {
        let world = try World(backend)
        let (gate, tally) = (Gate(), Tally())
        defer { gate.open() }
        let handlers = handlers { _ in
            tally.enter()
            // Deaf to its cancellation.
            await gate.pass()
            return .success("too late")
        }
        try await withWorker(world, handlers) {
            $0.grace = .milliseconds(50)
        } _: { peer, worker, _ in
            await peer.send(makeStep(1))
            try await eventually("a start") { tally.total == 1 }
            worker.shutDown(reason: "SIGTERM")
            try await eventually("the answer") {
                peer.results(of: makeStep(1)).first?.error?.errorType == "interrupted"
            }
        }
    }

    @Test func reportsResultsItCouldNotHandOver() async throws {
        let world = try World(.memory)
        let (gate, tally) = (Gate(), Tally())
        var timing = DeliveryTiming()
        timing.afterGrace = .milliseconds(50)
        let peer = try Peer(world)
        var configuration = world.configuration
        configuration.grace = .milliseconds(50)
        let worker = Worker(
            configuration: configuration,
            handlers: handlers { _ in
                tally.enter()
                await gate.pass()
                return .success()
            }, broker: try world.makeBroker("worker"), logger: .quiet, timing: timing)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await peer.broker.run() }
            try await peer.start()
            let running = Task { try await worker.run() }
            await peer.send(makeStep(1))
            try await eventually("a start") { tally.total == 1 }
            world.memory.stop()
            gate.open()
            worker.shutDown()
            await #expect(throws: WorkerError.unsentResults(1)) { try await running.value }
            await peer.broker.shutdown(timeout: .seconds(1))
            try await group.waitForAll()
        }
    }

    @Test func aCancelledWorkerEndsAtOnce() async throws {
        let world = try World(.memory)
        let worker = Worker(
            configuration: world.configuration, handlers: handlers { _ in .success() },
            broker: try world.makeBroker("worker"),
            logger: .quiet)
        let running = Task { try await worker.run() }
        running.cancel()
        await #expect(throws: CancellationError.self) { try await running.value }
    }

    @Test func aShutdownWithoutABrokerEndsAtOnce() async throws {
        let world = try World(.memory)
        world.memory.stop()
        let worker = Worker(
            configuration: world.configuration, handlers: handlers { _ in .success() },
            broker: try world.makeBroker("worker"),
            logger: .quiet)
        let running = Task { try await worker.run() }
        worker.shutDown()
        try await running.value
    }
}
