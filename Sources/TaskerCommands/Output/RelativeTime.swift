import TaskerProtocol

/// Instants as people read them.
enum RelativeTime {
    /// `3m ago`, `in 5s`; the text itself where it is no time, `-` for none.
    static func text(_ value: JSONValue?, now: Double) -> String {
        guard let text = value?.stringValue else { return "-" }
        guard let time = Timestamp(text) else { return text }
        let milliseconds = Int64(now * 1000) - time.milliseconds
        return milliseconds >= 0 ? span(milliseconds) + " ago" : "in " + span(-milliseconds)
    }

    /// `01:05`, `75:00`
    static func clock(_ seconds: Int) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(max(0, seconds) / 60)):\(two(max(0, seconds) % 60))"
    }

    /// `4s`, `3m`, `2h`, `5d`.
    static func span(_ milliseconds: Int64) -> String {
        let seconds = milliseconds / 1000
        switch seconds {
        case ..<120: return "\(seconds)s"
        case ..<7200: return "\(seconds / 60)m"
        case ..<172_800: return "\(seconds / 3600)h"
        default: return "\(seconds / 86_400)d"
        }
    }
}

/// JSON as cells of a table.
extension JSONValue {
    /// The text without quotes; `-` for nothing.
    func cell(_ name: String) -> String { Self.shown(self[name]) }

    static func shown(_ value: JSONValue?) -> String {
        switch value {
        case nil, .null: "-"
        case .string(let text): text.isEmpty ? "-" : text
        case .array(let items): items.isEmpty ? "-" : items.map { shown($0) }.joined(separator: ", ")
        case let value?: value.canonicalText
        }
    }
}
