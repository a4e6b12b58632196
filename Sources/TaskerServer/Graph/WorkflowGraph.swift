import TaskerEngine
import TaskerProtocol
import TaskerTemplates

/// What every picture of a task or template is drawn from. Its order is that of the template, then of creation: the same
/// task always gives the same bytes.
struct WorkflowGraph: Sendable {
    struct Node: Sendable {
        /// `n0`, `n1`, ...: no text of a user's is ever an identifier in a graph language.
        var id: String
        var name: String
        var type: StepType
        var handler: String
        /// nil: there is no row (yet), or the graph shows a template.
        var state: StepState?
        var attempts: Int = 0
        /// Drawn dashed: not created.
        var isDashed = false
    }

    struct Edge: Sendable, Hashable {
        /// Places among the nodes.
        var from: Int
        var to: Int
        var isDashed = false
    }

    var title: String
    var nodes: [Node]
    /// By child, then parent.
    var edges: [Edge]

    /// Nodes that a picture can have; more are only given as JSON.
    static let limit = 2000

    /// The steps as declared.
    init(_ template: TaskTemplate) {
        title = "\(template.namespace)/\(template.name) \(template.version)"
        nodes = template.steps.enumerated().map { index, step in
            Node(id: "n\(index)", name: step.name, type: step.type, handler: step.handler.callable)
        }
        let places = Dictionary(
            template.steps.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        edges = template.steps.enumerated().flatMap { index, step in
            step.dependencies.compactMap { places[$0] }.sorted().map { Edge(from: $0, to: index) }
        }
    }

    /// The rows there are, and dashed what has none.
    init(_ task: WorkflowTask) {
        let template = task.plan.template
        title = "\(template.namespace)/\(template.name) \(template.version) \(task.id)"
        nodes = task.steps.map { step in
            let declared = task.plan.nodes[step.node].template
            return Node(
                id: "n\(step.place)", name: step.name, type: declared.type, handler: declared.handler.callable,
                state: step.state, attempts: step.totalAttempts)
        }
        edges = task.steps.flatMap { step in step.parents.sorted().map { Edge(from: $0, to: step.place) } }
        var places: [Int: [Int]] = [:]
        for step in task.steps { places[step.node, default: []].append(step.place) }
        let missing = task.plan.nodes.indices.filter { places[$0] == nil }
        for index in missing {
            let declared = task.plan.nodes[index].template
            places[index] = [nodes.count]
            nodes.append(
                Node(
                    id: "n\(nodes.count)", name: declared.name, type: declared.type,
                    handler: declared.handler.callable, isDashed: true))
        }
        for index in missing {
            guard let place = places[index]?.first else { continue }
            for parent in task.plan.nodes[index].parents {
                edges += (places[parent] ?? []).map { Edge(from: $0, to: place, isDashed: true) }
            }
            // What exists already may still wait for it.
            for child in task.plan.nodes[index].children where !missing.contains(child) {
                edges += (places[child] ?? []).filter { task.waitsForUndecided($0) }
                    .map { Edge(from: place, to: $0, isDashed: true) }
            }
        }
    }

    /// Longest distance from a root, by node.
    var layers: [Int] {
        var waiting = [Int](repeating: 0, count: nodes.count)
        var children = [[Int]](repeating: [], count: nodes.count)
        for edge in edges {
            waiting[edge.to] += 1
            children[edge.from].append(edge.to)
        }
        var layers = [Int](repeating: 0, count: nodes.count)
        var ready = nodes.indices.filter { waiting[$0] == 0 }
        var head = 0
        while head < ready.count {
            let place = ready[head]
            head += 1
            for child in children[place] {
                layers[child] = max(layers[child], layers[place] + 1)
                waiting[child] -= 1
                if waiting[child] == 0 { ready.append(child) }
            }
        }
        return layers
    }

    var json: JSONValue {
        [
            "title": .string(title),
            "nodes": .array(
                nodes.map {
                    [
                        "id": .string($0.id), "name": .string($0.name), "step_type": .string($0.type.rawValue),
                        "handler": .string($0.handler), "state": .text($0.state?.rawValue),
                        "attempts": .number($0.attempts), "created": .bool(!$0.isDashed),
                    ]
                }),
            "edges": .array(
                edges.map {
                    [
                        "from": .string(nodes[$0.from].id), "to": .string(nodes[$0.to].id),
                        "dashed": .bool($0.isDashed),
                    ]
                }),
        ]
    }
}

/// Colours of the two themes, by what a state means.
struct GraphTheme: Sendable {
    enum Name: String, Sendable, CaseIterable {
        case light, dark
    }

    var name: Name
    var background: String { name == .light ? "#ffffff" : "#16191d" }
    var text: String { name == .light ? "#1b1f24" : "#e6e9ed" }
    var line: String { name == .light ? "#6b7480" : "#8b95a1" }

    func fill(_ state: StepState?) -> String {
        let isLight = name == .light
        return switch state {
        case .complete, .resolvedManually: isLight ? "#d7f2dd" : "#1f5130"
        case .error: isLight ? "#fbd9d7" : "#6b2420"
        case .cancelled: isLight ? "#e4e6e9" : "#3a4048"
        case .waitingForRetry: isLight ? "#fdeccb" : "#5c4512"
        case .inProgress, .enqueuedForOrchestration, .enqueuedAsErrorForOrchestration: isLight ? "#d5e7fd" : "#1c426e"
        case .enqueued: isLight ? "#e6effb" : "#24344a"
        case .pending, nil: isLight ? "#f5f6f8" : "#22272e"
        }
    }
}
