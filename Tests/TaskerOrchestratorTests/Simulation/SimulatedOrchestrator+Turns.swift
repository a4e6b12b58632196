import TaskerMessaging
import TaskerProtocol
import TaskerStore

@testable import TaskerOrchestrator

extension SimulatedOrchestrator {
    /// One round of the coordinator on some of what has arrived.
    func turn() async throws {
        needsTurn = false
        guard let process else { return }
        let count =
            process.inbox.count > 1 && random.chance(25) ? random.int(1...process.inbox.count) : process.inbox.count
        let batch = process.inbox.prefix(count)
        process.inbox.removeFirst(count)
        if !process.inbox.isEmpty { wake() }
        world.trace.note("turn with \(batch.map { $0.about.text })")
        world.observe()
        world.ledger.begins(at: world.trueTime, inputs: batch.map(\.about))
        var inputs = batch.map(\.input)
        let time = process.clocks.time(wall: now, steady: .microseconds(world.clock.now))
        if let jump = process.clocks.takeJump() {
            inputs.insert(.clockJumped(by: jump), at: 0)
            world.ledger.mayBeginSilence(at: world.trueTime)
        }
        do {
            try await process.coordinator.process(inputs, at: time)
        } catch let error as StoreError where error.code == .fenced && process.crash.hasCrashed {
            // Ends below.
        }
        world.ledger.ends(wasCommitted: process.coordinator.deferredUntil == nil)
        handOn(process)
        if process.crash.hasCrashed { return end() }
        inspect(process)
        checkBounds(process)
        scheduleWake(process, at: time, hadInput: !batch.isEmpty)
    }

    private func scheduleWake(_ process: Process, at time: Timestamp, hadInput: Bool) {
        guard let due = process.coordinator.nextWake else { return }
        let wait = due.millisecondsSince(time) * 1000
        if wait <= 0, !hadInput {
            isStuckTurning += 1
            if isStuckTurning > 200 {
                world.ledger.fail("the orchestrator spins: it wants to be called at once, for ever")
            }
        } else {
            isStuckTurning = 0
        }
        wake(at: world.clock.now + max(wait, 300))
    }

    /// What the process has written goes on its way.
    private func handOn(_ process: Process) {
        let (commands, refused) = process.link.takeCommands()
        for token in refused { push(.published([PublishResult(token: token, outcome: .notSent)]), .other) }
        for command in commands {
            switch command {
            case .publish(let message):
                guard let connection = process.publishing, connection.isKnownToClient else { continue }
                process.tokens.insert(message.token)
                world.broker.publish(message, about: .orchestrator(message), on: connection)
            case .acknowledge(let tag):
                guard let connection = process.consuming, UInt64(connection.number) == tag.epoch else { continue }
                world.broker.write(connection) { self.world.broker.acknowledge(connection, tag.tag) }
            case .declare(let queue):
                // It takes a way of its own: the message may be there before its queue.
                if random.chance(20) {
                    during(random.microseconds(0...300_000)) { self.declare(queue, $0) }
                } else {
                    declare(queue, process)
                }
            }
        }
    }

    private func declare(_ queue: String, _ process: Process) {
        guard let connection = process.publishing, connection.isKnownToClient else {
            // A declaration waits for a connection.
            return during(100 * millisecond) { self.declare(queue, $0) }
        }
        let name = settings.names.steps(queue)
        world.broker.write(connection) {
            self.world.broker.declare(name)
            self.world.broker.tell(connection) { self.push(.queueFault(queue: queue, nil), .other) }
        }
    }

    /// Asks for the figures of queues, as the lost-dispatch check wants them.
    private func inspect(_ process: Process) {
        let queues = process.coordinator.takeQueuesToInspect().sorted()
        guard !queues.isEmpty, let connection = process.publishing, connection.isKnownToClient else { return }
        world.broker.write(connection) {
            var figures: [String: QueueFigures] = [:]
            for queue in queues {
                let ready = self.world.broker.queues[self.settings.names.steps(queue)]?.messages.count ?? 0
                figures[queue] = QueueFigures(ready: ready, consumers: 0)
            }
            self.world.broker.tell(connection) { self.push(.inspected(figures), .other) }
        }
    }

    /// 9: memory is bounded by configuration.
    private func checkBounds(_ process: Process) {
        let coordinator = process.coordinator
        if coordinator.changes.isEmpty, coordinator.cache.count > settings.taskCacheLimit {
            world.ledger.fail(
                "invariant 9: \(coordinator.cache.count) tasks in memory, \(settings.taskCacheLimit) are allowed")
        }
        if coordinator.dispatchesInFlight > settings.publishWindow {
            world.ledger.fail(
                "invariant 9: \(coordinator.dispatchesInFlight) publishes under way, \(settings.publishWindow) are allowed"
            )
        }
        if !coordinator.afterCommit.isEmpty, coordinator.deferredUntil == nil {
            world.ledger.fail("something that may leave was not let go")
        }
    }
}
