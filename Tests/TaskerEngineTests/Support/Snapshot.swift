import TaskerProtocol

@testable import TaskerEngine

/// Everything of a task that decides its later behaviour, derived values included.
struct Snapshot: Equatable {
    /// A batch set, without what its queues have passed over.
    struct Batch: Equatable {
        var members: [Int]
        var figures: [Int]
        var fresh: [Int]
    }

    var state: TaskState
    var completedAt: Timestamp?
    var steps: [Step]
    var counts: [Int]
    var heldSteps: Set<Int>
    var batches: [Batch]
    var deadLetter: DeadLetterEntry?

    init(_ task: WorkflowTask) {
        state = task.state
        completedAt = task.completedAt
        steps = task.steps
        counts = task.counts
        heldSteps = task.heldSteps
        batches = task.batches.map { batch in
            Batch(
                members: batch.members,
                figures: [batch.inFlight, batch.waitingForRetry, batch.failed, batch.satisfied],
                fresh: batch.fresh[batch.freshHead...].filter {
                    task.steps[$0].state == .pending && task.steps[$0].hold == nil
                })
        }
        deadLetter = task.deadLetter
        // In the order in which the edges were found, which means nothing.
        for place in steps.indices { steps[place].children.sort() }
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
        return "\(left.counts) \(left.heldSteps) \(left.batches) / \(right.counts) \(right.heldSteps) \(right.batches)"
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

    /// The task as an orchestrator that has put it out of its memory takes it back: with the timers it has kept.
    var reloaded: WorkflowTask {
        var copy = restored
        copy.deadLetter = deadLetter
        for step in steps {
            copy.steps[step.place].attemptNacks = step.attemptNacks
            guard let dispatch = step.dispatch else { continue }
            copy.restoreSilence(
                step: step.place, lease: dispatch.leaseDue, grace: dispatch.graceDue, timeout: dispatch.timeoutDue,
                lastHeartbeat: dispatch.lastHeartbeatAt)
        }
        return copy
    }
}
