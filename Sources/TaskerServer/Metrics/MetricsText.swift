import TaskerOrchestrator

/// Prometheus' text format 0.0.4.
struct MetricsText {
    private(set) var text = ""

    enum Kind: String {
        case counter, gauge, histogram
    }

    private mutating func head(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: Double?) {
        head(name, kind, help)
        // A value that is not known is left out, never 0.
        if let value { text += "\(name) \(Self.number(value))\n" }
    }

    mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: Int) {
        single(name, kind, help, Double(value))
    }

    /// - Parameter rows: values of the labels, in the order of their names.
    mutating func family(
        _ name: String, _ kind: Kind, _ help: String, labels: [String], _ rows: [(values: [String], value: Double)]
    ) {
        head(name, kind, help)
        for row in rows.sorted(by: { $0.values.lexicographicallyPrecedes($1.values) }) {
            let pairs = zip(labels, row.values).map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",")
            text += "\(name){\(pairs)} \(Self.number(row.value))\n"
        }
    }

    mutating func family(_ name: String, _ kind: Kind, _ help: String, label: String, _ rows: [String: Int]) {
        family(name, kind, help, labels: [label], rows.map { ([$0.key], Double($0.value)) })
    }

    mutating func histogram(_ name: String, _ help: String, _ histogram: Histogram) {
        head(name, .histogram, help)
        var total = 0
        for (bound, count) in zip(Histogram.bounds, histogram.counts) {
            total += count
            text += "\(name)_bucket{le=\"\(Self.number(bound))\"} \(total)\n"
        }
        text += "\(name)_bucket{le=\"+Inf\"} \(histogram.count)\n"
        text += "\(name)_sum \(Self.number(histogram.sum))\n\(name)_count \(histogram.count)\n"
    }

    private static func number(_ value: Double) -> String {
        value.rounded() == value && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
