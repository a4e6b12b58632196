import TaskerEngine
import TaskerProtocol
import TaskerStore

/// What may happen to a process at its store.
struct StoreGate: Sendable {
    /// False: the process has ended before this operation.
    var permits: @Sendable () -> Bool
    /// True: this commit is refused, as on a full disk.
    var refusesCommit: @Sendable () -> Bool
    /// True: this read of tasks is refused.
    var refusesRead: @Sendable () -> Bool
    /// Called with what was written before its writer hears of it.
    var committed: @Sendable (CommitBatch) -> Void = { _ in }
    /// Whether the process may also end between a commit and hearing of it, as an operation of its own.
    var endsBehindCommits = false
}

/// A store whose process may end before any of its operations, and that refuses some when it is told to.
struct GatedStore: Store {
    let inner: InMemoryStore
    let gate: StoreGate

    private func check() throws {
        // The coordinator ends itself on this one, as a process that is gone would.
        if !gate.permits() { throw StoreError(.fenced, "crashed") }
    }

    private func checkReading() throws {
        try check()
        if gate.refusesRead() { throw StoreError(.unavailable, "disk I/O error") }
    }

    func acquire(partition: Int, owner: String, at now: Timestamp) async throws -> OwnershipEpoch {
        try check()
        return try await inner.acquire(partition: partition, owner: owner, at: now)
    }
    func commit(_ batch: CommitBatch, epoch: OwnershipEpoch) async throws {
        try check()
        if gate.refusesCommit() { throw StoreError(.full, "no space left", remedy: "Free some space") }
        try await inner.commit(batch, epoch: epoch)
        gate.committed(batch)
        if gate.endsBehindCommits { try check() }
    }
    func task(_ id: TaskID, plans: any PlanSource) async throws -> StoredTask? {
        try check()
        return try await inner.task(id, plans: plans)
    }
    func tasks(_ ids: [TaskID], plans: any PlanSource) async throws -> [StoredTask] {
        try checkReading()
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
        try checkReading()
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
