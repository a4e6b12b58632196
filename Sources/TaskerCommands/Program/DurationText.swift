/// Durations as people write them.
public enum DurationText {
    /// `500ms`, `30s`, `5m`, `2h`; a bare number is refused because its unit would be a guess.
    public static func parse(_ text: String, for flag: String) throws(CommandError) -> Duration {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let number = Double(digits), number > 0, number <= 1e9 else { throw refusal(text, flag) }
        switch text.dropFirst(digits.count) {
        case "ms": return .milliseconds(number)
        case "s": return .seconds(number)
        case "m": return .seconds(number * 60)
        case "h": return .seconds(number * 3600)
        default: throw refusal(text, flag)
        }
    }

    private static func refusal(_ text: String, _ flag: String) -> CommandError {
        .usage("'\(text)' is no duration for \(flag)", hint: "write a number with its unit: 500ms, 30s, 5m, 2h")
    }
}
