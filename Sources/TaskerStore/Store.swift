import TaskerEngine
import TaskerProtocol

/// Where tasks live. In the engine's terms, shaped for batches and for several orchestrators: one ``commit(_:epoch:)``
/// per batch of events is the only way in for tasks, and every commit is fenced by the epoch of its owner.
///
/// What the API remembers of its callers (idempotency keys, the key it signs with) is kept here as well, beside the
/// tasks and without a fence: it says what was answered and changes no task.
///
/// Implementations: ``InMemoryStore``, `SQLiteStore` (one orchestrator). One conformance suite runs against all.
public protocol Store: Sendable {
    /// Takes ownership of a partition: whoever owned it before can commit no more.
    /// - Throws: ``StoreError`` `unavailable`, `corrupt`, `tooNew` (written by a newer version), `locked`.
    func acquire(partition: Int, owner: String, at now: Timestamp) async throws -> OwnershipEpoch

    /// One transaction: all of the batch, durable when this returns, or nothing.
    /// - Throws: ``StoreError`` `fenced` when another owner has taken over, `identityTaken`, `full`, `unavailable`.
    func commit(_ batch: CommitBatch, epoch: OwnershipEpoch) async throws

    /// A task with all its steps, as of the last commit. `plans` gives plans by the hash of their resolved template.
    func task(_ id: TaskID, plans: any PlanSource) async throws -> StoredTask?

    /// Several at once; unknown ids are left out.
    func tasks(_ ids: [TaskID], plans: any PlanSource) async throws -> [StoredTask]

    /// Steps of unfinished tasks that something must happen to: in flight, waiting for a retry, or held. In the order of
    /// their rows, `limit` at a time; pass the last one's `row` as `after` for more.
    func openSteps(after row: Int64, limit: Int) async throws -> [OpenStep]

    /// Unfinished tasks whose template states limits for its lifecycle, or all unfinished ones.
    func tasksToWatch(all: Bool) async throws -> [TaskID]

    /// Outbox messages not yet marked done, oldest first.
    func outbox(after id: Int64, limit: Int) async throws -> [StoredOutboxMessage]

    /// The task that holds an identity, and the hash of the request that made it.
    func identity(_ identity: TaskIdentity) async throws -> (task: TaskID, requestHash: String)?

    /// One page of tasks, newest first unless the filter says otherwise, and the number of all that match.
    func list(_ filter: TaskFilter, page: Int, perPage: Int) async throws -> (tasks: [TaskSummary], total: Int)

    /// Tasks behind a position, in the filter's order, which must not be by update: that moves.
    func list(_ filter: TaskFilter, after position: TaskPosition?, limit: Int) async throws -> [TaskSummary]

    /// Times of the tasks created since then and of their steps, newest first.
    func timings(since time: Timestamp, limit: Int) async throws -> [TaskTiming]

    /// Tasks, by state.
    func taskCounts() async throws -> [TaskState: Int]

    /// Unfinished tasks (of no terminal state), by namespace.
    func openTaskCounts() async throws -> [String: Int]

    /// History of a task in commit order.
    func journal(of task: TaskID, after sequence: Int64, limit: Int) async throws -> [StoredJournalEntry]

    /// Events of the stream with higher numbers, ascending.
    func events(after number: Int64, limit: Int) async throws -> [LifecycleEvent]

    /// Numbers of the oldest and the newest event; 0 and 0 when there is none.
    func eventRange() async throws -> (first: Int64, last: Int64)

    /// The first event of a commit with a higher number that was made at that time or later.
    func firstEvent(since time: Timestamp, after number: Int64) async throws -> Int64?

    /// A dead-letter entry.
    func deadLetter(_ id: DeadLetterID) async throws -> StoredDeadLetter?

    /// The newest dead-letter entry of a task.
    func newestDeadLetter(of task: TaskID) async throws -> StoredDeadLetter?

    /// Entries in the filter's order.
    func deadLetters(_ filter: DeadLetterFilter, limit: Int, offset: Int) async throws -> [StoredDeadLetter]

    /// Figures of all entries, by reason; reasons without entries are left out.
    func deadLetterStatistics() async throws -> [DeadLetterStatistics]

    /// Every registered template, its newest revision.
    func templates() async throws -> [TemplateRevision]

    /// The canonical JSON of a resolved template that tasks were made from.
    func resolvedTemplate(hash: String) async throws -> RawJSON?

    /// What workers have announced and operators have set.
    func routingTable() async throws -> RoutingTable

    /// The secret that this store's orchestrators sign with: made at the first question, and the same ever after.
    func signingKey() async throws -> [UInt8]

    /// Takes an idempotency key for a request, durably, unless somebody has it. Of several at once one gets `taken`.
    /// Forgets what `retention` does not keep.
    func claimReplay(
        _ key: String, requestHash: String, at now: Timestamp, keeping retention: ReplayRetention
    ) async throws -> ReplayClaim

    /// Keeps the answer of the request that has the key. Without effect when it has it no more.
    func recordReplay(_ key: String, requestHash: String, _ answer: RecordedAnswer) async throws

    /// Gives the key back: its request did nothing. Without effect when it has it no more, or was answered.
    func releaseReplay(_ key: String, requestHash: String) async throws

    /// Takes a write lock and lets it go: whether a commit would work now.
    func checkWritable() async throws

    func close() async
}

/// Compiled plans, shared.
public protocol PlanSource: Sendable {
    /// - Parameter canonical: fetches the resolved template's canonical JSON when the plan is not at hand.
    func plan(hash: String, canonical: () throws -> RawJSON) throws -> WorkflowPlan
}

public struct OwnershipEpoch: Sendable, Hashable {
    public var partition: Int
    public var value: Int64

    public init(partition: Int, value: Int64) {
        self.partition = partition
        self.value = value
    }
}

public struct StoredTask: Sendable {
    public var task: WorkflowTask
    public var planHash: String
    /// The newest dead-letter entry is part of the task while it is pending.
    public init(task: WorkflowTask, planHash: String) {
        self.task = task
        self.planHash = planHash
    }
}

/// What makes two creations the same task (template contract, section 10). Unique within namespace and template.
public struct TaskIdentity: Sendable, Hashable {
    public var namespace: String
    public var name: String
    /// `key:<the caller's key>` or `strict:<hash of version and context>`.
    public var key: String

    public init(namespace: String, name: String, key: String) {
        self.namespace = namespace
        self.name = name
        self.key = key
    }
}
