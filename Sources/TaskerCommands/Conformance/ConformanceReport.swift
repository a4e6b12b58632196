import TaskerProtocol

/// What became of each scenario.
struct ConformanceReport: Sendable {
    enum Status: String, Sendable {
        case passed, failed, excluded

        var mark: String {
            switch self {
            case .passed: "ok"
            case .failed: "FAILED"
            case .excluded: "excluded"
            }
        }
    }

    struct Outcome: Sendable {
        var transport: String
        var scenario: String
        var rule: String
        var status: Status
        var seconds: Double
        /// Why it failed or is excluded.
        var detail: String

        var json: JSONValue {
            [
                "transport": .string(transport), "scenario": .string(scenario), "rule": .string(rule),
                "status": .string(status.rawValue), "seconds": .number(seconds), "detail": .string(detail),
            ]
        }

        func row(_ style: Style) -> String {
            func padded(_ text: String, _ width: Int) -> String {
                text + String(repeating: " ", count: max(0, width - text.count))
            }
            let role: Style.Role = status == .passed ? .good : status == .failed ? .error : .dim
            let row =
                style(role, padded(status.mark, 8)) + "  \(padded(transport, 5))  \(padded(scenario, 44))  "
                + "\(padded(rule, 10))  \(seconds) s\n"
            let lines = detail.split(separator: "\n").map { "          \(TextTable.clean(String($0)))\n" }
            return row + lines.joined()
        }
    }

    var command: [String]
    var outcomes: [Outcome] = []

    var hasFailed: Bool { outcomes.contains { $0.status == .failed } }

    var summary: String {
        func count(_ status: Status) -> Int { outcomes.filter { $0.status == status }.count }
        let excluded = count(.excluded) > 0 ? ", \(count(.excluded)) excluded" : ""
        return "\(count(.passed)) passed, \(count(.failed)) failed\(excluded)"
    }

    var json: JSONValue {
        [
            "protocol": .string(WireProtocol.version), "command": .array(command.map { .string($0) }),
            "summary": .string(summary), "outcomes": .array(outcomes.map(\.json)),
        ]
    }
}
