import TaskerProtocol

/// JSON values as literals of a language, on one line where they fit and else with one element a line.
struct LiteralLayout: Sendable {
    struct List {
        var open: String
        var items: [String]
        /// Between items on one line; without the blank at the end of a line.
        var separator: String
    }

    /// Blanks of one level.
    var step: Int
    var limit = 120
    /// What stands around members, on one line.
    var object: (open: String, close: String, empty: String)
    /// Whether the last element of several lines has a comma.
    var hasLastComma: Bool
    /// A key and what follows it.
    var key: @Sendable (String) -> String
    var scalar: @Sendable (JSONValue) -> String
    /// A form of its own for some lists.
    var words: @Sendable ([JSONValue]) -> List? = { _ in nil }

    /// - Parameters:
    ///   - indent: of the line that the value begins on.
    ///   - used: columns of that line that are taken, those after the value included.
    func text(_ value: JSONValue, indent: Int = 0, used: Int = 0) -> String {
        let short = oneLine(value)
        if used + short.count <= limit { return short }
        let inner = indent + step
        let pad = String(repeating: " ", count: inner)
        let end = "\n" + String(repeating: " ", count: indent)
        switch value {
        case .object(let members) where !members.isEmpty:
            let lines = members.sorted { $0.key < $1.key }.map { name, value in
                let key = key(name)
                return pad + key + text(value, indent: inner, used: inner + key.count + 1)
            }
            return opening(object.open) + joined(lines) + end + object.close.filter { $0 != " " }
        case .array(let items) where !items.isEmpty:
            if let list = words(items) {
                let separator = list.separator.filter { $0 != " " } + "\n"
                return opening(list.open) + list.items.map { pad + $0 }.joined(separator: separator) + end + "]"
            }
            return opening("[") + joined(items.map { pad + text($0, indent: inner, used: inner + 1) }) + end + "]"
        default: return short
        }
    }

    private func opening(_ mark: String) -> String { mark.filter { $0 != " " } + "\n" }

    private func joined(_ lines: [String]) -> String {
        lines.joined(separator: ",\n") + (hasLastComma ? "," : "")
    }

    func oneLine(_ value: JSONValue) -> String {
        switch value {
        case .object(let members) where members.isEmpty: return object.empty
        case .object(let members):
            let texts = members.sorted { $0.key < $1.key }.map { key($0) + oneLine($1) }
            return object.open + texts.joined(separator: ", ") + object.close
        case .array(let items):
            let list = words(items) ?? List(open: "[", items: items.map(oneLine), separator: ", ")
            return list.open + list.items.joined(separator: list.separator) + "]"
        default: return scalar(value)
        }
    }
}
