import TaskerProtocol

/// The steps of a task as a tree, drawn over in place: what runs, what waits, how far it is.
struct LiveTable {
    private let context: CommandContext
    private let start: Double
    private var summary: JSONValue?
    /// Widths of the lines on the screen.
    private var drawn: [Int] = []

    init(_ context: CommandContext) {
        self.context = context
        start = context.host.now()
    }

    mutating func show(_ summary: JSONValue) throws {
        self.summary = summary
        try draw(isLast: false)
    }

    /// Clocks go on, and the window may have another size.
    mutating func tick() throws {
        if summary != nil { try draw(isLast: false) }
    }

    /// All steps, however many rows they take: nothing is drawn over them any more.
    mutating func finish() throws {
        if summary != nil { try draw(isLast: true) }
        drawn = []
    }

    private mutating func draw(isLast: Bool) throws {
        guard let summary else { return }
        let size = context.host.screen() ?? TerminalSize(columns: context.host.terminalWidth ?? 80, rows: 24)
        let page = TaskPage(summary, now: context.host.now(), style: context.printer.style)
        let lines = page.lines(
            elapsed: Int(context.host.now() - start), columns: size.columns - 1,
            rows: isLast ? nil : max(4, size.rows - 1))
        // A terminal that became narrower has broken the lines it shows.
        let up = drawn.reduce(0) { $0 + max(1, ($1 + size.columns - 1) / size.columns) }
        var text = "\r" + (up > 0 ? "\u{1B}[\(up)A" : "")
        for line in lines { text += line.text + "\u{1B}[K\n" }
        try context.printer.write(text + "\u{1B}[J")
        drawn = lines.map(\.width)
    }
}

/// A task on the screen of a terminal.
struct TaskPage {
    struct Line {
        var text: String
        /// Columns, without what only colours.
        var width: Int
    }

    private let summary: JSONValue
    private let now: Double
    private let style: Style

    init(_ summary: JSONValue, now: Double, style: Style) {
        self.summary = summary
        self.now = now
        self.style = style
    }

    /// - Parameter rows: the most there may be; nil: as many as there are.
    func lines(elapsed: Int, columns: Int, rows: Int?) -> [Line] {
        let task = summary["task"] ?? .null
        func line(_ text: String, _ role: Style.Role? = nil) -> Line {
            let clean = TextTable.clean(text)
            let cut = clean.count > columns ? String(clean.prefix(max(1, columns))) : clean
            return Line(text: role.map { style($0, cut) } ?? cut, width: cut.count)
        }
        var lines = [
            line(
                "\(task.cell("namespace"))/\(task.cell("name"))@\(task.cell("version"))  \(task.cell("task_uuid"))",
                .heading),
            line("\(task.cell("status"))  \(bar)  \(TaskText.progress(task)) steps  \(RelativeTime.clock(elapsed))"),
            line(""),
        ]
        let all = summary["steps"]?.arrayValue ?? []
        let shown = Self.chosen(all, atMost: rows.map { $0 - lines.count - 1 })
        let depths = StepDepths(summary)
        var table = TextTable("step", "state", "attempts", "time", "error")
        for index in shown {
            let step = all[index]
            let name = step.cell("name")
            table.add(
                String(repeating: "  ", count: depths.depth(of: name)) + name, step.cell("current_state"),
                "\(step.cell("attempts"))/\(step.cell("max_attempts"))", time(step),
                step["error"]?.cell("error_type") ?? "-")
        }
        for (number, text) in table.lines().enumerated() {
            lines.append(line(text, number == 0 ? .heading : Self.role(all[shown[number - 1]].cell("current_state"))))
        }
        if shown.count < all.count { lines.append(line("... and \(all.count - shown.count) more steps", .dim)) }
        return lines
    }

    private var bar: String {
        let task = summary["task"] ?? .null
        let total = max(1, Int(task["total_steps"]?.integerValue ?? 0))
        let done = min(total, max(0, Int(task["completed_steps"]?.integerValue ?? 0)))
        let filled = done * 20 / total
        return "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: 20 - filled) + "]"
    }

    /// How long a step has run, or its handler took.
    private func time(_ step: JSONValue) -> String {
        if step.cell("current_state") == "in_progress" {
            guard let began = step["last_attempted_at"]?.stringValue.flatMap({ Timestamp($0) }) else { return "-" }
            return RelativeTime.span(max(0, Int64(now * 1000) - began.milliseconds))
        }
        guard let milliseconds = step["execution_time_ms"]?.integerValue else { return "-" }
        return milliseconds < 10_000 ? "\(milliseconds)ms" : RelativeTime.span(milliseconds)
    }

    /// Never the only sign: the state stands beside it as a word.
    private static func role(_ state: String) -> Style.Role? {
        switch state {
        case "complete", "resolved_manually": .good
        case "error", "cancelled": .error
        case "waiting_for_retry": .warning
        case "pending": .dim
        default: nil
        }
    }

    /// Where not all steps fit: what runs or failed before what waits, and that before what is done.
    private static func chosen(_ steps: [JSONValue], atMost limit: Int?) -> [Int] {
        guard let limit, steps.count > limit else { return Array(steps.indices) }
        func rank(_ step: JSONValue) -> Int {
            switch step.cell("current_state") {
            case "error", "in_progress", "waiting_for_retry": 0
            case "pending": 2
            case "complete", "cancelled", "resolved_manually": 3
            default: 1
            }
        }
        let ranked = steps.indices.map { (rank: rank(steps[$0]), index: $0) }.sorted { $0 < $1 }
        // One row tells how many are left out.
        return ranked.prefix(max(0, limit - 1)).map(\.index).sorted()
    }
}

/// How many steps lie before a step, at most, along its template's dependencies.
struct StepDepths {
    private var depths: [String: Int] = [:]

    /// Deeper than that nothing is told apart on a screen.
    static let limit = 6

    init(_ summary: JSONValue) {
        let steps = summary["template"]?["steps"]?.arrayValue ?? []
        // In whatever order they stand, each round settles one more level.
        for _ in 0..<Self.limit {
            for step in steps {
                let parents = (step["dependencies"]?.arrayValue ?? []).compactMap(\.stringValue)
                depths[step.cell("name")] = parents.map { min(Self.limit, (depths[$0] ?? 0) + 1) }.max() ?? 0
            }
        }
    }

    /// Batch workers are named after their template's step, with a number.
    func depth(of name: String) -> Int {
        if let depth = depths[name] { return depth }
        guard let cut = name.lastIndex(of: "_") else { return 0 }
        return depths[String(name[..<cut])] ?? 0
    }
}
