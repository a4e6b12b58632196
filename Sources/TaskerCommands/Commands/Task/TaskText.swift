import TaskerProtocol

/// Tasks and steps as people read them.
struct TaskText {
    var now: Double
    var style: Style

    init(_ context: CommandContext) {
        now = context.host.now()
        style = context.printer.style
    }

    static func progress(_ task: JSONValue) -> String {
        "\(task["completed_steps"]?.integerValue ?? 0)/\(task["total_steps"]?.integerValue ?? 0)"
    }

    func tasks(_ tasks: [JSONValue]) -> TextTable {
        var table = TextTable("id", "name", "version", "status", "steps", "created")
        for task in tasks {
            table.add(
                task.cell("task_uuid"), "\(task.cell("namespace"))/\(task.cell("name"))", task.cell("version"),
                task.cell("status"), Self.progress(task), RelativeTime.text(task["created_at"], now: now))
        }
        return table
    }

    func task(_ task: JSONValue) -> String {
        var rows = [
            ("Task", task.cell("task_uuid")),
            ("Template", "\(task.cell("namespace"))/\(task.cell("name"))@\(task.cell("version"))"),
            ("Status", task.cell("status")), ("Steps", "\(Self.progress(task)) complete"),
            ("Created", RelativeTime.text(task["created_at"], now: now)),
        ]
        for (label, name) in [("Failed steps", "failed_steps"), ("Waiting to retry", "waiting_retry_steps")] {
            if let count = task[name]?.integerValue, count > 0 { rows.append((label, "\(count)")) }
        }
        for (label, name) in [("Completed", "completed_at"), ("Next retry", "next_retry_at")]
        where task[name]?.stringValue != nil {
            rows.append((label, RelativeTime.text(task[name], now: now)))
        }
        for (label, name) in [
            ("Priority", "priority"), ("Reason", "reason"), ("Initiator", "initiator"), ("Tags", "tags"),
            ("Correlation", "correlation_id"), ("Advice", "recommended_action"),
        ] where task[name].map({ $0 != .null && $0 != [] }) ?? false {
            rows.append((label, task.cell(name)))
        }
        var text = Self.pairs(rows)
        if let steps = task["steps"]?.arrayValue, !steps.isEmpty {
            text += "\n" + self.steps(steps, withWorkers: false).text(style: style)
        }
        return text
    }

    /// - Parameter withWorkers: false for the steps inside a task, which do not name theirs.
    func steps(_ steps: [JSONValue], withWorkers: Bool = true) -> TextTable {
        let worker = withWorkers ? ["worker"] : []
        var table = TextTable(["step", "state", "attempts", "type"] + worker + ["last attempt"])
        for step in steps {
            table.add(
                [step.cell("name"), step.cell("current_state"), Self.attempts(step), step.cell("step_type")]
                    + worker.map { _ in step.cell("worker_id") }
                    + [RelativeTime.text(step["last_attempted_at"], now: now)])
        }
        return table
    }

    private static func attempts(_ step: JSONValue) -> String {
        "\(step["attempts"]?.integerValue ?? 0)/\(step["max_attempts"]?.integerValue ?? 0)"
    }

    func step(_ step: JSONValue) -> String {
        var rows = [
            ("Step", step.cell("name")), ("Id", step.cell("step_uuid")), ("Task", step.cell("task_uuid")),
            ("State", step.cell("current_state")), ("Type", step.cell("step_type")),
            ("Attempts", Self.attempts(step)), ("Queue", step.cell("queue")), ("Worker", step.cell("worker_id")),
            ("After", step.cell("parents")), ("Before", step.cell("children")),
        ]
        for (label, name) in [
            ("Last attempt", "last_attempted_at"), ("Last failure", "last_failure_at"), ("Next retry", "next_retry_at"),
            ("Completed", "completed_at"),
        ] where step[name]?.stringValue != nil {
            rows.append((label, RelativeTime.text(step[name], now: now)))
        }
        var text = Self.pairs(rows)
        if let results = step["results"], results != .null {
            text += "\nResult:\n" + Self.block(JSONText.indented(results))
        }
        return text
    }

    func audit(_ entries: [JSONValue]) -> TextTable {
        var table = TextTable("recorded", "attempt", "disposition", "from", "to", "ms", "worker or actor", "reason")
        for one in entries {
            let who = one["actor"].map { $0.isNull ? one.cell("worker_uuid") : JSONValue.shown($0) }
            table.add(
                RelativeTime.text(one["recorded_at"], now: now), one.cell("attempt"), one.cell("disposition"),
                one.cell("from_state"), one.cell("to_state"), one.cell("execution_time_ms"),
                who ?? one.cell("worker_uuid"), one.cell("reason"))
        }
        return table
    }

    // MARK: - Layout

    static func pairs(_ rows: [(String, String)]) -> String {
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { label, value in
            label + ":" + String(repeating: " ", count: width - label.count + 2) + TextTable.clean(value) + "\n"
        }.joined()
    }

    static func block(_ text: String) -> String {
        text.split(separator: "\n").map { "  " + TextTable.clean(String($0)) + "\n" }.joined()
    }
}
