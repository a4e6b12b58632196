import TaskerProtocol
import TaskerTemplates

/// Mermaid, DOT and JSON of a workflow. Names are data everywhere: quotes and control characters cannot break out.
extension StepGraphView {
    var mermaid: String {
        var text = "graph TD\n"
        for (index, node) in nodes.enumerated() {
            let label = "\"" + Self.mermaidText(node.name + (node.note.map { "<br/>" + $0 } ?? "")) + "\""
            let shape =
                switch node.shape {
                case .rectangle: "[\(label)]"
                case .diamond: "{\(label)}"
                case .trapezoid: "[/\(label)\\]"
                case .subroutine: "[[\(label)]]"
                }
            text += "    s\(index)\(shape)\n"
        }
        for edge in edges { text += "    s\(edge.from) \(edge.isConditional ? "-.->" : "-->") s\(edge.to)\n" }
        return text
    }

    private static func mermaidText(_ text: String) -> String {
        TextTable.clean(text).replacing("&", with: "&amp;").replacing("\"", with: "#quot;").replacing("<", with: "&lt;")
            .replacing("&lt;br/>", with: "<br/>").replacing("`", with: "#96;")
    }

    var dot: String {
        func quoted(_ text: String) -> String {
            "\"" + TextTable.clean(text).replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
        }
        var text = "digraph workflow {\n  rankdir=TB;\n  label=\(quoted(title));\n  node [fontname=\"sans-serif\"];\n"
        for (index, node) in nodes.enumerated() {
            let shape =
                switch node.shape {
                case .rectangle: "shape=box"
                case .diamond: "shape=diamond"
                case .trapezoid: "shape=trapezium"
                case .subroutine: "shape=box, peripheries=2"
                }
            let label = quoted(node.name + (node.note.map { " - " + $0 } ?? ""))
            text += "  s\(index) [label=\(label), \(shape)];\n"
        }
        for edge in edges { text += "  s\(edge.from) -> s\(edge.to)\(edge.isConditional ? " [style=dashed]" : "");\n" }
        return text + "}\n"
    }

    var json: JSONValue {
        [
            "title": .string(title),
            "nodes": .array(
                zip(nodes, layers).map { node, layer in
                    var members: [String: JSONValue] = [
                        "name": .string(node.name), "type": .string(node.type.rawValue), "layer": .number(layer),
                    ]
                    if let note = node.note { members["annotation"] = .string(note) }
                    return .object(members)
                }),
            "edges": .array(
                edges.map {
                    [
                        "from": .string(nodes[$0.from].name), "to": .string(nodes[$0.to].name),
                        "conditional": .bool($0.isConditional),
                    ]
                }),
        ]
    }

    /// Every step once, below the deepest step it waits for; what else it waits for stands beside it.
    var textTree: String {
        var children = [[Int]](repeating: [], count: nodes.count)
        var others = [[Int]](repeating: [], count: nodes.count)
        var parent = [Int?](repeating: nil, count: nodes.count)
        for edge in edges {
            guard let current = parent[edge.to] else {
                parent[edge.to] = edge.from
                continue
            }
            if layers[edge.from] > layers[current] {
                others[edge.to].append(current)
                parent[edge.to] = edge.from
            } else {
                others[edge.to].append(edge.from)
            }
        }
        for index in nodes.indices { if let parent = parent[index] { children[parent].append(index) } }
        var text = TextTable.clean(title) + "\n"
        let roots = nodes.indices.filter { parent[$0] == nil }
        // A stack, not recursion: a chain may be thousands of steps long.
        var stack: [(node: Int, prefix: String, isLast: Bool)] = roots.enumerated().reversed()
            .map { ($1, "", $0 == roots.count - 1) }
        while let (index, prefix, isLast) = stack.popLast() {
            let node = nodes[index]
            let type = node.type == .standard ? "" : " (\(node.type.rawValue))"
            let also =
                others[index].isEmpty
                ? "" : "  also after: " + others[index].map { nodes[$0].name }.joined(separator: ", ")
            let note = node.note.map { "  " + $0 } ?? ""
            text += TextTable.clean(prefix + (isLast ? "`- " : "|- ") + node.name + type + also + note) + "\n"
            // Deep chains are not indented for ever.
            let inner = prefix.count >= 120 ? prefix : prefix + (isLast ? "   " : "|  ")
            let own = children[index]
            for (position, child) in own.enumerated().reversed() {
                stack.append((child, inner, position == own.count - 1))
            }
        }
        return text
    }
}
