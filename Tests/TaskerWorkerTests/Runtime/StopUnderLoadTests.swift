import TaskerMessaging
import TaskerProtocol
import Testing

@testable import TaskerWorker

/// A quorum queue loses what is on its way to a consumer that is cancelled: it comes back as redelivered, and a step that
/// may not repeat is lost to nobody's fault.
@Suite(.timeLimit(.minutes(3))) struct StopUnderLoadTests {
    static let hasRabbitMQ = Backend.available.contains(.rabbitMQ)

    /// Workers that leave one after the other while steps keep coming: each step is answered by the one that had it first.
    @Test(.enabled(if: StopUnderLoadTests.hasRabbitMQ, "TASKER_TEST_AMQP_URL is not set"))
    func noDeliveryIsLostWhenAWorkerLeaves() async throws {
        let world = try World(.rabbitMQ)
        let peer = try Peer(world)
        var configuration = world.configuration
        configuration.queueType = .quorum
        configuration.slots = 8
        var handlers = HandlerRegistry()
        handlers.register("Echo") { _ in .success() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await peer.broker.run() }
            try await peer.start(.quorum)
            var sent: UInt64 = 0
            for round in 1...12 {
                // The load goes on while this round's worker leaves.
                for _ in 1...150 {
                    sent += 1
                    await peer.send(makeStep(sent))
                }
                let worker = Worker(
                    configuration: configuration, handlers: handlers, broker: try world.makeBroker("worker \(round)"),
                    logger: .quiet)
                let before = peer.seen.results.count
                let running = Task { try await worker.run() }
                try await eventually("results of worker \(round)") { peer.seen.results.count > before + 20 }
                worker.shutDown()
                try await running.value
            }
            let last = Worker(
                configuration: configuration, handlers: handlers, broker: try world.makeBroker("last worker"),
                logger: .quiet)
            let running = Task { try await last.run() }
            let all = Int(sent)
            try await eventually("an answer to every step") {
                Set(peer.seen.results.map(\.dispatchID)).count == all
            }
            last.shutDown()
            try await running.value
            let answers = peer.seen.results
            #expect(answers.count == all)
            #expect(!answers.contains { $0.error?.errorType == "redelivered" })
            await peer.broker.shutdown(timeout: .seconds(5))
            try await group.waitForAll()
        }
    }
}
