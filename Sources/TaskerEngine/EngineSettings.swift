import TaskerProtocol
import TaskerTemplates

/// Figures of the engine contract that a deployment may change.
public struct EngineSettings: Sendable, Hashable {
    /// For steps whose template says none.
    public var defaultStepTimeout: Duration = .seconds(300)
    /// How much longer than the step's timeout the orchestrator's own timer waits for the worker's report.
    public var timeoutMargin: Duration = .seconds(5)
    /// Silence of a started step after which its worker counts as lost; three heartbeat intervals.
    public var lease: Duration = .seconds(60)
    /// How long the first worker may still answer after a message came back as redelivered.
    public var redeliveryGrace: Duration = .seconds(2)
    /// Losses after which a step goes to `error` whatever attempts are left.
    public var maxWorkerLosses = 3
    /// How long a dispatch may show neither start nor answer before it can be found lost.
    public var lostDispatch: Duration = .seconds(60)
    /// How long a step is sent again to a fleet that does not know its handler.
    public var handlerNotFoundPatience: Duration = .seconds(300)
    /// The longest of the delays 1, 2, 4 ... before a resend.
    public var resendDelayCap: Duration = .seconds(30)
    /// The longest delay a worker may ask for.
    public var retryAfterCap: Duration = .seconds(3600)
    public var jitterSeed: UInt64 = 0

    // Decisions and batches.

    public var isDecidingEnabled = true
    public var maxStepsPerDecision = 100
    public var maxDecisionDepth = 20
    public var isBatchingEnabled = true
    public var maxWorkersPerBatch = 10_000
    /// Workers of one batch set in flight, where the template says nothing.
    public var maxParallelBatches = 50

    // Checkpoints.

    public var maxAccumulatedBytes = 256 * 1024
    /// Entries of a checkpoint's history that are kept.
    public var checkpointHistoryLimit = 100
    /// Yields in a row without progress after which the step fails.
    public var checkpointsWithoutProgress = 10

    /// For steps whose template says nothing.
    public var resultSchemaPolicy = ResultSchemaPolicy.warn
    public var staleness = StalenessSettings()

    public init() {}
}
