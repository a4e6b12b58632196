import TaskerEngine
import TaskerProtocol

extension InMemoryRows {
    /// A task's rows, to build it outside the lock.
    struct TaskSnapshot: Sendable {
        var row: InMemoryTaskRow
        var canonical: RawJSON?
        var deadLetter: DeadLetterEntry?

        func build(_ plans: any PlanSource) throws -> StoredTask {
            let plan = try plans.plan(hash: row.planHash) {
                guard let canonical else { throw StoreError.planMissing(row.planHash) }
                return canonical
            }
            let task = WorkflowTask(
                header: row.header, plan: plan, state: row.state, revision: row.revision, updatedAt: row.updatedAt,
                completedAt: row.completedAt, deadLetter: deadLetter, records: row.steps)
            return StoredTask(task: task, planHash: row.planHash)
        }
    }

    func snapshot(of id: TaskID) -> TaskSnapshot? {
        guard let row = tasks[id] else { return nil }
        return TaskSnapshot(
            row: row, canonical: plans[row.planHash]?.canonical,
            deadLetter: deadLetters.first { $0.taskID == id && $0.resolution == .pending })
    }

    func openSteps(after row: Int64, limit: Int) -> [OpenStep] {
        var found: [OpenStep] = []
        for task in unfinished.compactMap({ tasks[$0] }).sorted(by: { $0.number < $1.number }) {
            guard let plan = plans[task.planHash] else { continue }
            for step in task.steps where step.isOpen && task.row(of: step.place) > row {
                if found.count >= limit { return found }
                found.append(
                    OpenStep(
                        record: step, row: task.row(of: step.place), taskID: task.header.id,
                        namespace: plan.namespace, callable: plan.callables[step.node]))
            }
        }
        return found
    }

    func journalPage(of task: TaskID, after sequence: Int64, limit: Int) -> [StoredJournalEntry] {
        let rest = (journal[task] ?? []).drop { $0.sequence <= sequence }
        guard limit > 0, rest.count > limit, let last = rest.dropFirst(limit - 1).first?.sequence else {
            return limit > 0 ? Array(rest) : []
        }
        // Never half a commit: its entries share one sequence.
        return Array(rest.prefix { $0.sequence <= last })
    }

    var newestTemplates: [TemplateRevision] {
        var newest: [[String]: TemplateRevision] = [:]
        for revision in templates {
            let key = [revision.namespace, revision.name, revision.version]
            if revision.revision > newest[key]?.revision ?? .min { newest[key] = revision }
        }
        return newest.values.sorted {
            ($0.namespace, $0.name, $0.version) < ($1.namespace, $1.name, $1.version)
        }
    }

    // MARK: - Lists

    func list(_ filter: TaskFilter, page: Int, perPage: Int) -> TaskPage {
        let matching = tasks.values.filter { matches($0, filter) }.sorted { before($0, $1, filter.order) }
        let start = max(0, page - 1) * max(0, perPage)
        let slice = matching.dropFirst(start).prefix(max(0, perPage))
        return TaskPage(tasks: slice.compactMap(summary), total: matching.count)
    }

    func list(_ filter: TaskFilter, after position: TaskPosition?, limit: Int) -> [TaskSummary] {
        var matching = tasks.values.filter { matches($0, filter) }.sorted { before($0, $1, filter.order) }
        if let position, let place = tasks[position.task] {
            matching = matching.filter { before(place, $0, filter.order) }
        }
        return matching.prefix(max(0, limit)).compactMap(summary)
    }

    private func matches(_ row: InMemoryTaskRow, _ filter: TaskFilter) -> Bool {
        guard let plan = plans[row.planHash] else { return false }
        return (filter.namespace == nil || plan.namespace == filter.namespace)
            && (filter.name == nil || plan.name == filter.name)
            && (filter.version == nil || plan.version == filter.version)
            && (filter.states.isEmpty || filter.states.contains(row.state))
            && (filter.initiator == nil || row.header.initiator == filter.initiator)
            && (filter.sourceSystem == nil || row.header.sourceSystem == filter.sourceSystem)
            && (filter.correlationID == nil || row.header.correlationID == filter.correlationID)
            && (filter.tag.map { row.header.tags.contains($0) } ?? true)
            && (filter.createdAfter.map { row.header.createdAt >= $0 } ?? true)
            && (filter.createdBefore.map { row.header.createdAt < $0 } ?? true)
    }

    private func before(_ left: InMemoryTaskRow, _ right: InMemoryTaskRow, _ order: TaskFilter.Order) -> Bool {
        let (a, b) = (left.header, right.header)
        switch order {
        case .newestFirst: return (a.createdAt, left.number) > (b.createdAt, right.number)
        case .oldestFirst: return (a.createdAt, left.number) < (b.createdAt, right.number)
        case .priority: return (a.priority, a.createdAt, left.number) > (b.priority, b.createdAt, right.number)
        case .recentlyUpdated: return (left.updatedAt, left.number) > (right.updatedAt, right.number)
        }
    }

    private func summary(_ row: InMemoryTaskRow) -> TaskSummary? {
        guard let plan = plans[row.planHash] else { return nil }
        let counts = zip(StepState.allCases, row.stepCounts).filter { $0.1 > 0 }
        return TaskSummary(
            header: row.header, namespace: plan.namespace, name: plan.name, version: plan.version, state: row.state,
            revision: row.revision, updatedAt: row.updatedAt, completedAt: row.completedAt, planHash: row.planHash,
            stepCounts: Dictionary(uniqueKeysWithValues: counts), heldSteps: row.heldSteps)
    }
}

struct TaskPage: Sendable {
    var tasks: [TaskSummary]
    var total: Int
}

extension TemplateRevision {
    func isSameRevision(as other: TemplateRevision) -> Bool {
        (namespace, name, version) == (other.namespace, other.name, other.version) && revision == other.revision
    }
}
