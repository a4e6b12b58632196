import TaskerEngine
import TaskerProtocol
import TaskerStore
import TaskerTemplates

extension CommitWriter {
    func write(_ change: TaskChange, at now: Timestamp) throws {
        let task = change.task
        let row: Int64
        if let birth = change.birth {
            row = try insert(task, birth)
            for step in task.steps { try insertStep(step, task: row) }
        } else {
            row = try update(task)
            let added = change.addedFrom ?? task.steps.count
            for place in change.changedSteps where place < added { try writeStep(task.steps[place], task: row) }
            for place in added..<task.steps.count { try insertStep(task.steps[place], task: row) }
        }
        if !change.journal.isEmpty { try write(change.journal, task: row, at: now) }
        for change in change.deadLetters { try write(change, task: row) }
    }

    func withCounters<Value>(_ body: (inout Counters) -> Value) throws -> Value {
        if var known = counters {
            counters = nil
            defer { counters = known }
            return body(&known)
        }
        var read = Counters(
            task: try sql.lastTask.first({ _ in }, { $0.int64() }) ?? 0,
            data: try sql.lastData.first({ _ in }, { $0.int64() }) ?? 0,
            sequence: try sql.lastSequence.first({ _ in }, { $0.int64() }) ?? 0)
        defer { counters = read }
        return body(&read)
    }

    // MARK: - Tasks

    private func insert(_ task: WorkflowTask, _ birth: TaskBirth) throws -> Int64 {
        let header = task.header
        let plan = try planRow(task.plan)
        let row = try withCounters { counters in
            counters.task += 1
            return counters.task
        }
        do {
            try sql.insertTask.run {
                $0.add(row)
                $0.add(header.id)
                $0.add(plan)
                $0.add(header.createdAt)
                $0.add(header.requestedAt)
                $0.add(header.priority)
                $0.add(birth.partition)
                $0.add(header.correlationID)
                $0.add(header.initiator)
                $0.add(header.sourceSystem)
                $0.add(task.state.code)
                bindChanging(task, to: &$0)
            }
        } catch let failure as SQLiteFailure where failure.isConstraint {
            throw StoreError.taskExists(header.id)
        }
        try sql.insertDetails.run {
            $0.add(row)
            $0.add(header.context)
            $0.add(header.options)
            $0.add(header.reason)
            if header.tags.isEmpty { $0.addNull() } else { $0.add(JSONText.array(header.tags)) }
            $0.add(header.parentCorrelationID)
            $0.add(header.environment)
            $0.add(header.traceParent)
            $0.add(header.traceState)
        }
        for tag in header.tags {
            try sql.insertTag.run {
                $0.add(tag)
                $0.add(row)
            }
        }
        if let identity = birth.identity { try insert(identity, task: row, requestHash: birth.requestHash) }
        tasks[header.id] = KnownTask(row: row, state: task.state.code)
        return row
    }

    private func insert(_ identity: TaskIdentity, task row: Int64, requestHash: String) throws {
        do {
            try sql.insertIdentity.run {
                $0.add(identity.namespace)
                $0.add(identity.name)
                $0.add(identity.key)
                $0.add(row)
                $0.add(requestHash)
            }
        } catch let failure as SQLiteFailure where failure.isConstraint {
            throw StoreError.identityTaken(identity)
        }
    }

    /// The task's own row is small and written with every change: its revision and counts grow with each step.
    private func update(_ task: WorkflowTask) throws -> Int64 {
        let known = try tasks[task.id] ?? findTask(task.id)
        let state = task.state.code
        if known.state == state {
            try sql.updateTaskInState.run {
                bindChanging(task, to: &$0)
                $0.add(known.row)
            }
        } else {
            try sql.updateTask.run {
                $0.add(state)
                bindChanging(task, to: &$0)
                $0.add(known.row)
            }
        }
        tasks[task.id] = KnownTask(row: known.row, state: state)
        return known.row
    }

    private func findTask(_ id: TaskID) throws -> KnownTask {
        let found = try sql.findTask.first({ $0.add(id) }, { KnownTask(row: $0.int64(), state: $0.int64()) })
        guard let found else { throw StoreError.taskUnknown(id) }
        return found
    }

    private func bindChanging(_ task: WorkflowTask, to row: inout Binder) {
        row.add(task.revision)
        row.add(task.updatedAt)
        row.add(task.completedAt)
        row.add(blob: StepCounts.encode(task.stepCounts))
        row.add(task.heldStepCount)
    }

    /// The plan's row; its JSON is written once per hash.
    private func planRow(_ plan: WorkflowPlan) throws -> Int64 {
        if let known = plans[plan.hash] { return known }
        if let found = try sql.findPlan.first({ $0.add(plan.hash) }, { $0.int64() }) {
            plans[plan.hash] = found
            return found
        }
        let template = plan.template
        let row = try sql.insertPlan.first({
            $0.add(plan.hash)
            $0.add(template.namespace)
            $0.add(template.name)
            $0.add(template.version)
            $0.add(RawJSON(template.canonicalJSON))
            $0.add(template.lifecycle != nil)
        }) { $0.int64() }
        let id = try required(row, "plan row")
        for (place, node) in plan.nodes.enumerated() {
            try sql.insertPlanStep.run {
                $0.add(id)
                $0.add(place)
                $0.add(node.template.handler.callable)
            }
        }
        plans[plan.hash] = id
        return id
    }

    // MARK: - History

    /// - Parameter row: 0 for notices.
    func write(_ entries: [JournalEntry], task row: Int64, at now: Timestamp) throws {
        let sequence = try withCounters { counters in
            counters.sequence += 1
            return counters.sequence
        }
        var writer = JSONWriter(reserving: 192 * entries.count)
        writer.beginArray()
        for entry in entries { entry.write(to: &writer) }
        writer.endArray()
        let text = writer.finish()
        let events = nextEvent == nil ? 0 : entries.eventCount
        let event = events > 0 ? nextEvent : nil
        if let event { nextEvent = event + events }
        try sql.insertJournal.run {
            $0.add(sequence)
            $0.add(row)
            $0.add(now)
            $0.add(blob: text)
            $0.add(event)
        }
    }
}

/// Lists of strings as JSON.
enum JSONText {
    static func array(_ items: [String]) -> RawJSON {
        var writer = JSONWriter()
        writer.beginArray()
        for item in items { writer.value(item) }
        writer.endArray()
        return RawJSON(trusting: writer.finish())
    }
}
