import TaskerProtocol
import TaskerTemplates

/// What a task is from birth to end.
public struct TaskHeader: Sendable, Hashable {
    public var id: TaskID
    /// An object.
    public var context: RawJSON
    public var correlationID: CorrelationID
    public var parentCorrelationID: CorrelationID?
    public var initiator: String
    public var sourceSystem: String
    public var reason: String
    public var tags: [String]
    public var priority: Int
    public var requestedAt: Timestamp
    public var createdAt: Timestamp
    public var environment: String
    public var options: RawJSON?
    /// W3C trace context of the request that made it.
    public var traceParent: String?
    public var traceState: String?

    public init(
        id: TaskID, context: RawJSON, correlationID: CorrelationID, parentCorrelationID: CorrelationID? = nil,
        initiator: String = "api", sourceSystem: String = "api", reason: String = "Task requested",
        tags: [String] = [], priority: Int = 0, requestedAt: Timestamp, createdAt: Timestamp,
        environment: String = "development", options: RawJSON? = nil, traceParent: String? = nil,
        traceState: String? = nil
    ) {
        self.id = id
        self.context = context
        self.correlationID = correlationID
        self.parentCorrelationID = parentCorrelationID
        self.initiator = initiator
        self.sourceSystem = sourceSystem
        self.reason = reason
        self.tags = tags
        self.priority = priority
        self.requestedAt = requestedAt
        self.createdAt = createdAt
        self.environment = environment
        self.options = options
        self.traceParent = traceParent
        self.traceState = traceState
    }
}

/// The workflow state machine of one task: a value, changed only by ``apply(_:in:)``, which has no clock, no randomness
/// and no I/O. The same events give the same state on every machine.
public struct WorkflowTask: Sendable {
    public let header: TaskHeader
    public let plan: WorkflowPlan
    public internal(set) var state: TaskState = .pending
    /// Grows with every change that a store must keep.
    public internal(set) var revision: Int64 = 0
    public internal(set) var steps: [Step]
    public internal(set) var updatedAt: Timestamp
    public internal(set) var completedAt: Timestamp?
    /// The pending entry, if there is one.
    public internal(set) var deadLetter: DeadLetterEntry?

    /// Steps per state, in the order of `StepState.allCases`.
    var counts: [Int]
    /// Steps that are ready and held.
    var heldSteps: Set<Int> = []
    private let places: [StepID: Int]
    /// What ``apply(_:in:)`` has done so far.
    var effects: [Effect] = []

    public var id: TaskID { header.id }

    /// A new task with a row for every step of the plan, not yet started.
    /// - Parameter newID: gives each step its id, in plan order.
    public init(header: TaskHeader, plan: WorkflowPlan, newStepID: () -> StepID) {
        self.header = header
        self.plan = plan
        updatedAt = header.createdAt
        steps = plan.nodes.enumerated().map { place, node in
            Step(
                id: newStepID(), name: node.template.name, place: place, parents: node.parents,
                children: node.children, createdAt: header.createdAt)
        }
        counts = [Int](repeating: 0, count: StepState.allCases.count)
        counts[StepState.pending.ordinal] = steps.count
        places = Dictionary(uniqueKeysWithValues: steps.map { ($0.id, $0.place) })
    }

    /// A task as a store kept it. Silence timers are not part of it: apply ``Event/silenceCountsAnew`` once the
    /// orchestrator reads results again.
    /// - Parameter records: one per step, in any order.
    public init(
        header: TaskHeader, plan: WorkflowPlan, state: TaskState, revision: Int64, updatedAt: Timestamp,
        completedAt: Timestamp?, deadLetter: DeadLetterEntry?, records: [StepRecord]
    ) {
        self.header = header
        self.plan = plan
        self.state = state
        self.revision = revision
        self.updatedAt = updatedAt
        self.completedAt = completedAt
        self.deadLetter = deadLetter
        var steps = records.sorted { $0.place < $1.place }.map { record in
            Step(record, parents: plan.nodes[record.place].parents, children: plan.nodes[record.place].children)
        }
        counts = [Int](repeating: 0, count: StepState.allCases.count)
        for index in steps.indices {
            counts[steps[index].state.ordinal] += 1
            steps[index].unsatisfiedParents =
                steps[index].parents.count(where: { !steps[$0].state.isSatisfied })
            if steps[index].hold != nil { heldSteps.insert(index) }
        }
        self.steps = steps
        places = Dictionary(uniqueKeysWithValues: steps.map { ($0.id, $0.place) })
    }

    public func count(_ state: StepState) -> Int { counts[state.ordinal] }

    public var inFlightCount: Int {
        count(.enqueued) + count(.inProgress) + count(.enqueuedForOrchestration)
            + count(.enqueuedAsErrorForOrchestration)
    }

    public var satisfiedCount: Int { count(.complete) + count(.resolvedManually) }

    public func index(of step: StepID) -> Int? { places[step] }
    public func index(of name: String) -> Int? { plan.place(of: name) }

    /// Places of all transitive ancestors of a step, ascending.
    public func ancestors(of place: Int) -> [Int] {
        var seen: Set<Int> = []
        var open = steps[place].parents
        while let next = open.popLast() {
            if seen.insert(next).inserted { open.append(contentsOf: steps[next].parents) }
        }
        return seen.sorted()
    }
}
