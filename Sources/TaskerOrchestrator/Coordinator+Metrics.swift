import TaskerEngine
import TaskerProtocol
import TaskerStore
import TaskerTemplates

/// Counting what was committed: once per commit, over its journal, so that nothing that was rolled back is counted.
extension Coordinator {
    func count(_ batch: CommitBatch) {
        for change in batch.tasks {
            if change.birth != nil { metrics.taskRequests += 1 }
            for entry in change.journal { count(entry, of: change.task) }
        }
    }

    private func count(_ entry: JournalEntry, of task: WorkflowTask) {
        switch entry {
        case .task(let from, let to, _):
            metrics.taskTransitions[.init(from: from, to: to), default: 0] += 1
            if to == .complete {
                metrics.taskDuration.observe(milliseconds: now.millisecondsSince(task.header.createdAt))
            }
            if to.isTerminal { tasksEnded.note(at: now) }
        case .step(let place, let from, let to, _, _, _): count(place, from, to, task)
        case .audit(let record):
            metrics.results[record.disposition.rawValue, default: 0] += 1
            guard record.disposition == .accepted else { return }
            if let milliseconds = record.executionMilliseconds {
                metrics.stepRun.observe(milliseconds: milliseconds)
            }
            if record.status == "failed" {
                let type = record.errorType ?? "unknown"
                metrics.countFailure(type)
            }
        case .notice(let type, let detail):
            if type == "dlq.created", let detail { metrics.deadLetters[detail, default: 0] += 1 }
        case .created: break
        }
    }

    private func count(_ place: Int, _ from: StepState, _ to: StepState, _ task: WorkflowTask) {
        let step = task.steps[place]
        let type = task.plan.nodes[step.node].template.type
        switch to {
        case .enqueued:
            metrics.stepsEnqueued += 1
            metrics.attempts += 1
        case .complete:
            metrics.successes += 1
            stepsAnswered.note(at: now)
            if type == .decision { metrics.decisions += 1 }
        case .waitingForRetry:
            stepsAnswered.note(at: now)
            if let due = step.retryAt { metrics.retryDelay.observe(milliseconds: due.millisecondsSince(now)) }
        case .error:
            stepsAnswered.note(at: now)
            if type == .decision, let error = step.lastError?.member("error_type")?.string,
                error.hasPrefix("decision_")
            {
                metrics.decisionErrors[error, default: 0] += 1
            }
        default: break
        }
    }

    /// What has begun to move towards the broker and is not there yet.
    var outboxDepth: Int { publishing.count + outboxWaiting.count + parked.count + unroutableDispatches.count }

    /// The broker has confirmed a message.
    func noteSent(since begun: Timestamp? = nil) {
        metrics.messagesSent += 1
        messagesConfirmed.note(at: now)
        if let begun { metrics.publishConfirm.observe(milliseconds: now.millisecondsSince(begun)) }
    }
}
