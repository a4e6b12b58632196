import TaskerEngine
import TaskerProtocol
import TaskerStore

/// Dead-letter entries. What a failure costs does not depend on how many there were before it.
extension CommitWriter {
    func write(_ change: DeadLetterChange, task row: Int64) throws {
        switch change {
        case .made(let entry):
            try sql.insertDeadLetter.run {
                $0.add(entry.id)
                $0.add(row)
                $0.add(entry.reason.rawValue)
                $0.add(entry.originalState.rawValue)
                $0.add(entry.createdAt)
                $0.add(entry.thresholdMinutes.map(Int64.init))
                $0.add(entry.minutesInState)
                bindChanging(entry, to: &$0)
            }
            for (number, failure) in entry.failures.enumerated() { try write(failure, number, of: entry.id) }
        case .failed(let id, let number, let failure): try write(failure, number, of: id)
        case .changed(let entry):
            try sql.updateDeadLetter.run {
                bindChanging(entry, to: &$0)
                $0.add(entry.id)
            }
        }
    }

    private func write(_ failure: DeadLetterEntry.Failure, _ number: Int, of entry: DeadLetterID) throws {
        var writer = JSONWriter(reserving: 256)
        failure.write(to: &writer)
        let text = writer.finish()
        try sql.insertDeadLetterFailure.run {
            $0.add(number)
            $0.add(blob: text)
            $0.add(entry)
        }
    }

    private func bindChanging(_ entry: DeadLetterEntry, to binder: inout Binder) {
        binder.add(entry.resolution.rawValue)
        binder.add(entry.resolvedAt)
        binder.add(entry.resolvedBy)
        binder.add(entry.notes)
        binder.add(entry.metadata)
    }
}
