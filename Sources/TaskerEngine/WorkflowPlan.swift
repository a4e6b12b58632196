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
    }

    public let template: TaskTemplate
    /// SHA-256 of the canonical JSON, in hexadecimal: the key under which store and caches share one plan.
    public let hash: String
    /// In template order.
    public let nodes: [Node]
    private let places: [String: Int]

    /// - Parameter template: resolved for its environment, and valid (no cycles, every dependency names a step).
    /// - Parameter hash: `template.hash`, passed in by those who already know it.
    public init(template: TaskTemplate, hash: String) {
        self.template = template
        self.hash = hash
        var places: [String: Int] = [:]
        for (index, step) in template.steps.enumerated() { places[step.name] = index }
        var children = [[Int]](repeating: [], count: template.steps.count)
        let parents = template.steps.enumerated().map { index, step in
            let own = step.dependencies.compactMap { places[$0] }.sorted()
            for parent in own { children[parent].append(index) }
            return own
        }
        nodes = template.steps.enumerated().map { index, step in
            Node(
                template: step, parents: parents[index], children: children[index],
                initialization: RawJSON(step.handler.initialization),
                publishesEvents: RawJSON(.array(step.publishesEvents.map(\.json))))
        }
        self.places = places
    }

    public func place(of step: String) -> Int? { places[step] }
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
