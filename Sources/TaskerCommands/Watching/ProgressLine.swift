import Synchronization
import TaskerProtocol

/// One line on standard error that is written over in place on a terminal; with `-v` one line per change elsewhere.
final class ProgressLine: Sendable {
    private struct State {
        var summary: JSONValue?
        var width = 0
        var change = ""
    }

    private let printer: Printer
    private let host: Host
    private let start: Double
    private let state = Mutex(State())

    init(_ context: CommandContext) {
        printer = context.printer
        host = context.host
        start = context.host.now()
    }

    func show(_ summary: JSONValue) throws {
        let change = state.withLock { state in
            state.summary = summary
            let status = summary["task"]?.cell("status") ?? "-"
            defer { state.change = status }
            return status == state.change ? nil : status
        }
        if isDrawn { return try draw(summary) }
        if let change { try printer.detail("\(Self.text(summary, now: host.now()))  \(change)") }
    }

    /// Writes the line anew: clocks go on.
    func tick() throws {
        if isDrawn, let summary = state.withLock({ $0.summary }) { try draw(summary) }
    }

    func clear() throws {
        let width = state.withLock { state in
            defer { state.width = 0 }
            return state.width
        }
        if width > 0 { try host.errors.write("\r" + String(repeating: " ", count: width) + "\r") }
    }

    /// `order_processing 3/7 steps  running: charge_card (4s)`
    static func text(_ summary: JSONValue, now: Double) -> String {
        let task = summary["task"] ?? .null
        let running = (summary["steps"]?.arrayValue ?? []).filter { $0.cell("current_state") == "in_progress" }
            .map { step in
                let since = step["last_attempted_at"]?.stringValue.flatMap { Timestamp($0) }
                let span = since.map { " (\(RelativeTime.span(max(0, Int64(now * 1000) - $0.milliseconds))))" }
                return step.cell("name") + (span ?? "")
            }
        let more = running.count > 3 ? " and \(running.count - 3) more" : ""
        let names = running.isEmpty ? "" : "  running: " + running.prefix(3).joined(separator: ", ") + more
        return TextTable.clean("\(task.cell("name")) \(TaskText.progress(task)) steps\(names)")
    }

    private var isDrawn: Bool { printer.showsProgress && host.environment["TERM"] != "dumb" }

    private func draw(_ summary: JSONValue) throws {
        let now = host.now()
        let text = Self.text(summary, now: now) + "  " + RelativeTime.clock(Int(now - start))
        let columns = host.screen()?.columns ?? host.terminalWidth ?? 80
        let line = String(text.prefix(max(1, columns - 1)))
        let old = state.withLock { state in
            defer { state.width = line.count }
            return state.width
        }
        try host.errors.write("\r" + line + String(repeating: " ", count: max(0, min(old, columns - 1) - line.count)))
    }
}
