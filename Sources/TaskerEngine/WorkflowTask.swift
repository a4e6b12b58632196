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
    /// The batch worker rows of each analyzer and worker node.
    public internal(set) var batches: [BatchSet] = []
    var places: [StepID: Int]
    /// Rows of nodes that are no batch workers, -1 where there is none. Empty when the plan is static.
    var rowOfNode: [Int] = []
    /// What ``apply(_:in:)`` has done so far.
    var effects: [Effect] = []
    /// Steps whose last unsatisfied parent has become satisfied since they were last looked at.
    var ripe: [Int] = []
    /// Batch sets in which a place may have become free.
    var setsToAdmit: Set<Int> = []

    public var id: TaskID { header.id }

    /// A new task, not yet started, with a row for every step that is certain to exist.
    /// - Parameter newStepID: gives each step its id, in the order of the rows.
    public init(header: TaskHeader, plan: WorkflowPlan, newStepID: () -> StepID) {
        self.header = header
        self.plan = plan
        updatedAt = header.createdAt
        steps = []
        counts = [Int](repeating: 0, count: StepState.allCases.count)
        places = [:]
        if plan.isStatic {
            steps = plan.nodes.enumerated().map { place, node in
                var step = Step(
                    id: newStepID(), name: node.template.name, place: place, node: place, parents: node.parents,
                    children: node.children, createdAt: header.createdAt)
                step.unsatisfiedParents = node.parents.count
                return step
            }
            counts[StepState.pending.ordinal] = steps.count
            places = Dictionary(uniqueKeysWithValues: steps.map { ($0.id, $0.place) })
        } else {
            rowOfNode = [Int](repeating: -1, count: plan.nodes.count)
            let early = plan.nodes.indices.filter { !plan.nodes[$0].isLate }
            for node in early { addRow(of: node, at: header.createdAt, newStepID) }
            for place in steps.indices { connect(place) }
            grow(at: header.createdAt, newStepID)
        }
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
        steps = records.sorted { $0.place < $1.place }.map { Step($0) }
        counts = [Int](repeating: 0, count: StepState.allCases.count)
        places = Dictionary(uniqueKeysWithValues: steps.map { ($0.id, $0.place) })
        for place in steps.indices {
            counts[steps[place].state.ordinal] += 1
            if steps[place].hold != nil { heldSteps.insert(place) }
        }
        restoreEdges()
    }

    public func count(_ state: StepState) -> Int { counts[state.ordinal] }

    public var inFlightCount: Int {
        count(.enqueued) + count(.inProgress) + count(.enqueuedForOrchestration)
            + count(.enqueuedAsErrorForOrchestration)
    }

    /// Steps that let their dependents run by their state; tolerated failures come on top.
    public var satisfiedCount: Int { count(.complete) + count(.resolvedManually) }

    /// Failed workers of sets that go on without them.
    public var toleratedCount: Int { batches.reduce(0) { $0 + $1.tolerated } }

    public var isAllSatisfied: Bool { satisfiedCount + toleratedCount == steps.count }

    public func index(of step: StepID) -> Int? { places[step] }

    /// The row of that name. Batch workers are found by looking at all of them.
    public func index(of name: String) -> Int? {
        if let node = plan.place(of: name), plan.nodes[node].template.type != .batchWorker { return row(of: node) }
        return batches.lazy.flatMap(\.members).first { steps[$0].name == name }
    }

    /// The row made from a node that is no batch worker, nil while there is none.
    public func row(of node: Int) -> Int? {
        if plan.isStatic { return node }
        return rowOfNode[node] < 0 ? nil : rowOfNode[node]
    }

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
