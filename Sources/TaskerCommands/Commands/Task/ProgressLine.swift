import Synchronization

/// One line on standard error that is written over in place on a terminal; with `-v` one line per change elsewhere.
final class ProgressLine: Sendable {
    private let printer: Printer
    private let host: Host
    private let start: Double
    private let state = Mutex((width: 0, change: ""))

    init(_ context: CommandContext) {
        printer = context.printer
        host = context.host
        start = context.host.now()
    }

    /// - Parameter change: a new line is due when it differs.
    func show(_ text: String, change: String) throws {
        let text = TextTable.clean(text)
        if printer.showsProgress, host.environment["TERM"] != "dumb" {
            let seconds = Int(host.now() - start)
            let clock = "\(Self.two(seconds / 60)):\(Self.two(seconds % 60))"
            let line = String("\(text)  \(clock)".prefix((host.terminalWidth ?? 80) - 1))
            let old = state.withLock { state in
                defer { state.width = line.count }
                return state.width
            }
            try host.errors.write("\r" + line + String(repeating: " ", count: max(0, old - line.count)))
        } else {
            let isNew = state.withLock { state in
                defer { state.change = change }
                return state.change != change
            }
            if isNew { try printer.detail(text) }
        }
    }

    func clear() throws {
        let width = state.withLock { state in
            defer { state.width = 0 }
            return state.width
        }
        if width > 0 { try host.errors.write("\r" + String(repeating: " ", count: width) + "\r") }
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
