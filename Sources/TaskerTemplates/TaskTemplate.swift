import TaskerProtocol

/// A workflow as its YAML says it, in the canonical spelling, defaults filled in.
public struct TaskTemplate: Sendable, Hashable {
    public var name: String
    public var namespace: String
    public var version: String
    public var description: String?
    /// An object.
    public var metadata: JSONValue
    public var identityStrategy: IdentityStrategy
    /// False when the template says nothing: then the orchestrator's `default_identity_strategy` decides.
    public var isIdentityStrategyStated: Bool
    /// A JSON Schema for the task's context, nil when any context will do.
    public var inputSchema: JSONValue?
    public var environments: [String: [StepOverride]]
    public var lifecycle: Lifecycle?
    /// In file order.
    public var steps: [StepTemplate]

    public init(
        name: String, namespace: String, version: String, description: String? = nil, metadata: JSONValue = [:],
        identityStrategy: IdentityStrategy = .alwaysUnique, inputSchema: JSONValue? = nil,
        environments: [String: [StepOverride]] = [:], lifecycle: Lifecycle? = nil, steps: [StepTemplate] = [],
        isIdentityStrategyStated: Bool? = nil
    ) {
        self.name = name
        self.namespace = namespace
        self.version = version
        self.description = description
        self.metadata = metadata
        self.identityStrategy = identityStrategy
        self.isIdentityStrategyStated = isIdentityStrategyStated ?? (identityStrategy != .alwaysUnique)
        self.inputSchema = inputSchema
        self.environments = environments
        self.lifecycle = lifecycle
        self.steps = steps
    }
}

/// When two creations mean the same task (template contract, section 10).
public enum IdentityStrategy: String, Sendable, CaseIterable {
    case alwaysUnique = "always_unique"
    case strict
    case callerProvided = "caller_provided"
}

public enum StepType: String, Sendable, CaseIterable {
    case standard
    case decision
    case deferredConvergence = "deferred_convergence"
    case batchable
    case batchWorker = "batch_worker"
}

public struct StepTemplate: Sendable, Hashable {
    public var name: String
    public var description: String?
    public var handler: HandlerReference
    public var type: StepType
    /// Names of steps of the same template, in file order, without repetition.
    public var dependencies: [String]
    public var retry: RetryPolicy
    /// Per execution, from the worker's start report. nil: the orchestrator's default.
    public var timeoutMilliseconds: Int64?
    public var batch: BatchConfiguration?
    public var publishesEvents: [EventDeclaration]
    public var resultSchema: JSONValue?
    public var resultSchemaPolicy: ResultSchemaPolicy?

    public init(
        name: String, description: String? = nil, handler: HandlerReference, type: StepType = .standard,
        dependencies: [String] = [], retry: RetryPolicy = RetryPolicy(), timeoutMilliseconds: Int64? = nil,
        batch: BatchConfiguration? = nil, publishesEvents: [EventDeclaration] = [], resultSchema: JSONValue? = nil,
        resultSchemaPolicy: ResultSchemaPolicy? = nil
    ) {
        self.name = name
        self.description = description
        self.handler = handler
        self.type = type
        self.dependencies = dependencies
        self.retry = retry
        self.timeoutMilliseconds = timeoutMilliseconds
        self.batch = batch
        self.publishesEvents = publishesEvents
        self.resultSchema = resultSchema
        self.resultSchemaPolicy = resultSchemaPolicy
    }
}

/// Which handler runs a step.
public struct HandlerReference: Sendable, Hashable {
    public var callable: String
    /// nil means `call`.
    public var method: String?
    public var resolver: String?
    /// An object.
    public var initialization: JSONValue
    /// Sends the step to this fleet whatever has been announced.
    public var queue: String?

    public init(
        callable: String, method: String? = nil, resolver: String? = nil, initialization: JSONValue = [:],
        queue: String? = nil
    ) {
        self.callable = callable
        self.method = method
        self.resolver = resolver
        self.initialization = initialization
        self.queue = queue
    }
}

public enum BackoffStrategy: String, Sendable, CaseIterable {
    case none, linear, exponential, fibonacci
}

public struct RetryPolicy: Sendable, Hashable {
    public var isRetryable: Bool
    /// 0-100; 0 means one attempt.
    public var maxAttempts: Int
    public var backoff: BackoffStrategy
    public var backoffBaseMilliseconds: Int64
    public var maxBackoffMilliseconds: Int64
    /// A fraction, 0-1.
    public var jitter: Double

    public init(
        isRetryable: Bool = true, maxAttempts: Int = 3, backoff: BackoffStrategy = .exponential,
        backoffBaseMilliseconds: Int64 = 1000, maxBackoffMilliseconds: Int64 = 30_000, jitter: Double = 0.15
    ) {
        self.isRetryable = isRetryable
        self.maxAttempts = maxAttempts
        self.backoff = backoff
        self.backoffBaseMilliseconds = backoffBaseMilliseconds
        self.maxBackoffMilliseconds = maxBackoffMilliseconds
        self.jitter = jitter
    }

    /// Executions allowed per budget.
    public var attemptLimit: Int { isRetryable ? max(1, maxAttempts) : 1 }
}

public enum FailureStrategy: String, Sendable, CaseIterable {
    case continueOnFailure = "continue_on_failure"
    case failFast = "fail_fast"
    case isolate
}

public struct BatchConfiguration: Sendable, Hashable {
    public var batchSize: Int
    /// nil: the orchestrator's `max_parallel_batches`.
    public var parallelism: Int?
    public var cursorField: String
    public var workerTemplate: String?
    public var failureStrategy: FailureStrategy

    public init(
        batchSize: Int = 1000, parallelism: Int? = nil, cursorField: String = "id", workerTemplate: String? = nil,
        failureStrategy: FailureStrategy = .continueOnFailure
    ) {
        self.batchSize = batchSize
        self.parallelism = parallelism
        self.cursorField = cursorField
        self.workerTemplate = workerTemplate
        self.failureStrategy = failureStrategy
    }
}

public enum EventCondition: String, Sendable, CaseIterable {
    case success, failure
    case retryableFailure = "retryable_failure"
    case permanentFailure = "permanent_failure"
    case always
}

public enum EventDeliveryMode: String, Sendable, CaseIterable {
    case durable, fast, broadcast
}

public struct EventDeclaration: Sendable, Hashable {
    public var name: String
    public var description: String?
    public var condition: EventCondition
    public var deliveryMode: EventDeliveryMode
    public var schema: JSONValue
    public var publisher: String?

    public init(
        name: String, description: String? = nil, condition: EventCondition = .success,
        deliveryMode: EventDeliveryMode = .durable, schema: JSONValue = [:], publisher: String? = nil
    ) {
        self.name = name
        self.description = description
        self.condition = condition
        self.deliveryMode = deliveryMode
        self.schema = schema
        self.publisher = publisher
    }
}

public enum ResultSchemaPolicy: String, Sendable, CaseIterable {
    case off, warn, fail
}

public enum StalenessAction: String, Sendable, CaseIterable {
    case deadLetter = "dlq"
    case error, none
}

/// Limits in minutes; nil: only the orchestrator's defaults, which report.
public struct Lifecycle: Sendable, Hashable {
    public var maxDurationMinutes: Int?
    public var maxWaitingForDependenciesMinutes: Int?
    public var maxWaitingForRetryMinutes: Int?
    public var maxStepsInProcessMinutes: Int?
    public var stalenessAction: StalenessAction
    public var autoDeadLetterOnTimeout: Bool?
    public var autoFailOnTimeout: Bool?

    public init(
        maxDurationMinutes: Int? = nil, maxWaitingForDependenciesMinutes: Int? = nil,
        maxWaitingForRetryMinutes: Int? = nil, maxStepsInProcessMinutes: Int? = nil,
        stalenessAction: StalenessAction = .deadLetter, autoDeadLetterOnTimeout: Bool? = nil,
        autoFailOnTimeout: Bool? = nil
    ) {
        self.maxDurationMinutes = maxDurationMinutes
        self.maxWaitingForDependenciesMinutes = maxWaitingForDependenciesMinutes
        self.maxWaitingForRetryMinutes = maxWaitingForRetryMinutes
        self.maxStepsInProcessMinutes = maxStepsInProcessMinutes
        self.stalenessAction = stalenessAction
        self.autoDeadLetterOnTimeout = autoDeadLetterOnTimeout
        self.autoFailOnTimeout = autoFailOnTimeout
    }
}

/// One entry of `environments.<name>.steps`: what it states replaces, what it does not stays.
public struct StepOverride: Sendable, Hashable {
    /// A step's name, or `ALL`.
    public var step: String
    /// Merged key by key, top level.
    public var initialization: [String: JSONValue]?
    public var queue: String?
    public var timeoutMilliseconds: Int64?
    /// Replaces the whole block.
    public var retry: RetryPolicy?

    public init(
        step: String, initialization: [String: JSONValue]? = nil, queue: String? = nil,
        timeoutMilliseconds: Int64? = nil, retry: RetryPolicy? = nil
    ) {
        self.step = step
        self.initialization = initialization
        self.queue = queue
        self.timeoutMilliseconds = timeoutMilliseconds
        self.retry = retry
    }
}
