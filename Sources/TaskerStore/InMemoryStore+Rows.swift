import TaskerEngine
import TaskerProtocol
import TaskerTemplates

/// What ``InMemoryStore`` holds: the tables of a database, as dictionaries.
struct InMemoryRows {
    struct Owner {
        var epoch: Int64
        var name: String
    }

    struct Plan {
        var canonical: RawJSON
        var namespace: String
        var name: String
        var version: String
        var hasLifecycle: Bool
        /// By node.
        var callables: [String]
    }

    struct Identity: Sendable {
        var task: TaskID
        var requestHash: String
    }

    var owners: [Int: Owner] = [:]
    var tasks: [TaskID: InMemoryTaskRow] = [:]
    var unfinished: Set<TaskID> = []
    var lastTaskNumber: Int64 = 0
    var plans: [String: Plan] = [:]
    var identities: [TaskIdentity: Identity] = [:]
    var journal: [TaskID: [StoredJournalEntry]] = [:]
    var lastSequence: Int64 = 0
    /// The journal once more, in the order of its events.
    var eventRows: [InMemoryEventRow] = []
    /// In the order in which they were made.
    var deadLetters: [DeadLetterEntry] = []
    var outbox: [Int64: OutboxMessage] = [:]
    var templates: [TemplateRevision] = []
    var routing = RoutingTable()
    /// Oldest first.
    var replays: [InMemoryReplay] = []
    var signingKey: [UInt8]?
    var isClosed = false

    func open() throws {
        if isClosed {
            throw StoreError.closed
        }
    }

    mutating func acquire(partition: Int, owner: String) throws -> OwnershipEpoch {
        try open()
        let epoch = (owners[partition]?.epoch ?? 0) + 1
        owners[partition] = Owner(epoch: epoch, name: owner)
        return OwnershipEpoch(partition: partition, value: epoch)
    }

    /// Everything that can refuse a batch, before anything of it is applied.
    func check(_ batch: CommitBatch, _ epoch: OwnershipEpoch) throws {
        try open()
        guard let owner = owners[epoch.partition], owner.epoch == epoch.value else {
            throw StoreError.fenced(partition: epoch.partition, by: owners[epoch.partition]?.name)
        }
        var born: Set<TaskID> = []
        var taken: Set<TaskIdentity> = []
        for change in batch.tasks {
            let id = change.task.id
            if let birth = change.birth {
                guard tasks[id] == nil, born.insert(id).inserted else { throw StoreError.taskExists(id) }
                if let identity = birth.identity {
                    guard identities[identity] == nil, taken.insert(identity).inserted else {
                        throw StoreError.identityTaken(identity)
                    }
                }
            } else if tasks[id] == nil, !born.contains(id) {
                throw StoreError.taskUnknown(id)
            }
        }
    }

    mutating func apply(_ batch: CommitBatch) {
        var event = batch.firstEvent
        for change in batch.tasks {
            apply(change, at: batch.at)
            note(change.journal, of: change.task.id, at: batch.at, &event)
        }
        note(batch.notices, of: nil, at: batch.at, &event)
        for message in batch.outbox { outbox[message.id] = message }
        for id in batch.outboxDone { outbox[id] = nil }
        for revision in batch.templates {
            templates.removeAll { $0.isSameRevision(as: revision) }
            templates.append(revision)
        }
        if let routing = batch.routing { self.routing = routing }
    }

    private mutating func note(
        _ entries: [JournalEntry], of task: TaskID?, at now: Timestamp, _ event: inout Int64?
    ) {
        let count = entries.eventCount
        guard let first = event, count > 0 else { return }
        eventRows.append(InMemoryEventRow(first: first, at: now, taskID: task, entries: entries))
        event = first + count
    }

    private mutating func apply(_ change: TaskChange, at now: Timestamp) {
        let task = change.task
        if let birth = change.birth {
            lastTaskNumber += 1
            remember(task.plan)
            tasks[task.id] = InMemoryTaskRow(task, number: lastTaskNumber, partition: birth.partition)
            if let identity = birth.identity {
                identities[identity] = Identity(task: task.id, requestHash: birth.requestHash)
            }
        } else {
            let added = change.addedFrom ?? task.steps.count
            let changed = change.changedSteps.filter { $0 < added } + Array(added..<task.steps.count)
            tasks[task.id]?.update(from: task, places: changed)
        }
        if task.state.isTerminal { unfinished.remove(task.id) } else { unfinished.insert(task.id) }
        if !change.journal.isEmpty {
            lastSequence += 1
            journal[task.id, default: []].append(
                contentsOf: change.journal.map {
                    StoredJournalEntry(sequence: lastSequence, taskID: task.id, at: now, entry: $0)
                })
        }
        for change in change.deadLetters { apply(change) }
    }

    private mutating func apply(_ change: DeadLetterChange) {
        func place(of id: DeadLetterID) -> Int? { deadLetters.lastIndex { $0.id == id } }
        switch change {
        case .made(let entry): deadLetters.append(entry)
        case .failed(let id, _, let failure):
            if let place = place(of: id) { deadLetters[place].failures.append(failure) }
        case .changed(let entry):
            guard let place = place(of: entry.id) else { return }
            var entry = entry
            entry.failures = deadLetters[place].failures
            deadLetters[place] = entry
        }
    }

    private mutating func remember(_ plan: WorkflowPlan) {
        guard plans[plan.hash] == nil else { return }
        plans[plan.hash] = Plan(
            canonical: RawJSON(plan.template.canonicalJSON), namespace: plan.template.namespace,
            name: plan.template.name, version: plan.template.version,
            hasLifecycle: plan.template.lifecycle != nil,
            callables: plan.nodes.map(\.template.handler.callable))
    }
}

/// A task's row and those of its steps.
struct InMemoryTaskRow: Sendable {
    /// In the order of creation.
    let number: Int64
    let partition: Int
    let header: TaskHeader
    let planHash: String
    private(set) var state: TaskState
    private(set) var revision: Int64
    private(set) var updatedAt: Timestamp
    private(set) var completedAt: Timestamp?
    private(set) var stepCounts: [Int]
    private(set) var heldSteps: Int
    private(set) var steps: [StepRecord]

    init(_ task: WorkflowTask, number: Int64, partition: Int) {
        self.number = number
        self.partition = partition
        var header = task.header
        header.context = header.context.compacted()
        header.options = header.options?.compacted()
        self.header = header
        planHash = task.plan.hash
        state = task.state
        revision = task.revision
        updatedAt = task.updatedAt
        completedAt = task.completedAt
        stepCounts = task.stepCounts
        heldSteps = task.heldStepCount
        steps = task.steps.map(\.record.durable)
    }

    mutating func update(from task: WorkflowTask, places: [Int]) {
        state = task.state
        revision = task.revision
        updatedAt = task.updatedAt
        completedAt = task.completedAt
        stepCounts = task.stepCounts
        heldSteps = task.heldStepCount
        for place in places {
            let record = task.steps[place].record.durable
            if place < steps.count { steps[place] = record } else { steps.append(record) }
        }
    }

    func row(of place: Int) -> Int64 { number << 20 | Int64(place) }
}
