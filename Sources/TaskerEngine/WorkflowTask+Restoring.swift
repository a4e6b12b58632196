import TaskerProtocol

extension WorkflowTask {
    /// Gives a task that was loaded the silence timers that its orchestrator had kept while the task was not in memory.
    /// They are no part of what a store holds.
    public mutating func restoreSilence(
        step place: Int, lease: Timestamp?, grace: Timestamp?, timeout: Timestamp?, lastHeartbeat: Timestamp?
    ) {
        guard steps[place].dispatch != nil else { return }
        steps[place].dispatch?.leaseDue = lease
        steps[place].dispatch?.graceDue = grace
        steps[place].dispatch?.timeoutDue = timeout
        steps[place].dispatch?.lastHeartbeatAt = lastHeartbeat
    }
}
