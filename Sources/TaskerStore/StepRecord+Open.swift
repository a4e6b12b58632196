import TaskerEngine
import TaskerProtocol

extension StepRecord {
    /// Something must happen to it: in flight, waiting for a retry, or held.
    public var isOpen: Bool { state.isInFlight || state == .waitingForRetry || hold != nil }

    /// As it comes back from a store: without what lives only in memory, payloads in buffers of their own.
    var durable: StepRecord {
        var copy = self
        copy.dispatch = dispatch?.durable
        copy.envelope = envelope?.compacted()
        copy.lastError = lastError?.compacted()
        copy.checkpoint = checkpoint?.compacted()
        copy.batchItem = batchItem?.compacted()
        return copy
    }
}

extension OpenStep {
    /// - Parameter row: the step's row in its store.
    public init(record: StepRecord, row: Int64, taskID: TaskID, namespace: String, callable: String) {
        let dispatch = record.dispatch
        self.init(
            row: row, taskID: taskID, stepID: record.id, place: record.place, namespace: namespace,
            callable: callable, state: record.state, workerLosses: record.workerLosses, dispatchID: dispatch?.id,
            queue: dispatch?.queue, publication: dispatch?.publication,
            publishSequence: dispatch?.publishSequence ?? 0, begunAt: dispatch?.begunAt,
            startedAt: dispatch?.startedAt, isAnswered: dispatch?.isAnswered ?? false,
            isInGrace: dispatch?.isInGrace ?? false, retryAt: record.retryAt, resendAt: record.resendAt,
            hold: record.hold)
    }
}
