import Synchronization
import TaskerEngine
import TaskerProtocol
import TaskerStore

@testable import TaskerOrchestrator

/// How a task ended, as far as it must not depend on what happened on the way.
struct SimulatedEnd: Equatable {
    var state: TaskState
    /// By step: state and result.
    var steps: [String: String] = [:]
    /// By step: what its last failure was. For people, as it may differ.
    var failures: [String: String] = [:]

    static func == (left: Self, right: Self) -> Bool { left.state == right.state && left.steps == right.steps }
}

extension SimulatedWorld {
    private func storedTasks() async throws -> [(key: String, task: WorkflowTask)] {
        let known = ledger.state.withLock { $0.tasksByKey }.sorted { $0.key < $1.key }
        var tasks: [(String, WorkflowTask)] = []
        for (key, id) in known {
            if let stored = try await orchestrator.store.task(id, plans: plans) {
                tasks.append((key, stored.task))
            }
        }
        return tasks
    }

    private static func rests(_ task: WorkflowTask) -> Bool {
        (task.state.isTerminal || task.state == .blockedByFailures) && task.steps.allSatisfy { $0.dispatch == nil }
    }

    /// Whether everybody has finished.
    func isDry() async throws -> Bool {
        guard let process = orchestrator.process, broker.isEmpty, process.inbox.isEmpty, process.tokens.isEmpty,
            process.coordinator.changes.isEmpty, process.coordinator.followUps.isEmpty,
            workers.allSatisfy({ $0.jobs.isEmpty })
        else { return false }
        let tasks = try await storedTasks()
        guard tasks.count == plan.tasks.count, tasks.allSatisfy({ Self.rests($0.task) }) else { return false }
        return try await orchestrator.store.outbox(after: 0, limit: 1).isEmpty
    }

    func unfinished() async throws -> String {
        var texts: [String] = []
        for (key, task) in try await storedTasks() where !Self.rests(task) {
            let open = task.steps.filter { $0.state.isInFlight || $0.hold != nil || $0.state == .waitingForRetry }
                .map { step in
                    "\(step.name) \(step.state.rawValue) attempt \(step.attempts) \(step.hold?.rawValue ?? "") \(step.dispatch.map { "\($0.id.short) \($0.publication.rawValue) seen \($0.wasSeen)" } ?? "no dispatch")"
                }
            texts.append("\(key) is \(task.state.rawValue): \(open.joined(separator: "; "))")
        }
        let missing = plan.tasks.count - ledger.state.withLock { $0.tasksByKey.count }
        if missing > 0 { texts.append("\(missing) task(s) were never made") }
        if !broker.isEmpty {
            for (name, queue) in broker.queues.sorted(by: { $0.key < $1.key }) where !queue.messages.isEmpty {
                texts.append("\(queue.messages.count) message(s) in \(name)")
            }
            let unacked = broker.connections.map { "\($0.client?.label ?? "?"): \($0.unacked.count)" }
            texts.append("unacked \(unacked.joined(separator: ", "))")
        }
        for worker in workers where !worker.jobs.isEmpty {
            texts.append(
                "\(worker.label) holds \(worker.jobs.values.map { "\($0.dispatch.short) \($0.phase)" }.sorted())")
        }
        if let process = orchestrator.process {
            texts.append(
                "inbox \(process.inbox.count), tokens \(process.tokens.count), changes \(process.coordinator.changes.count)"
            )
        }
        texts.append("outbox \(try await orchestrator.store.outbox(after: 0, limit: 100).count)")
        return texts.joined(separator: "\n    ")
    }

    /// When all is over.
    func checkEnd() async throws {
        guard let process = orchestrator.process else { throw SimulationFailure("the orchestrator is gone") }
        let coordinator = process.coordinator
        func require(_ condition: Bool, _ text: @autoclosure () -> String) throws {
            if !condition { throw SimulationFailure(text()) }
        }
        try require(
            coordinator.publishing.isEmpty, "invariant 9: \(coordinator.publishing.count) publishes are kept for ever")
        try require(coordinator.dispatchesInFlight == 0, "\(coordinator.dispatchesInFlight) publishes never came back")
        try require(coordinator.deferred.isEmpty && coordinator.staleTasks.isEmpty, "something is still put off")
        // What `fail_fast` holds keeps its state (engine contract, section 7.4): its retry waits for an operator.
        var held: Set<StepID> = []
        for (_, task) in try await storedTasks() {
            for set in task.batches where set.isHeldByFailure { held.formUnion(set.members.map { task.steps[$0].id }) }
        }
        let left = coordinator.open.filter { $0.value.state != .waitingForRetry || !held.contains($0.key) }
        try require(left.isEmpty, "\(left.count) steps count as open though all tasks rest")
        let kept = coordinator.remembered
        try require(kept.isEmpty, "all tasks rest, and remembered are for ever: \(kept)")
        let stored = try await orchestrator.store.openTaskCounts()
        let counted = coordinator.openTasks.filter { $0.value != 0 }
        try require(counted == stored, "tasks are miscounted: \(counted), the store has \(stored)")
        for client in clients { try require(client.told.count <= 1, "\(client.task.key) was made more than once") }
        for (key, task) in try await storedTasks() {
            if let id = clients.first(where: { $0.task.key == key })?.created {
                try require(id == task.id, "the caller of \(key) was told another task")
            }
            if task.state == .complete {
                try require(task.isAllSatisfied, "\(key) is complete although not all its steps are")
            }
        }
        try ledger.checkEnd()
        for body in garbage {
            // A queue may be purged or deleted before anybody sees what lies in it.
            let isLost = plan.faults.contains { fault in
                switch fault.kind {
                case .purgeResults, .purgeSteps, .deleteSteps, .restartBroker: true
                default: false
                }
            }
            try require(
                isLost || broker.dead[body] != nil,
                "invariant 10: \(String(decoding: body, as: UTF8.self)) was not dead-lettered")
        }
    }

    /// How the tasks ended, by their keys.
    func ends() async throws -> [String: SimulatedEnd] {
        var ends: [String: SimulatedEnd] = [:]
        for (key, task) in try await storedTasks() {
            var end = SimulatedEnd(state: task.state)
            for step in task.steps {
                let result = step.state == .complete ? step.envelope?.text ?? "" : ""
                end.steps[step.name] = "\(step.state.rawValue) \(result)"
                end.failures[step.name] = step.lastError?.text
                // Its own messages took its workers along: that is no accident.
                if !plan.sparesVictims, step.workerLosses >= plan.settings.engine.maxWorkerLosses {
                    end.steps["poisoned"] = step.name
                }
            }
            ends[key] = end
        }
        return ends
    }
}

extension Coordinator {
    /// What it keeps per task, step or message, by name; nothing when all tasks rest and all messages have arrived.
    fileprivate var remembered: [String: Int] {
        let kept: [(String, Int)] = [
            ("parked", parked.count), ("unroutable", unroutable.count), ("returned", unroutableDispatches.count),
            ("outbox", outboxWaiting.count), ("new outbox", newOutbox.count), ("done outbox", doneOutbox.count),
            ("held by route", count(heldByRoute.values)), ("held by quarantine", count(heldByQuarantine.values)),
            ("suspects", count(suspects.values)), ("changes", changes.count), ("order of changes", changeOrder.count),
            ("reports", followUps.reports.count), ("holds", followUps.holdsMayEnd.count),
            ("silence", followUps.silence.count), ("identities", pendingIdentities.count),
            ("silent timers", silentTimers.count), ("silent losses", silentLosses.count), ("markers", markers.count),
            ("stale", staleTasks.count),
        ]
        return Dictionary(uniqueKeysWithValues: kept.filter { $0.1 != 0 })
    }

    private func count(_ sets: some Collection<Set<some Hashable>>) -> Int { sets.reduce(0) { $0 + $1.count } }
}

extension SimulationLedger {
    func checkEnd() throws {
        try state.withLock { state in
            if let violation = state.violation { throw SimulationFailure(violation) }
            if let missing = state.expected.subtracting(state.arrived).map({
                "\($0.exchange) \($0.routingKey) \($0.body.text)"
            }).min() {
                throw SimulationFailure("a committed message never left: \(missing)")
            }
        }
    }
}
