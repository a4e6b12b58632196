/// JSON pointers (RFC 6901).
enum JSONPointer {
    static func text(_ tokens: some Sequence<String>) -> String {
        tokens.map { "/" + escape($0) }.joined()
    }

    static func escape(_ token: String) -> String {
        guard token.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return token }
        return token.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "~": result += "~0"
            case "/": result += "~1"
            default: result.unicodeScalars.append(scalar)
            }
        }
    }

    static func unescape(_ token: some StringProtocol) -> String {
        var result = String.UnicodeScalarView()
        var isEscaped = false
        for scalar in token.unicodeScalars {
            if isEscaped {
                isEscaped = false
                switch scalar {
                case "0": result.append("~")
                case "1": result.append("/")
                default: result.append(contentsOf: ["~", scalar])
                }
            } else if scalar == "~" {
                isEscaped = true
            } else {
                result.append(scalar)
            }
        }
        if isEscaped { result.append("~") }
        return String(result)
    }

    /// The pointer of each of the wanted places in a tree. Very long ones are left out.
    static func pointers(of wanted: Set<Position>, in root: Node) -> [Position: String] {
        var found: [Position: String] = [:]
        func visit(_ node: Node, _ path: String) {
            guard path.utf8.count <= 2_000 else { return }
            if wanted.contains(node.position) { found[node.position] = path }
            switch node.content {
            case .mapping(let entries):
                for entry in entries {
                    let inner = path + "/" + escape(entry.key)
                    if wanted.contains(entry.keyPosition) { found[entry.keyPosition] = inner }
                    visit(entry.value, inner)
                }
            case .sequence(let items):
                for (index, item) in items.enumerated() { visit(item, path + "/\(index)") }
            default: break
            }
        }
        visit(root, "")
        return found
    }
}
