/// Colours of one stream, or none. Never the only sign of anything.
public struct Style: Sendable, Hashable {
    public enum Role: String, Sendable {
        case error = "31;1"
        case warning = "33"
        case good = "32"
        case hint = "36"
        case heading = "1"
        case dim = "2"
    }

    public var isOn: Bool

    public init(isOn: Bool) { self.isOn = isOn }

    /// `--color`, then NO_COLOR and TERM, then whether it is a terminal.
    public init(choice: GlobalOptions.ColorChoice, isTerminal: Bool, environment: [String: String]) {
        switch choice {
        case .always: isOn = true
        case .never: isOn = false
        case .auto:
            isOn = isTerminal && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
        }
    }

    public func callAsFunction(_ role: Role, _ text: String) -> String {
        isOn ? "\u{1B}[\(role.rawValue)m\(text)\u{1B}[0m" : text
    }
}
