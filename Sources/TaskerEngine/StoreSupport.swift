/// What stores read of a task beside its records.
extension WorkflowTask {
    /// Steps per state, in the order of `StepState.allCases`. Kept, not counted.
    public var stepCounts: [Int] { counts }

    /// Steps that are ready and held.
    public var heldStepCount: Int { heldSteps.count }
}

extension Dispatch {
    /// Without what is counted anew after a restart: as a store gives it back.
    public var durable: Dispatch {
        var copy = self
        copy.leaseDue = nil
        copy.graceDue = nil
        copy.timeoutDue = nil
        copy.lastHeartbeatAt = nil
        copy.suspicions = 0
        return copy
    }
}
