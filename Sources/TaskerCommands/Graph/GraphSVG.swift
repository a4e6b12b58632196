/// A picture without any tool: steps in rows by their distance from the start.
extension StepGraphView {
    var svg: String {
        let height = 40
        let rowHeight = 90
        let gap = 30
        func width(_ node: Node) -> Int { max(90, node.name.count * 8 + 40) }
        var rows = [[Int]](repeating: [], count: (layers.max() ?? -1) + 1)
        for (index, layer) in layers.enumerated() { rows[layer].append(index) }
        var centers = [(x: Int, y: Int)](repeating: (0, 0), count: nodes.count)
        let rowWidths = rows.map { row in row.reduce(0) { $0 + width(nodes[$1]) + gap } }
        let total = max(400, (rowWidths.max() ?? 0) + gap)
        for (layer, row) in rows.enumerated() {
            var x = (total - rowWidths[layer] + gap) / 2
            for index in row {
                centers[index] = (x + width(nodes[index]) / 2, 60 + layer * rowHeight + height / 2)
                x += width(nodes[index]) + gap
            }
        }
        let bottom = 60 + rows.count * rowHeight + 30
        var text = """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(total)" height="\(bottom)" viewBox="0 0 \(total) \(bottom)" \
            font-family="sans-serif" font-size="13">
            <title>\(Self.xml(title))</title>
            <defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" \
            orient="auto"><path d="M0 0L10 5L0 10z"/></marker></defs>
            <rect width="100%" height="100%" fill="white"/>
            <text x="\(total / 2)" y="30" text-anchor="middle" font-weight="bold">\(Self.xml(title))</text>

            """
        for edge in edges {
            let from = centers[edge.from]
            let to = centers[edge.to]
            let dashes = edge.isConditional ? " stroke-dasharray=\"5 4\"" : ""
            text +=
                "<line x1=\"\(from.x)\" y1=\"\(from.y + height / 2)\" x2=\"\(to.x)\" y2=\"\(to.y - height / 2)\" "
                + "stroke=\"black\"\(dashes) marker-end=\"url(#arrow)\"/>\n"
        }
        for (index, node) in nodes.enumerated() {
            let (x, y) = centers[index]
            text += Self.outline(node, x: x, y: y, width: width(node), height: height)
            text += "<text x=\"\(x)\" y=\"\(y + 5)\" text-anchor=\"middle\">\(Self.xml(node.name))</text>\n"
        }
        return text + "<text x=\"10\" y=\"\(bottom - 10)\" font-size=\"10\">\(Self.xml(Self.legend))</text>\n</svg>\n"
    }

    private static func outline(_ node: Node, x: Int, y: Int, width: Int, height: Int) -> String {
        let (left, right, top, bottom) = (x - width / 2, x + width / 2, y - height / 2, y + height / 2)
        let paint = "fill=\"#f5f8ff\" stroke=\"black\""
        switch node.shape {
        case .rectangle: return "<rect x=\"\(left)\" y=\"\(top)\" width=\"\(width)\" height=\"\(height)\" \(paint)/>\n"
        case .diamond: return "<polygon points=\"\(left),\(y) \(x),\(top) \(right),\(y) \(x),\(bottom)\" \(paint)/>\n"
        case .trapezoid:
            return
                "<polygon points=\"\(left),\(bottom) \(left + 14),\(top) \(right - 14),\(top) \(right),\(bottom)\" \(paint)/>\n"
        case .subroutine:
            return "<rect x=\"\(left)\" y=\"\(top)\" width=\"\(width)\" height=\"\(height)\" \(paint)/>\n"
                + "<path d=\"M\(left + 8) \(top)V\(bottom)M\(right - 8) \(top)V\(bottom)\" stroke=\"black\"/>\n"
        }
    }

    private static func xml(_ text: String) -> String {
        TextTable.clean(text).replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}
