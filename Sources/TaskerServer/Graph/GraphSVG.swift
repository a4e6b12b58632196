import TaskerEngine
import TaskerTemplates

/// A graph as SVG: one row of boxes per layer. No script, no style sheet, nothing from elsewhere.
struct GraphSVG {
    private static let (width, height, gapX, gapY, margin) = (200, 56, 28, 56, 24)

    let graph: WorkflowGraph
    let theme: GraphTheme

    func render() -> String {
        var rows: [[Int]] = []
        for (place, layer) in graph.layers.enumerated() {
            while rows.count <= layer { rows.append([]) }
            rows[layer].append(place)
        }
        let widest = max(1, rows.map(\.count).max() ?? 1)
        let total = widest * Self.width + (widest - 1) * Self.gapX + 2 * Self.margin
        let depth = max(1, rows.count)
        let tall = depth * Self.height + (depth - 1) * Self.gapY + 2 * Self.margin
        var corners = [(x: Int, y: Int)](repeating: (0, 0), count: graph.nodes.count)
        for (layer, row) in rows.enumerated() {
            let wide = row.count * Self.width + (row.count - 1) * Self.gapX
            for (index, place) in row.enumerated() {
                corners[place] = (
                    (total - wide) / 2 + index * (Self.width + Self.gapX),
                    Self.margin + layer * (Self.height + Self.gapY)
                )
            }
        }
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(total)\" height=\"\(tall)\" viewBox=\"0 0 \(total) \(tall)\" role=\"img\" font-family=\"sans-serif\" font-size=\"13\">",
            "<title>\(Self.escaped(graph.title))</title>",
            "<rect width=\"\(total)\" height=\"\(tall)\" fill=\"\(theme.background)\"/>",
        ]
        for edge in graph.edges { lines.append(path(from: corners[edge.from], to: corners[edge.to], edge.isDashed)) }
        for (place, node) in graph.nodes.enumerated() { lines.append(box(node, corners[place].x, corners[place].y)) }
        return lines.joined(separator: "\n") + "\n</svg>\n"
    }

    private func path(from: (x: Int, y: Int), to: (x: Int, y: Int), _ isDashed: Bool) -> String {
        let (x1, y1) = (from.x + Self.width / 2, from.y + Self.height)
        let (x2, y2) = (to.x + Self.width / 2, to.y)
        let middle = (y1 + y2) / 2
        let dashes = isDashed ? " stroke-dasharray=\"5 4\"" : ""
        let line =
            "<path d=\"M\(x1) \(y1) C\(x1) \(middle) \(x2) \(middle) \(x2) \(y2 - 6)\" fill=\"none\" stroke=\"\(theme.line)\"\(dashes)/>"
        return line
            + "<path d=\"M\(x2 - 4) \(y2 - 7) L\(x2 + 4) \(y2 - 7) L\(x2) \(y2) Z\" fill=\"\(theme.line)\"/>"
    }

    private func box(_ node: WorkflowGraph.Node, _ x: Int, _ y: Int) -> String {
        let state = node.isDashed ? "not created" : node.state?.rawValue ?? node.type.rawValue
        let title = "\(node.name): \(state), \(node.type.rawValue), handler \(node.handler)"
        let style =
            "fill=\"\(theme.fill(node.state))\" stroke=\"\(theme.line)\"\(node.isDashed ? " stroke-dasharray=\"5 4\"" : "")"
        let middle = x + Self.width / 2
        return "<g><title>\(Self.escaped(title))</title>\(shape(node.type, x, y, style))"
            + "<text x=\"\(middle)\" y=\"\(y + 25)\" text-anchor=\"middle\" fill=\"\(theme.text)\">\(Self.escaped(Self.short(node.name)))</text>"
            + "<text x=\"\(middle)\" y=\"\(y + 43)\" text-anchor=\"middle\" fill=\"\(theme.line)\" font-size=\"11\">\(Self.escaped(state))</text></g>"
    }

    /// The same shapes as in Mermaid; a diamond around a long name would be too wide, so its sides are only slanted.
    private func shape(_ type: StepType, _ x: Int, _ y: Int, _ style: String) -> String {
        let (right, bottom) = (x + Self.width, y + Self.height)
        switch type {
        case .decision:
            let middle = y + Self.height / 2
            return
                "<polygon points=\"\(x),\(middle) \(x + 18),\(y) \(right - 18),\(y) \(right),\(middle) \(right - 18),\(bottom) \(x + 18),\(bottom)\" \(style)/>"
        case .batchable, .deferredConvergence:
            return "<polygon points=\"\(x + 14),\(y) \(right - 14),\(y) \(right),\(bottom) \(x),\(bottom)\" \(style)/>"
        case .batchWorker:
            return "<rect x=\"\(x)\" y=\"\(y)\" width=\"\(Self.width)\" height=\"\(Self.height)\" \(style)/>"
                + "<path d=\"M\(x + 8) \(y) V\(bottom) M\(right - 8) \(y) V\(bottom)\" stroke=\"\(theme.line)\"/>"
        default:
            return "<rect x=\"\(x)\" y=\"\(y)\" width=\"\(Self.width)\" height=\"\(Self.height)\" rx=\"6\" \(style)/>"
        }
    }

    private static func short(_ name: String) -> String { name.count > 26 ? "\(name.prefix(25))…" : name }

    static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            // Control characters cannot be written in XML 1.0 at all.
            default:
                escaped +=
                    scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF ? " " : String(scalar)
            }
        }
        return escaped
    }
}
