import TaskerProtocol
import TaskerTemplates

/// Batch workers: how they come to exist, and how many of them may run (engine contract, section 7).
extension WorkflowTask {
    /// Makes the workers of an outcome that was found valid. Nothing is made twice.
    mutating func createWorkers(
        _ items: [BatchItem], from node: Int, analyzer: Int, at now: Timestamp, _ newID: () -> StepID
    ) {
        guard !batches.contains(where: { $0.analyzer == analyzer }) else { return }
        let template = plan.nodes[node].template
        let index = batches.count
        batches.append(
            BatchSet(
                analyzer: analyzer, node: node,
                configuration: plan.batchConfiguration(worker: node, analyzer: steps[analyzer].node)))
        var members: [Int] = []
        members.reserveCapacity(items.count)
        for item in items {
            var step = Step(
                id: newID(), name: "\(template.name)_\(item.id)", place: steps.count, node: node, createdAt: now)
            step.creators = [analyzer]
            step.batchItem = item.encoded
            step.batch = index
            members.append(addRow(step))
        }
        batches[index].members = members
        batches[index].fresh = members
        setsToAdmit.insert(index)
    }

    /// Dispatches as many workers of a set as may run now: those not yet started first, then retries that are due.
    /// - Returns: whether any was dispatched.
    mutating func admit(_ index: Int, _ context: inout EngineContext) -> Bool {
        // All workers of a set wait for the same parents.
        guard let first = batches[index].members.first, steps[first].unsatisfiedParents == 0,
            steps[first].undeterminedParents == 0
        else { return false }
        let limit = batches[index].configuration.parallelism ?? context.settings.maxParallelBatches
        var dispatched = false
        while !batches[index].isHeldByFailure, batches[index].inFlight < limit,
            let place = nextWorker(index, at: context.now)
        {
            if dispatchAttempt(place, &context) {
                dispatched = true
            } else if steps[place].hold == .noRoute {
                // The others have the same handler.
                break
            }
        }
        return dispatched
    }

    /// Takes the next worker that is ready out of the set's queues.
    private mutating func nextWorker(_ index: Int, at now: Timestamp) -> Int? {
        while batches[index].freshHead < batches[index].fresh.count {
            let place = batches[index].fresh[batches[index].freshHead]
            batches[index].freshHead += 1
            if steps[place].state == .pending, steps[place].hold == nil { return place }
        }
        while let entry = batches[index].retries.first {
            let holds =
                steps[entry.place].state == .waitingForRetry && steps[entry.place].hold == nil
                && steps[entry.place].retryAt == entry.due
            guard !holds || entry.due <= now else { return nil }
            batches[index].retries.removeFirst()
            if holds { return entry.place }
        }
        return nil
    }

    /// A worker that had no route, or was in quarantine, queues again with its siblings.
    mutating func reconsiderHeldWorker(_ place: Int, _ context: inout EngineContext) {
        guard let index = steps[place].batch else { return }
        steps[place].hold = nil
        heldSteps.remove(place)
        touch(place, context)
        switch steps[place].state {
        case .pending: batches[index].enqueue(place)
        case .waitingForRetry:
            // Its back-off is over.
            steps[place].retryAt = context.now
            batches[index].retries.insert(.init(due: context.now, place: place))
            effects.append(.setTimer(step: place, .retry, due: context.now))
        default: break
        }
    }

    /// Why a ready worker of a set is not dispatched although it has a route, nil when that is not so.
    public func batchHold(_ place: Int) -> BatchHold? {
        guard let index = steps[place].batch, steps[place].state == .pending, steps[place].hold == nil,
            steps[place].unsatisfiedParents == 0, steps[place].undeterminedParents == 0
        else { return nil }
        if batches[index].isHeldByFailure { return .failFast }
        return .parallelism
    }

    /// Sets and their queues from the rows of a stored task.
    mutating func restoreBatches() {
        var indices: [Int: Int] = [:]
        for place in steps.indices where steps[place].batchItem != nil {
            guard let analyzer = steps[place].creators.first else { continue }
            let node = steps[place].node
            let index = indices[analyzer] ?? batches.count
            if indices[analyzer] == nil {
                indices[analyzer] = index
                batches.append(
                    BatchSet(
                        analyzer: analyzer, node: node,
                        configuration: plan.batchConfiguration(worker: node, analyzer: steps[analyzer].node)))
            }
            steps[place].batch = index
            batches[index].members.append(place)
            batches[index].countState(steps[place].state, 1)
            guard steps[place].hold == nil else { continue }
            switch steps[place].state {
            case .pending: batches[index].fresh.append(place)
            case .waitingForRetry:
                batches[index].retries.insert(.init(due: steps[place].retryAt ?? steps[place].updatedAt, place: place))
            default: break
            }
        }
    }

    /// Failed workers that a dependent goes on without, by name: `inputs.failed_batches`.
    public func toleratedParents(of place: Int) -> [Int] {
        steps[place].parents.filter { isTolerated($0) }
    }
}

/// Holds of batch workers, which follow from their set and are not stored.
public enum BatchHold: String, Sendable {
    /// As many siblings as may run are in flight.
    case parallelism
    /// A sibling has failed.
    case failFast = "fail_fast"
}
