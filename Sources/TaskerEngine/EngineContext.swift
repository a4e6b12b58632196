import TaskerProtocol

/// Where a step's message goes: the orchestrator's routes, as far as the engine must know them.
public protocol Routing: Sendable {
    /// The fleet's queue for a handler, nil when nobody has announced it.
    func queue(namespace: String, callable: String, declared: String?, task: TaskID) -> String?
}

/// All that a state machine may use besides its state: the time, ids, figures, routes. Handed in, so that the same
/// inputs give the same outputs.
public struct EngineContext {
    public var now: Timestamp
    public var ids: any IDSource
    public var settings: EngineSettings
    public var routing: any Routing
    /// New dispatches are published as soon as they are committed; otherwise they are parked.
    public var publishesAtOnce: Bool
    /// How many of them at most; the others are parked. One event may make many steps ready.
    public var publishRoom = Int.max
    /// The last number given to a publish.
    public var publishSequence: Int64
    /// Steps in flight that one more loss would bring to the limit, by queue.
    public var suspects: [String: Set<StepID>]

    public init(
        now: Timestamp, ids: any IDSource, settings: EngineSettings = EngineSettings(), routing: any Routing,
        publishesAtOnce: Bool = true, publishSequence: Int64 = 0, suspects: [String: Set<StepID>] = [:]
    ) {
        self.now = now
        self.ids = ids
        self.settings = settings
        self.routing = routing
        self.publishesAtOnce = publishesAtOnce
        self.publishSequence = publishSequence
        self.suspects = suspects
    }
}
