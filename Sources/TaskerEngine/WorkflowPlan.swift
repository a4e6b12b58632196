import TaskerProtocol
import TaskerTemplates

/// A resolved template, compiled once and shared by all tasks made from it: names are indices, edges go both ways, and
/// the parts that go into messages are JSON already.
public final class WorkflowPlan: Sendable {
    public struct Node: Sendable {
        public let template: StepTemplate
        /// Places of the declared dependencies in ``WorkflowPlan/nodes``, ascending.
        public let parents: [Int]
        public let children: [Int]
        public let initialization: RawJSON
        public let publishesEvents: RawJSON
        /// Has no row when the task begins: a batch worker, a convergence, or behind one of these or a decision.
        public let isLate: Bool
        /// Behind a convergence or a batch worker, with no decision in between: made when all its dependencies are rows.
        public let isBehindJoin: Bool
        /// Of a batch worker: the batchable steps that may make its rows.
        public let analyzers: [Int]
        /// Of a batchable step: the batch workers that depend on it, by name.
        public let workerTemplateNames: [String]
        /// Of a batchable step: the batch worker it names in `handler.initialization` or `batch_config`.
        public let namedWorker: Int?
        /// nil: results need no check.
        public let resultSchema: JSONSchema?
        public let events: [PlannedEvent]
    }

    public let template: TaskTemplate
    /// SHA-256 of the canonical JSON, in hexadecimal: the key under which store and caches share one plan.
    public let hash: String
    /// In template order.
    public let nodes: [Node]
    /// Every node after its dependencies, and a batch worker after those that may make it.
    public let order: [Int]
    /// Every step has its row from the beginning: places of rows are places of nodes.
    public let isStatic: Bool
    private let places: [String: Int]

    /// - Parameter template: resolved for its environment, and valid (no cycles, every dependency names a step).
    /// - Parameter hash: `template.hash`, passed in by those who already know it.
    public init(template: TaskTemplate, hash: String) {
        let compiler = PlanCompiler(template)
        self.template = template
        self.hash = hash
        nodes = compiler.nodes()
        order = compiler.order
        places = compiler.places
        isStatic = !nodes.contains(where: \.isLate)
    }

    public func place(of step: String) -> Int? { places[step] }

    /// What governs the workers that `analyzer` makes from `worker`.
    public func batchConfiguration(worker: Int, analyzer: Int) -> BatchConfiguration {
        nodes[worker].template.batch ?? nodes[analyzer].template.batch ?? BatchConfiguration()
    }
}

/// A declared event with its schema compiled.
public struct PlannedEvent: Sendable {
    public let declaration: EventDeclaration
    /// nil: any payload will do.
    public let schema: JSONSchema?

    init(_ declaration: EventDeclaration) {
        self.declaration = declaration
        schema = declaration.schema == [:] ? nil : try? JSONSchema(compiling: declaration.schema)
    }
}

extension EventDeclaration {
    /// As workers get it in `step_definition.publishes_events`.
    var json: JSONValue {
        [
            "name": .string(name), "description": description.map { .string($0) } ?? .null,
            "condition": .string(condition.rawValue), "delivery_mode": .string(deliveryMode.rawValue),
            "schema": schema, "publisher": publisher.map { .string($0) } ?? .null,
        ]
    }
}
