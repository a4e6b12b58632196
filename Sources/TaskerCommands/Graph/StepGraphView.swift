import TaskerTemplates

/// What a picture of a workflow shows: nodes and edges, from a template; a task adds states.
struct StepGraphView: Sendable {
    enum Shape: Sendable {
        case rectangle, diamond, trapezoid, subroutine
    }

    struct Node: Sendable {
        var name: String
        var type: StepType
        var note: String?

        var shape: Shape {
            switch type {
            case .standard: .rectangle
            case .decision: .diamond
            case .deferredConvergence, .batchable: .trapezoid
            case .batchWorker: .subroutine
            }
        }
    }

    struct Edge: Sendable, Hashable {
        var from: Int
        var to: Int
        /// Exists only when it is chosen at run time.
        var isConditional: Bool
    }

    var title: String
    var nodes: [Node]
    var edges: [Edge]
    /// Longest path from a root, per node.
    var layers: [Int]
    /// Work done while building: grows with nodes and edges only.
    private(set) var operations = 0

    init(_ template: TaskTemplate, notes: [String: String] = [:]) {
        title = "\(template.namespace)/\(template.name) \(template.version)"
        nodes = template.steps.map { Node(name: $0.name, type: $0.type, note: notes[$0.name]) }
        var index: [String: Int] = [:]
        for (position, step) in template.steps.enumerated() { index[step.name] = position }
        edges = []
        var successors = [[Int]](repeating: [], count: nodes.count)
        var waiting = [Int](repeating: 0, count: nodes.count)
        for (to, step) in template.steps.enumerated() {
            for name in step.dependencies {
                guard let from = index[name] else { continue }
                let conditional = template.steps[from].type == .decision || step.type == .batchWorker
                edges.append(Edge(from: from, to: to, isConditional: conditional))
                successors[from].append(to)
                waiting[to] += 1
                operations += 1
            }
        }
        // Kahn's order, so that each edge is looked at once.
        layers = [Int](repeating: 0, count: nodes.count)
        var ready = waiting.indices.filter { waiting[$0] == 0 }
        var position = 0
        while position < ready.count {
            let node = ready[position]
            position += 1
            operations += 1
            for next in successors[node] {
                operations += 1
                layers[next] = max(layers[next], layers[node] + 1)
                waiting[next] -= 1
                if waiting[next] == 0 { ready.append(next) }
            }
        }
    }

    static let legend =
        "rectangle: standard; diamond: decision; trapezoid: deferred or batchable; double sides: batch worker; "
        + "dashed: only when chosen at run time"
}
