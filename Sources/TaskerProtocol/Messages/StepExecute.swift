/// `step.execute`, orchestrator to worker (wire protocol, section 3).
public struct StepExecute: Sendable, Hashable {
    public struct Task: Sendable, Hashable {
        public var id: TaskID
        public var name: String
        public var namespace: String
        public var version: String
        public var correlationID: CorrelationID
        public var parentCorrelationID: CorrelationID?
        public var context: RawJSON
        public var initiator: String?
        public var sourceSystem: String?
        public var tags: [String]
        public var priority: Int
        public var requestedAt: Timestamp?

        public init(
            id: TaskID, name: String, namespace: String, version: String, correlationID: CorrelationID,
            parentCorrelationID: CorrelationID? = nil, context: RawJSON, initiator: String? = nil,
            sourceSystem: String? = nil, tags: [String] = [], priority: Int = 0, requestedAt: Timestamp? = nil
        ) {
            self.id = id
            self.name = name
            self.namespace = namespace
            self.version = version
            self.correlationID = correlationID
            self.parentCorrelationID = parentCorrelationID
            self.context = context
            self.initiator = initiator
            self.sourceSystem = sourceSystem
            self.tags = tags
            self.priority = priority
            self.requestedAt = requestedAt
        }
    }

    public struct Step: Sendable, Hashable {
        public var id: StepID
        public var name: String
        public var templateStepName: String
        public var type: String
        /// Counts from 1.
        public var attempt: Int
        /// At least 1.
        public var maxAttempts: Int
        public var isRetryable: Bool
        public var timeoutMilliseconds: Int64
        /// An object.
        public var inputs: RawJSON
        public var checkpoint: RawJSON?
        public var backoffRequestSeconds: Double?
        public var lastAttemptedAt: Timestamp?

        public init(
            id: StepID, name: String, templateStepName: String, type: String = "standard", attempt: Int = 1,
            maxAttempts: Int = 3, isRetryable: Bool = true, timeoutMilliseconds: Int64 = 300_000,
            inputs: RawJSON = .emptyObject, checkpoint: RawJSON? = nil, backoffRequestSeconds: Double? = nil,
            lastAttemptedAt: Timestamp? = nil
        ) {
            self.id = id
            self.name = name
            self.templateStepName = templateStepName
            self.type = type
            self.attempt = attempt
            self.maxAttempts = maxAttempts
            self.isRetryable = isRetryable
            self.timeoutMilliseconds = timeoutMilliseconds
            self.inputs = inputs
            self.checkpoint = checkpoint
            self.backoffRequestSeconds = backoffRequestSeconds
            self.lastAttemptedAt = lastAttemptedAt
        }
    }

    public struct Handler: Sendable, Hashable {
        public var callable: String
        public var method: String?
        public var resolver: String?
        /// An object.
        public var initialization: RawJSON

        public init(
            callable: String, method: String? = nil, resolver: String? = nil, initialization: RawJSON = .emptyObject
        ) {
            self.callable = callable
            self.method = method
            self.resolver = resolver
            self.initialization = initialization
        }
    }

    public struct Definition: Sendable, Hashable {
        public var description: String?
        public var dependencies: [String]
        /// An array of objects as in the template.
        public var publishesEvents: RawJSON
        public var workerTemplateNames: [String]

        public init(
            description: String? = nil, dependencies: [String] = [], publishesEvents: RawJSON = .emptyArray,
            workerTemplateNames: [String] = []
        ) {
            self.description = description
            self.dependencies = dependencies
            self.publishesEvents = publishesEvents
            self.workerTemplateNames = workerTemplateNames
        }
    }

    public struct Limits: Sendable, Hashable {
        public var maxResultBytes: Int
        public var heartbeatIntervalMilliseconds: Int64
        public var ackDeadlineMilliseconds: Int64

        public init(
            maxResultBytes: Int = 1_048_576, heartbeatIntervalMilliseconds: Int64 = 20_000,
            ackDeadlineMilliseconds: Int64 = 600_000
        ) {
            self.maxResultBytes = maxResultBytes
            self.heartbeatIntervalMilliseconds = heartbeatIntervalMilliseconds
            self.ackDeadlineMilliseconds = ackDeadlineMilliseconds
        }
    }

    /// Results too large for the message, to be fetched with `step.fetch` (claim-check).
    public struct Omitted: Sendable, Hashable {
        public var count: Int
        public var bytes: Int

        public init(count: Int, bytes: Int) {
            self.count = count
            self.bytes = bytes
        }
    }

    public var dispatchID: DispatchID
    public var replyTo: String
    public var task: Task
    public var step: Step
    public var handler: Handler
    public var definition: Definition
    /// One `{status, result, metadata, error?}` per transitive ancestor that ran, by step name.
    public var dependencyResults: [(name: String, envelope: RawJSON)]
    public var omitted: Omitted?
    public var limits: Limits

    public init(
        dispatchID: DispatchID, replyTo: String, task: Task, step: Step, handler: Handler,
        definition: Definition = Definition(), dependencyResults: [(name: String, envelope: RawJSON)] = [],
        omitted: Omitted? = nil, limits: Limits = Limits()
    ) {
        self.dispatchID = dispatchID
        self.replyTo = replyTo
        self.task = task
        self.step = step
        self.handler = handler
        self.definition = definition
        self.dependencyResults = dependencyResults
        self.omitted = omitted
        self.limits = limits
    }

    public static func == (left: Self, right: Self) -> Bool { left.encoded() == right.encoded() }
    public func hash(into hasher: inout Hasher) { hasher.combine(dispatchID) }
}
