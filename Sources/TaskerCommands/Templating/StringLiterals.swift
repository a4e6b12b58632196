/// Values as literals of the languages that code is generated for: whatever the value holds, it stays a value.
public enum StringLiterals {
    public static func python(_ text: String) -> String { quoted(text) { "\\U" + hex($0, 8) } }
    public static func typescript(_ text: String) -> String {
        quoted(text, quote: "'") { $0 > 0xFFFF ? "\\u{\(hex($0, 1))}" : "\\u" + hex($0, 4) }
    }
    public static func rust(_ text: String) -> String { quoted(text) { "\\u{\(hex($0, 1))}" } }
    public static func swift(_ text: String) -> String { quoted(text) { "\\u{\(hex($0, 1))}" } }

    /// Single quotes know no interpolation and two escapes only; anything beyond ASCII letters takes double quotes.
    public static func ruby(_ text: String) -> String {
        if text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value < 0x7F }) {
            return "'" + text.map { $0 == "'" || $0 == "\\" ? "\\\($0)" : String($0) }.joined() + "'"
        }
        return quoted(text, also: ["#"]) { "\\u{\(hex($0, 1))}" }
    }

    private static func quoted(
        _ text: String, quote: Unicode.Scalar = "\"", also: Set<Unicode.Scalar> = [], escape: (UInt32) -> String
    ) -> String {
        var result = String(quote)
        for scalar in text.unicodeScalars {
            switch scalar {
            case quote, "\\": result += "\\" + String(scalar)
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where also.contains(scalar): result += "\\" + String(scalar)
            case _ where scalar.value < 0x20 || scalar.value >= 0x7F: result += escape(scalar.value)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + String(quote)
    }

    private static func hex(_ value: UInt32, _ digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
