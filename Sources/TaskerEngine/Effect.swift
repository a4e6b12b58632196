import TaskerProtocol

/// What an event asks the world to do, in order. Rows and journal go into one transaction; nothing else may happen
/// before it is committed.
public enum Effect: Sendable, Hashable {
    /// The task's own row changed.
    case taskChanged
    /// A step's row changed.
    case stepChanged(Int)
    /// All rows from this place on are new.
    case stepsAdded(from: Int)
    case journal(JournalEntry)
    /// A new dispatch: publish it once committed, if its publication is `begun`; park it otherwise.
    case dispatch(step: Int, DispatchID)
    /// Do not publish that dispatch any more.
    case withdraw(DispatchID)
    /// Tell the workers to stop.
    case cancelNotice(step: Int, DispatchID, reason: String)
    case setTimer(step: Int, StepTimer, due: Timestamp)
    case clearTimer(step: Int, StepTimer)
    case deadLetter(DeadLetterChange)
    /// Publish it, in the transaction that accepts the result it belongs to.
    case domainEvent(DomainEvent)
    /// Nothing failed, and somebody should know.
    case remark(Remark)
    /// A ready step waits: for a worker that announces the callable, or for the queue's other suspects to end.
    case held(step: Int, Step.Hold, callable: String, queue: String?)
    /// A suspect of that queue is no longer in flight.
    case quarantineEnded(queue: String)
}

/// What is counted and logged and changes nothing.
public enum Remark: Sendable, Hashable {
    /// A payload that breaks its event's schema: that event is not published.
    case eventPayloadInvalid(step: Int, event: String, message: String)
    /// A worker sent a payload for an event that the step does not declare.
    case eventUndeclared(step: Int, event: String)
    /// A result breaks its step's schema, and the policy is `warn`.
    case resultSchemaViolated(step: Int, message: String)
    /// A limit that only reports has passed.
    case stale(StalenessFinding)
}
