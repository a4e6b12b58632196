/// Everything outside a command that it reads or writes; tests give their own.
public struct Host: Sendable {
    public var environment: [String: String]
    /// Absolute; relative paths of arguments start here.
    public var workingDirectory: String
    public var userName: String
    public var output: any TextSink
    public var errors: any TextSink
    /// All of standard input.
    public var readInput: @Sendable () throws -> [UInt8]
    /// One line of standard input without its end; nil when there is no more.
    public var readLine: @Sendable () -> String?
    /// Seconds since 1970.
    public var now: @Sendable () -> Double
    /// Columns at the start, nil when standard output is no terminal.
    public var terminalWidth: Int?
    /// The size at the moment, nil when neither standard output nor standard error is a terminal.
    public var screen: @Sendable () -> TerminalSize?
    public var isErrorTerminal: Bool
    public var isInputTerminal: Bool

    public init(
        environment: [String: String], workingDirectory: String, userName: String, output: any TextSink,
        errors: any TextSink, readInput: @escaping @Sendable () throws -> [UInt8],
        now: @escaping @Sendable () -> Double, terminalWidth: Int? = nil, isErrorTerminal: Bool = false,
        isInputTerminal: Bool = false, readLine: @escaping @Sendable () -> String? = { nil },
        screen: @escaping @Sendable () -> TerminalSize? = { nil }
    ) {
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.userName = userName
        self.output = output
        self.errors = errors
        self.readInput = readInput
        self.readLine = readLine
        self.now = now
        self.terminalWidth = terminalWidth
        self.screen = screen
        self.isErrorTerminal = isErrorTerminal
        self.isInputTerminal = isInputTerminal
    }

    /// The path as the file system wants it.
    public func resolve(_ path: String) -> String {
        path.hasPrefix("/") ? path : workingDirectory + "/" + path
    }
}

public struct TerminalSize: Sendable, Hashable {
    public var columns: Int
    public var rows: Int

    public init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
    }
}

/// Where text goes.
public protocol TextSink: Sendable {
    /// - Throws: ``ClosedPipe`` when nobody reads any more.
    func write(_ text: String) throws
}

/// The reader of standard output is gone: the program ends silently.
public struct ClosedPipe: Error {
    public init() {}
}

/// Keeps what is written; for tests.
public final class CapturedText: TextSink, @unchecked Sendable {
    // Commands write from one task; tests read after it has ended.
    private var pieces: [String] = []

    public init() {}

    public var text: String { pieces.joined() }
    public func write(_ text: String) { pieces.append(text) }
}
