import Synchronization
import TaskerEngine
import TaskerProtocol

/// The twin of the real stores, for tests and trials: the same promises, nothing survives the process.
///
/// It keeps rows, not live tasks: what is loaded is built again from records, as from a database, so that a crash test on
/// it is an honest one. Several orchestrators of one process may share it; ``acquire(partition:owner:at:)`` fences.
public final class InMemoryStore: Store {
    private let rows = Mutex(InMemoryRows())

    public init() {}

    public func acquire(partition: Int, owner: String, at now: Timestamp) async throws -> OwnershipEpoch {
        try rows.withLock { try $0.acquire(partition: partition, owner: owner) }
    }

    public func commit(_ batch: CommitBatch, epoch: OwnershipEpoch) async throws {
        try rows.withLock { rows in
            try rows.check(batch, epoch)
            rows.apply(batch)
        }
    }

    public func task(_ id: TaskID, plans: any PlanSource) async throws -> StoredTask? {
        try await tasks([id], plans: plans).first
    }

    public func tasks(_ ids: [TaskID], plans: any PlanSource) async throws -> [StoredTask] {
        // Plans come from outside: not under the lock.
        let found = try rows.withLock { rows in
            try rows.open()
            return ids.compactMap { rows.snapshot(of: $0) }
        }
        return try found.map { try $0.build(plans) }
    }

    public func openSteps(after row: Int64, limit: Int) async throws -> [OpenStep] {
        try reading { $0.openSteps(after: row, limit: limit) }
    }

    public func tasksToWatch(all: Bool) async throws -> [TaskID] {
        try reading { rows in
            rows.unfinished.filter { id in
                all || rows.tasks[id].flatMap { rows.plans[$0.planHash] }?.hasLifecycle == true
            }.sorted()
        }
    }

    public func outbox(after id: Int64, limit: Int) async throws -> [StoredOutboxMessage] {
        try reading { rows in
            Array(rows.outbox.values.filter { $0.id > id }.sorted { $0.id < $1.id }.prefix(max(0, limit)))
        }
    }

    public func identity(_ identity: TaskIdentity) async throws -> (task: TaskID, requestHash: String)? {
        try reading { $0.identities[identity] }.map { ($0.task, $0.requestHash) }
    }

    public func list(_ filter: TaskFilter, page: Int, perPage: Int) async throws -> (tasks: [TaskSummary], total: Int) {
        let result = try reading { $0.list(filter, page: page, perPage: perPage) }
        return (result.tasks, result.total)
    }

    public func taskCounts() async throws -> [TaskState: Int] {
        try reading { rows in
            rows.tasks.values.reduce(into: [:]) { counts, row in counts[row.state, default: 0] += 1 }
        }
    }

    public func openTaskCounts() async throws -> [String: Int] {
        try reading { rows in
            rows.unfinished.reduce(into: [:]) { counts, id in
                guard let row = rows.tasks[id], let plan = rows.plans[row.planHash] else { return }
                counts[plan.namespace, default: 0] += 1
            }
        }
    }

    public func journal(of task: TaskID, after sequence: Int64, limit: Int) async throws -> [StoredJournalEntry] {
        try reading { rows in rows.journalPage(of: task, after: sequence, limit: limit) }
    }

    public func deadLetter(_ id: DeadLetterID) async throws -> StoredDeadLetter? {
        try reading { rows in rows.deadLetters.first { $0.id == id }.flatMap(rows.stored) }
    }

    public func newestDeadLetter(of task: TaskID) async throws -> StoredDeadLetter? {
        try reading { rows in rows.newestDeadLetters.first { $0.taskID == task }.flatMap(rows.stored) }
    }

    public func deadLetters(
        _ filter: DeadLetterFilter, limit: Int, offset: Int
    ) async throws -> [StoredDeadLetter] {
        try reading { $0.deadLetters(filter, limit: limit, offset: offset) }
    }

    public func deadLetterStatistics() async throws -> [DeadLetterStatistics] {
        try reading { $0.deadLetterStatistics }
    }

    public func templates() async throws -> [TemplateRevision] { try reading { $0.newestTemplates } }

    public func resolvedTemplate(hash: String) async throws -> RawJSON? { try reading { $0.plans[hash]?.canonical } }

    public func routingTable() async throws -> RoutingTable { try reading { $0.routing } }

    public func checkWritable() async throws { try reading { _ in } }

    public func close() async { rows.withLock { $0.isClosed = true } }

    func reading<Value: Sendable>(_ body: (borrowing InMemoryRows) throws -> Value) throws -> Value {
        try rows.withLock { rows in
            try rows.open()
            return try body(rows)
        }
    }

    func writing<Value: Sendable>(_ body: (inout InMemoryRows) throws -> Value) throws -> Value {
        try rows.withLock { rows in
            try rows.open()
            return try body(&rows)
        }
    }
}
