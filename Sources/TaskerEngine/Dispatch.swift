import TaskerProtocol

/// One `step.execute` message from the moment it is due.
public struct Dispatch: Sendable, Hashable {
    /// How far its publishing got. Durable, so that no message is sent twice under one id.
    public enum Publication: String, Sendable {
        /// Never tried: may be published as it is.
        case parked
        /// Being published, or was when a process ended: a copy may exist.
        case begun
        /// The broker has it, or a worker has shown that it had it.
        case confirmed
        /// Begun, never confirmed, and the step may not repeat: left open for the lost-dispatch check.
        case inDoubt = "in_doubt"
    }

    public let id: DispatchID
    /// The fleet's queue, without prefix.
    public let queue: String
    public let createdAt: Timestamp
    public var publication: Publication
    /// Grows with every publish begun by this orchestrator; 0 while parked. A later dispatch of the same queue that has
    /// been started shows that this one's turn has passed.
    public var publishSequence: Int64 = 0
    public var begunAt: Timestamp?
    /// Receipt of the worker's start report.
    public var startedAt: Timestamp?
    public var workerID: String?
    public var workerLanguage: String?
    /// An answer came that shows it was delivered.
    public var isAnswered = false
    /// Redelivered, and the first worker's grace runs.
    public var isInGrace = false
    /// Its newest heartbeat said that the worker holds no delivery of it any more.
    public var isDetached = false

    // Only in memory: after a restart silence is counted anew (engine contract, section 4).

    /// When each kind of silence closes the attempt.
    public var leaseDue: Timestamp?
    public var graceDue: Timestamp?
    public var timeoutDue: Timestamp?
    public var lastHeartbeatAt: Timestamp?
    /// Lost-dispatch checks in a row that found it suspicious.
    public var suspicions = 0

    public init(id: DispatchID, queue: String, createdAt: Timestamp, publication: Publication) {
        self.id = id
        self.queue = queue
        self.createdAt = createdAt
        self.publication = publication
    }

    /// Some worker has, or had, the message in its hands.
    public var wasSeen: Bool { startedAt != nil || isAnswered }
}

/// A dispatch that no longer counts, kept to tell what a late message is.
public struct PastDispatch: Sendable, Hashable {
    public enum Ending: String, Sendable {
        /// It gave the attempt's result.
        case answered
        /// A newer dispatch or a manual action took over.
        case superseded
        /// A timer closed the attempt.
        case expired
        case cancelled
    }

    public let id: DispatchID
    public let ending: Ending

    public init(id: DispatchID, ending: Ending) {
        self.id = id
        self.ending = ending
    }
}
