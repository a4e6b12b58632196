import TaskerEngine
import TaskerProtocol
import TaskerStore

extension CommitWriter {
    func insertStep(_ step: Step, task: Int64) throws {
        let row = try stepRow(task: task, place: step.place)
        let data = try insertData(of: step)
        try sql.insertStep.run {
            $0.add(row)
            $0.add(step.id)
            $0.add(step.name)
            $0.add(step.createdAt)
            $0.add(step.node)
            $0.add(step.batchItem)
            StepColumns.bind(step, to: &$0)
            $0.add(data)
        }
    }

    /// Most changes find a step without payloads, and bring one at its end: an update, and a row at the end of
    /// `step_data`. Nothing is read for that.
    func writeStep(_ step: Step, task: Int64) throws {
        let row = try stepRow(task: task, place: step.place)
        let isNew = step.hasData
        let data = isNew ? try withCounters { $0.data + 1 } : nil
        try sql.updateStep.run {
            StepColumns.bind(step, to: &$0)
            $0.add(data)
            $0.add(row)
        }
        if sql.updateStep.changes == 0 { return try rewriteStep(step, task: task, row: row) }
        if isNew { try insertData(of: step) }
    }

    /// A step that has payloads already, or has no row yet.
    private func rewriteStep(_ step: Step, task: Int64, row: Int64) throws {
        let found = try sql.findStepData.first({ $0.add(row) }, { $0.optionalInt64() })
        guard let found else { return try insertStep(step, task: task) }
        let data = try required(found, "payload of a step")
        if step.hasData {
            try updateData(data, of: step)
        } else {
            try sql.deleteData.run { $0.add(data) }
        }
        try sql.replaceStep.run {
            StepColumns.bind(step, to: &$0)
            $0.add(step.hasData ? data : nil)
            $0.add(row)
        }
    }

    @discardableResult
    private func insertData(of step: Step) throws -> Int64? {
        guard step.hasData else { return nil }
        let id = try withCounters { counters in
            counters.data += 1
            return counters.data
        }
        try sql.insertData.run {
            $0.add(id)
            $0.add(step.envelope)
            $0.add(step.lastError)
            $0.add(step.checkpoint)
        }
        return id
    }

    /// Comparing is cheaper than writing a checkpoint again with every change of its step.
    private func updateData(_ id: Int64, of step: Step) throws {
        let isSame = try sql.readData.first({ $0.add(id) }) { row in
            // All three are read: columns are in order.
            let envelope = row.blobEquals(step.envelope)
            let lastError = row.blobEquals(step.lastError)
            let checkpoint = row.blobEquals(step.checkpoint)
            return envelope && lastError && checkpoint
        }
        if isSame == true { return }
        try sql.updateData.run {
            $0.add(step.envelope)
            $0.add(step.lastError)
            $0.add(step.checkpoint)
            $0.add(id)
        }
    }

    private func stepRow(task: Int64, place: Int) throws -> Int64 {
        guard place < 1 << Schema.placeBits else {
            throw StoreError(
                .unexpected, "A task has more than \(1 << Schema.placeBits) steps",
                remedy: "Split the work into several tasks.")
        }
        return task << Schema.placeBits | Int64(place)
    }
}

extension Step {
    fileprivate var hasData: Bool { envelope != nil || lastError != nil || checkpoint != nil }
}

extension RowReader {
    fileprivate mutating func blobEquals(_ value: RawJSON?) -> Bool {
        let same = withBlob { stored in
            value?.bytes.withUnsafeBytes { stored.elementsEqual($0) } ?? false
        }
        return same ?? (value == nil)
    }
}
