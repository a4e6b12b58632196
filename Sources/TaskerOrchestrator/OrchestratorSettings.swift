import TaskerEngine
import TaskerProtocol

/// Figures and names of one orchestrator. Defaults are those of the contracts.
public struct OrchestratorSettings: Sendable {
    public var engine = EngineSettings()
    public var names = QueueNames.standard
    public var queueType = QueueType.quorum
    /// Partition of the results queue that this process owns.
    public var partition = 0
    /// `development`, `production`, ...: which overrides of a template's `environments` apply.
    public var environment = "development"
    /// Results read ahead of their commit; with the message limit this bounds memory.
    public var resultsPrefetch = 1000
    public var requestsPrefetch = 100
    public var workersPrefetch = 500
    /// Tasks kept in memory; others are loaded when something happens to them.
    public var taskCacheLimit = 5000
    /// Step messages begun and not yet confirmed; more are parked.
    public var publishWindow = 4000
    public var maxMessageBytes = 4 * 1024 * 1024
    /// Bytes of results in one answer to `step.fetch`.
    public var dependencyPageBytes = 1024 * 1024
    public var limits = StepExecute.Limits()
    /// A worker unheard for so long is lost.
    public var workerSilence: Duration = .seconds(45)
    /// How long the announced queue in use may be without a live worker before another one takes over.
    public var routeStickiness: Duration = .seconds(30)
    public var lostDispatchCheck: Duration = .seconds(60)
    /// How long confirms may wait for a commit of something else.
    public var confirmLinger: Duration = .milliseconds(500)
    /// Before a batch that could not be committed is tried again.
    public var storeRetryDelay: Duration = .seconds(1)
    /// Before an unroutable message is published again.
    public var unroutableDelay: Duration = .seconds(5)
    /// Registering a template under a known version with other content: a new revision, or a conflict.
    public var templateConflict = TemplateConflictPolicy.update
    public var inputSchemaPolicy = InputSchemaPolicy.enforce
    public var maxContextBytes = 1024 * 1024
    public var backpressure = BackpressureLimits()

    /// Lifecycle events go to the events exchange too, not only to the API's stream: they cost messages.
    public var publishesLifecycleEvents = false
    /// A dispatch that waits in its queue for so long is reported.
    public var queueWaitWarning: Duration = .seconds(300)

    public init() {}
}

public enum TemplateConflictPolicy: String, Sendable, CaseIterable {
    case update, reject
}

public enum InputSchemaPolicy: String, Sendable, CaseIterable {
    case enforce, warn, off
}
