import TaskerEngine
import TaskerTemplates

/// Graphs in the languages of Mermaid and Graphviz.
enum GraphText {
    /// `graph TD`; labels are quoted, and everything that could end a label is written as an entity.
    static func mermaid(_ graph: WorkflowGraph, _ theme: GraphTheme) -> String {
        var lines = ["---", "title: \(quoted(graph.title))", "---", "graph TD"]
        for node in graph.nodes {
            let (open, close) = shape(node.type)
            lines.append("  \(node.id)\(open)\"\(label(node, escape: mermaidEscaped, newline: "<br/>"))\"\(close)")
        }
        for edge in graph.edges {
            lines.append("  \(graph.nodes[edge.from].id) \(edge.isDashed ? "-.->" : "-->") \(graph.nodes[edge.to].id)")
        }
        for node in graph.nodes {
            let dashes = node.isDashed ? ",stroke-dasharray:5 4" : ""
            lines.append(
                "  style \(node.id) fill:\(theme.fill(node.state)),stroke:\(theme.line),color:\(theme.text)\(dashes)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    static func dot(_ graph: WorkflowGraph, _ theme: GraphTheme) -> String {
        var lines = [
            "digraph workflow {", "  label=\"\(dotEscaped(graph.title))\";", "  bgcolor=\"\(theme.background)\";",
            "  node [shape=box, style=filled, fontname=\"sans-serif\", color=\"\(theme.line)\", fontcolor=\"\(theme.text)\"];",
            "  edge [color=\"\(theme.line)\"];",
        ]
        for node in graph.nodes {
            let shape =
                switch node.type {
                case .decision: "diamond"
                case .batchable, .deferredConvergence: "trapezium"
                case .batchWorker: "component"
                default: "box"
                }
            let style = node.isDashed ? "\"filled,dashed\"" : "filled"
            lines.append(
                "  \(node.id) [label=\"\(label(node, escape: dotEscaped, newline: "\\n"))\", shape=\(shape), style=\(style), fillcolor=\"\(theme.fill(node.state))\"];"
            )
        }
        for edge in graph.edges {
            lines.append(
                "  \(graph.nodes[edge.from].id) -> \(graph.nodes[edge.to].id)\(edge.isDashed ? " [style=dashed]" : "");"
            )
        }
        return lines.joined(separator: "\n") + "\n}\n"
    }

    // MARK: -

    private static func label(_ node: WorkflowGraph.Node, escape: (String) -> String, newline: String) -> String {
        var parts = [escape(node.name)]
        if let state = node.state { parts.append(escape(state.rawValue)) }
        if node.isDashed { parts.append("not created") }
        return parts.joined(separator: newline)
    }

    /// Rectangle, diamond, trapezoid, subroutine.
    private static func shape(_ type: StepType) -> (String, String) {
        switch type {
        case .decision: ("{", "}")
        case .batchable, .deferredConvergence: ("[/", "\\]")
        case .batchWorker: ("[[", "]]")
        default: ("[", "]")
        }
    }

    /// A YAML string: JSON's form is one.
    private static func quoted(_ text: String) -> String { "\"\(dotEscaped(text))\"" }

    private static func mermaidEscaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_", "-", ".", " ": escaped.unicodeScalars.append(scalar)
            default: escaped += scalar.value < 0x20 ? " " : "#\(scalar.value);"
            }
        }
        return escaped
    }

    private static func dotEscaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": escaped += "\\\(scalar)"
            default: escaped += scalar.value < 0x20 ? " " : String(scalar)
            }
        }
        return escaped
    }
}
