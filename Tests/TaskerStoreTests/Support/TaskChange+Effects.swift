import TaskerEngine
import TaskerProtocol
import TaskerStore

extension TaskChange {
    /// What an event's effects mean for the store.
    init(_ task: WorkflowTask, _ effects: [Effect], birth: TaskBirth? = nil) {
        var places: Set<Int> = []
        var journal: [JournalEntry] = []
        var deadLetters: [DeadLetterChange] = []
        for effect in effects {
            switch effect {
            case .stepChanged(let place): places.insert(place)
            case .journal(let entry): journal.append(entry)
            case .deadLetter(let change): deadLetters.append(change)
            default: break
            }
        }
        self.init(
            task: task, birth: birth, taskChanged: birth != nil || effects.contains(.taskChanged),
            changedSteps: places.sorted(), journal: journal, deadLetters: deadLetters)
    }
}

extension CommitBatch {
    init(at now: Timestamp = noon, _ changes: [TaskChange]) {
        self.init(at: now)
        tasks = changes
    }
}

extension Store {
    func acquire() async throws -> OwnershipEpoch { try await acquire(partition: 0, owner: "test", at: noon) }

    /// Creates, starts and commits a task.
    @discardableResult
    func create(
        _ task: WorkflowTask, identity: TaskIdentity? = nil, epoch: OwnershipEpoch, started: Bool = true
    ) async throws -> WorkflowTask {
        var task = task
        var context = EngineContext.test(seed: task.id.uuid.low, at: task.header.createdAt)
        let effects = started ? task.apply(.start, in: &context) : []
        let birth = TaskBirth(identity: identity, requestHash: "hash of \(task.id)")
        try await commit(CommitBatch(at: context.now, [TaskChange(task, effects, birth: birth)]), epoch: epoch)
        return task
    }

    /// Applies one event and commits what it changed.
    func apply(
        _ event: Event, to task: inout WorkflowTask, at now: Timestamp = noon, epoch: OwnershipEpoch
    ) async throws {
        var context = EngineContext.test(seed: task.id.uuid.low ^ 99, at: now)
        let effects = task.apply(event, in: &context)
        try await commit(CommitBatch(at: now, [TaskChange(task, effects)]), epoch: epoch)
    }
}
