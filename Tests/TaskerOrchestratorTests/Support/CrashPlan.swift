import Synchronization
import TaskerEngine
import TaskerMessaging
import TaskerProtocol
import TaskerStore

/// Counts the I/O operations of one orchestrator process and ends it before a chosen one.
final class CrashPlan: Sendable {
    private struct State {
        var operations = 0
        var hasCrashed = false
    }

    private let state = Mutex(State())
    private let limit: Int

    /// - Parameter limit: operations that still happen; nil: all of them.
    init(after limit: Int? = nil) { self.limit = limit ?? .max }

    /// Whether the next operation still happens.
    func permits() -> Bool {
        state.withLock { state in
            if state.hasCrashed || state.operations >= limit {
                state.hasCrashed = true
                return false
            }
            state.operations += 1
            return true
        }
    }

    var hasCrashed: Bool { state.withLock { $0.hasCrashed } }
    var operations: Int { state.withLock { $0.operations } }
}

/// Commits that a store refuses, as on a full disk: so many, from a given one on.
final class Refusal: Sendable {
    private let state: Mutex<(skip: Int, left: Int)>
    private let times: Int

    init(from position: Int, times: Int) {
        self.times = times
        state = Mutex((position, times))
    }

    /// Whether this commit is refused.
    func refuses() -> Bool {
        state.withLock { state in
            if state.skip > 0 {
                state.skip -= 1
                return false
            }
            guard state.left > 0 else { return false }
            state.left -= 1
            return true
        }
    }

    var wasUsed: Bool { state.withLock { $0.left < times } }
}

/// The refusal in force, for stores that outlive it.
final class RefusalBox: Sendable {
    let current = Mutex<Refusal?>(nil)
}

/// A store whose process may end before any of its operations.
struct CrashingStore: Store {
    let inner: any Store
    let plan: CrashPlan
    var refusal: @Sendable () -> Refusal? = { nil }
    var readRefusal: @Sendable () -> Refusal? = { nil }

    private func check() throws {
        // The coordinator ends itself on this one, as a process that is gone would.
        if !plan.permits() { throw StoreError(.fenced, "crashed") }
    }

    func acquire(partition: Int, owner: String, at now: Timestamp) async throws -> OwnershipEpoch {
        try check()
        return try await inner.acquire(partition: partition, owner: owner, at: now)
    }
    func commit(_ batch: CommitBatch, epoch: OwnershipEpoch) async throws {
        try check()
        if refusal()?.refuses() == true { throw StoreError(.full, "no space left", remedy: "Free some space") }
        try await inner.commit(batch, epoch: epoch)
    }
    func task(_ id: TaskID, plans: any PlanSource) async throws -> StoredTask? {
        try check()
        return try await inner.task(id, plans: plans)
    }
    func tasks(_ ids: [TaskID], plans: any PlanSource) async throws -> [StoredTask] {
        try check()
        if readRefusal()?.refuses() == true { throw StoreError(.unavailable, "disk I/O error") }
        return try await inner.tasks(ids, plans: plans)
    }
    func openSteps(after row: Int64, limit: Int) async throws -> [OpenStep] {
        try check()
        return try await inner.openSteps(after: row, limit: limit)
    }
    func tasksToWatch(all: Bool) async throws -> [TaskID] {
        try check()
        return try await inner.tasksToWatch(all: all)
    }
    func outbox(after id: Int64, limit: Int) async throws -> [StoredOutboxMessage] {
        try check()
        return try await inner.outbox(after: id, limit: limit)
    }
    func identity(_ identity: TaskIdentity) async throws -> (task: TaskID, requestHash: String)? {
        try check()
        return try await inner.identity(identity)
    }
    func list(_ filter: TaskFilter, page: Int, perPage: Int) async throws -> (tasks: [TaskSummary], total: Int) {
        try await inner.list(filter, page: page, perPage: perPage)
    }
    func taskCounts() async throws -> [TaskState: Int] { try await inner.taskCounts() }
    func openTaskCounts() async throws -> [String: Int] {
        try check()
        return try await inner.openTaskCounts()
    }
    func journal(of task: TaskID, after sequence: Int64, limit: Int) async throws -> [StoredJournalEntry] {
        try await inner.journal(of: task, after: sequence, limit: limit)
    }
    func list(_ filter: TaskFilter, after position: TaskPosition?, limit: Int) async throws -> [TaskSummary] {
        try await inner.list(filter, after: position, limit: limit)
    }
    func timings(since time: Timestamp, limit: Int) async throws -> [TaskTiming] {
        try await inner.timings(since: time, limit: limit)
    }
    func events(after number: Int64, limit: Int) async throws -> [LifecycleEvent] {
        try await inner.events(after: number, limit: limit)
    }
    func eventRange() async throws -> (first: Int64, last: Int64) {
        try check()
        return try await inner.eventRange()
    }
    func firstEvent(since time: Timestamp, after number: Int64) async throws -> Int64? {
        try await inner.firstEvent(since: time, after: number)
    }
    func deadLetter(_ id: DeadLetterID) async throws -> StoredDeadLetter? { try await inner.deadLetter(id) }
    func newestDeadLetter(of task: TaskID) async throws -> StoredDeadLetter? {
        try await inner.newestDeadLetter(of: task)
    }
    func deadLetters(_ filter: DeadLetterFilter, limit: Int, offset: Int) async throws -> [StoredDeadLetter] {
        try await inner.deadLetters(filter, limit: limit, offset: offset)
    }
    func deadLetterStatistics() async throws -> [DeadLetterStatistics] { try await inner.deadLetterStatistics() }
    func templates() async throws -> [TemplateRevision] {
        try check()
        return try await inner.templates()
    }
    func resolvedTemplate(hash: String) async throws -> RawJSON? { try await inner.resolvedTemplate(hash: hash) }
    func routingTable() async throws -> RoutingTable {
        try check()
        return try await inner.routingTable()
    }
    func signingKey() async throws -> [UInt8] { try await inner.signingKey() }
    func claimReplay(
        _ key: String, requestHash: String, at now: Timestamp, keeping retention: ReplayRetention
    ) async throws -> ReplayClaim {
        try await inner.claimReplay(key, requestHash: requestHash, at: now, keeping: retention)
    }
    func recordReplay(_ key: String, requestHash: String, _ answer: RecordedAnswer) async throws {
        try await inner.recordReplay(key, requestHash: requestHash, answer)
    }
    func releaseReplay(_ key: String, requestHash: String) async throws {
        try await inner.releaseReplay(key, requestHash: requestHash)
    }
    func checkWritable() async throws { try await inner.checkWritable() }
    func close() async {}
}

/// A broker connection whose process may end between any two messages it writes.
struct CrashingBroker: Broker {
    let inner: InMemoryBroker
    let plan: CrashPlan

    func run() async throws { try await inner.run() }
    func stateChanges() -> AsyncStream<BrokerState> { inner.stateChanges() }
    func declare(_ topology: [TopologyItem]) async throws { try await inner.declare(topology) }
    func publish(_ messages: [OutgoingMessage], completion: @escaping @Sendable ([PublishResult]) -> Void) {
        for message in messages where plan.permits() { inner.publish([message], completion: completion) }
    }
    func consume(
        _ queue: ConsumedQueue, prefetch: Int, handler: @escaping @Sendable (ConsumerEvent) -> Void
    ) async throws -> ConsumerID {
        try await inner.consume(queue, prefetch: prefetch, handler: handler)
    }
    func cancel(_ consumer: ConsumerID) async { await inner.cancel(consumer) }
    func acknowledge(_ deliveries: [DeliveryTag]) {
        for tag in deliveries where plan.permits() { inner.acknowledge([tag]) }
    }
    func inspect(queue: String) async throws -> QueueFigures? { try await inner.inspect(queue: queue) }
    func purge(queue: String) async throws { try await inner.purge(queue: queue) }
    func shutdown(timeout: Duration) async { await inner.shutdown(timeout: timeout) }
}
