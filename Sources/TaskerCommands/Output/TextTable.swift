/// Aligned columns without borders, headings in capitals.
public struct TextTable: Sendable {
    public var headings: [String]
    public private(set) var rows: [[String]] = []

    public init(_ headings: [String]) { self.headings = headings.map { $0.uppercased() } }
    public init(_ headings: String...) { self.init(headings) }

    public mutating func add(_ cells: [String]) { rows.append(cells.map(Self.clean)) }
    public mutating func add(_ cells: String...) { add(cells) }

    /// Text of workers and files may hold anything; a terminal obeys control characters.
    public static func clean(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control: if scalar == "\n" || scalar == "\t" { scalars.append(" ") }
            case .format, .surrogate, .lineSeparator, .paragraphSeparator: break
            default: scalars.append(scalar)
            }
        }
        return String(scalars)
    }

    /// - Parameter width: the last column is cut to fit; nil: unlimited.
    public func text(width: Int? = nil, style: Style = Style(isOn: false)) -> String {
        lines(width: width).enumerated().map { number, line in
            (number == 0 ? style(.heading, line) : line) + "\n"
        }.joined()
    }

    /// The headings, then the rows.
    func lines(width: Int? = nil) -> [String] {
        var widths = headings.map(\.count)
        for row in rows { for (index, cell) in row.enumerated() { widths[index] = max(widths[index], cell.count) } }
        func line(_ cells: [String]) -> String {
            var text = ""
            for (index, cell) in cells.enumerated() {
                if index == cells.count - 1 {
                    text += cell
                } else {
                    text += cell + String(repeating: " ", count: widths[index] - cell.count + 2)
                }
            }
            while text.last == " " { text.removeLast() }
            guard let width, width > 3, text.count > width else { return text }
            return text.prefix(width - 3) + "..."
        }
        return [line(headings)] + rows.map(line)
    }
}
