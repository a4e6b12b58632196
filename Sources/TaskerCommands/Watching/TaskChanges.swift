import TaskerProtocol

/// One thing that happened to a task, for people and for programs.
struct TaskChange: Sendable, Hashable {
    var text: String
    var json: JSONValue
}

/// Tells from summaries and events what changed, each change once.
struct TaskChanges {
    private var states: [String: String] = [:]
    private var status: String?
    /// Up to when the last summary tells.
    private var seen = ""

    /// What the summary shows that no event has told: all of it at first.
    mutating func take(summary: JSONValue) -> [TaskChange] {
        var changes: [TaskChange] = []
        for step in summary["steps"]?.arrayValue ?? [] {
            let name = step.cell("name")
            let now = step.cell("current_state")
            let before = states.updateValue(now, forKey: name)
            if before != now { changes.append(Self.change(name, before, now, step["attempts"] ?? .null)) }
        }
        let now = summary["task"]?.cell("status") ?? "-"
        if status != now { changes.append(Self.change(nil, status, now, .null)) }
        status = now
        // Times of one form compare as texts do.
        seen = max(seen, summary["task"]?["updated_at"]?.stringValue ?? "")
        return changes
    }

    /// - Returns: nil for what a summary has shown already.
    mutating func take(event: JSONValue) -> TaskChange? {
        let at = event["at"]?.stringValue ?? ""
        let step = event["step_name"]?.stringValue
        let now = event["to_state"]?.stringValue
        let known = step.map { states[$0] } ?? status
        if at < seen || at == seen && now == known { return nil }
        if let now {
            if let step { states[step] = now } else { status = now }
        }
        return TaskChange(text: Self.text(event, after: known), json: event)
    }

    /// - Parameter known: the state that was told last; an event may begin at one of a moment.
    private static func text(_ event: JSONValue, after known: String?) -> String {
        let subject = event["step_name"]?.stringValue ?? "task"
        let from = known ?? event["from_state"]?.stringValue
        guard let to = event["to_state"]?.stringValue, from != to else {
            return TextTable.clean("\(subject)  \(event.cell("type"))")
        }
        var text = "\(subject)  \(from.map { $0 + " -> " } ?? "")\(to)"
        if let attempt = event["attempt"]?.integerValue, attempt > 1 { text += "  attempt \(attempt)" }
        // Of a task it is the engine's own name for the cause.
        if event["step_name"] != nil, let detail = event["detail"]?.stringValue { text += "  \(detail)" }
        return TextTable.clean(text)
    }

    private static func change(
        _ step: String?, _ before: String?, _ now: String, _ attempts: JSONValue
    ) -> TaskChange {
        var event: [String: JSONValue] = [
            "type": .string(step == nil ? "task.state" : "step.state"), "to_state": .string(now),
            "from_state": before.map { .string($0) } ?? .null,
        ]
        if let step {
            event["step_name"] = .string(step)
            event["attempts"] = attempts
        }
        let text = "\(step ?? "task")  \(before.map { $0 + " -> " } ?? "")\(now)"
        return TaskChange(text: TextTable.clean(text), json: .object(event))
    }
}
