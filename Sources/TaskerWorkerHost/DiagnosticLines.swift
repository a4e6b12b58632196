import Synchronization

/// The stderr of a child: passed on line by line with its process number in front, and the last lines kept for the step
/// that fails.
final class DiagnosticLines: Sendable {
    private static let lineBytes = 8 * 1024
    private static let kept = 20

    private struct State {
        var splitter = LineSplitter(limit: DiagnosticLines.lineBytes)
        var bytes = 0
        var isCut = false
        var last: [String] = []
    }

    private let prefix: String
    private let limit: Int
    private let print: @Sendable (String) -> Void
    private let state = Mutex(State())

    init(pid: Int32, limit: Int, print: @escaping @Sendable (String) -> Void) {
        prefix = "[\(pid)] "
        self.limit = limit
        self.print = print
    }

    /// The last lines since the step began.
    var last: [String] { state.withLock { $0.last } }

    func beginStep() {
        state.withLock { state in
            state.bytes = 0
            state.isCut = false
            state.last = []
        }
    }

    func push(_ bytes: ArraySlice<UInt8>) {
        let lines = state.withLock { state in
            state.splitter.push(bytes).flatMap { piece -> [String] in
                switch piece {
                case .line(let line): Self.take(line, cut: false, limit, &state)
                case .tooLong(let start): Self.take(start, cut: true, limit, &state)
                }
            }
        }
        for line in lines { print(prefix + line) }
    }

    func finish() {
        let lines = state.withLock { state in
            state.splitter.finish().map { Self.take($0, cut: false, limit, &state) } ?? []
        }
        for line in lines { print(prefix + line) }
    }

    private static func take(_ bytes: [UInt8], cut: Bool, _ limit: Int, _ state: inout State) -> [String] {
        let text = String(decoding: bytes, as: UTF8.self) + (cut ? "… (cut)" : "")
        state.last.append(text)
        if state.last.count > kept { state.last.removeFirst() }
        state.bytes += bytes.count + 1
        if state.bytes <= limit { return [text] }
        defer { state.isCut = true }
        return state.isCut ? [] : ["… more than \(limit) bytes for one step; the rest is dropped"]
    }
}
