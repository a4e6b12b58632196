import TaskerEngine
import TaskerProtocol

/// Everything that one batch of events changed. Committed as a whole.
public struct CommitBatch: Sendable {
    public var at: Timestamp
    public var tasks: [TaskChange] = []
    public var outbox: [OutboxMessage] = []
    /// Outbox messages that were delivered, or need not be any more.
    public var outboxDone: [Int64] = []
    public var templates: [TemplateRevision] = []
    /// The whole routing table when it changed.
    public var routing: RoutingTable?
    /// What happened beside the tasks, for the stream of events.
    public var notices: [JournalEntry] = []
    /// Number of the first event of this batch in the stream; nil keeps its events out of it.
    public var firstEvent: Int64?

    public init(at now: Timestamp) { at = now }

    public var isEmpty: Bool {
        tasks.isEmpty && outbox.isEmpty && outboxDone.isEmpty && templates.isEmpty && routing == nil
            && notices.isEmpty
    }
}

public struct TaskChange: Sendable {
    /// The task after the change.
    public var task: WorkflowTask
    public var birth: TaskBirth?
    /// Its own row changed; always so for a new one.
    public var taskChanged: Bool
    /// Places of steps whose rows changed, ascending. For a new task all steps are written.
    public var changedSteps: [Int]
    /// Rows from this place on are new; nil when none is.
    public var addedFrom: Int?
    /// In order.
    public var journal: [JournalEntry]
    /// In order.
    public var deadLetters: [DeadLetterChange]

    public init(
        task: WorkflowTask, birth: TaskBirth? = nil, taskChanged: Bool = true, changedSteps: [Int] = [],
        addedFrom: Int? = nil, journal: [JournalEntry] = [], deadLetters: [DeadLetterChange] = []
    ) {
        self.task = task
        self.birth = birth
        self.taskChanged = taskChanged
        self.changedSteps = changedSteps
        self.addedFrom = addedFrom
        self.journal = journal
        self.deadLetters = deadLetters
    }
}

/// What a new task brings besides itself.
public struct TaskBirth: Sendable {
    public var partition: Int
    public var identity: TaskIdentity?
    public var requestHash: String

    public init(partition: Int = 0, identity: TaskIdentity? = nil, requestHash: String = "") {
        self.partition = partition
        self.identity = identity
        self.requestHash = requestHash
    }
}

/// A message that must leave once committed and is no step message (those are part of their steps): cancel notices,
/// events, answers.
public struct OutboxMessage: Sendable, Hashable {
    /// Given by the orchestrator, ascending.
    public var id: Int64
    public var exchange: String
    public var routingKey: String
    public var type: String
    public var correlationID: String?
    /// nil: a fresh one each time it is published. Events have one of their own, by which copies are recognised.
    public var messageID: String?
    public var body: RawJSON
    /// Not worth keeping over a restart of the broker.
    public var isTransient: Bool

    public init(
        id: Int64, exchange: String, routingKey: String, type: String, correlationID: String?,
        messageID: String? = nil, body: RawJSON, isTransient: Bool
    ) {
        self.id = id
        self.exchange = exchange
        self.routingKey = routingKey
        self.type = type
        self.correlationID = correlationID
        self.messageID = messageID
        self.body = body
        self.isTransient = isTransient
    }
}

public typealias StoredOutboxMessage = OutboxMessage
