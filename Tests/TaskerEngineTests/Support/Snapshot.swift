import TaskerProtocol

@testable import TaskerEngine

/// Everything of a task that decides its later behaviour, derived values included.
struct Snapshot: Equatable {
    var state: TaskState
    var completedAt: Timestamp?
    var steps: [Step]
    var counts: [Int]
    var heldSteps: Set<Int>
    var deadLetter: DeadLetterEntry?

    init(_ task: WorkflowTask) {
        state = task.state
        completedAt = task.completedAt
        steps = task.steps
        counts = task.counts
        heldSteps = task.heldSteps
        deadLetter = task.deadLetter
    }

    /// Without what only spaces resends or informs, and is not kept over a restart.
    var durable: Snapshot {
        var copy = self
        for place in copy.steps.indices {
            copy.steps[place].attemptNacks = 0
            copy.steps[place].dispatch?.lastHeartbeatAt = nil
        }
        return copy
    }

    /// In words, where two differ.
    static func difference(_ left: Snapshot, _ right: Snapshot) -> String {
        if left.state != right.state { return "task \(left.state) / \(right.state)" }
        for (one, other) in zip(left.steps, right.steps) where one != other { return "\(one)\n/\n\(other)" }
        return "\(left.counts) \(left.heldSteps) / \(right.counts) \(right.heldSteps)"
    }
}

extension WorkflowTask {
    /// The task as a store gives it back: without the timers of silence.
    var restored: WorkflowTask {
        WorkflowTask(
            header: header, plan: plan, state: state, revision: revision, updatedAt: updatedAt,
            completedAt: completedAt,
            deadLetter: deadLetter?.resolution == .pending ? deadLetter : nil,
            records: steps.reversed().map { step in
                var record = step.record
                record.dispatch = record.dispatch?.durable
                return record
            })
    }
}
