import TaskerProtocol

/// The two streams of a command: data on one, everything said about it on the other.
public struct Printer: Sendable {
    public var host: Host
    public var format: OutputFormat
    public var isQuiet: Bool
    public var verbosity: Int
    public var style: Style
    public var errorStyle: Style
    /// On standard error.
    public var showsProgress: Bool
    private var hasProgress: Bool

    public init(host: Host, global: GlobalOptions, format: OutputFormat? = nil) {
        self.host = host
        self.format = format ?? global.format ?? .table
        isQuiet = global.isQuiet
        verbosity = global.verbosity
        style = Style(
            choice: global.color, isTerminal: host.terminalWidth != nil, environment: host.environment)
        errorStyle = Style(
            choice: global.color, isTerminal: host.isErrorTerminal, environment: host.environment)
        hasProgress = global.showsProgress
        showsProgress = global.showsProgress && host.isErrorTerminal && !global.isQuiet
    }

    /// Whether a table on standard output may be drawn over in place. That takes escape sequences, which NO_COLOR and a
    /// dumb terminal rule out.
    var drawsOver: Bool {
        format == .table && hasProgress && host.terminalWidth != nil && host.environment["TERM"] != "dumb"
            && (host.environment["NO_COLOR"] ?? "").isEmpty
    }

    // MARK: - Data

    /// Data as it is.
    public func write(_ text: String) throws { try host.output.write(text) }

    public func line(_ text: String) throws { try write(text + "\n") }

    /// A list in the format asked for.
    /// - Parameters:
    ///   - body: the document, for `json` and `yaml`.
    ///   - items: its elements, for `jsonl`.
    ///   - names: for `name`.
    ///   - table: nil where the caller prints text of its own.
    public func list(body: JSONValue, items: [JSONValue], names: [String], table: TextTable?) throws {
        switch format {
        case .table: if let table { try write(table.text(width: host.terminalWidth, style: style)) }
        case .json: try line(JSONText.indented(body))
        case .jsonl: for item in items { try line(item.canonicalText) }
        case .yaml: try write(YAMLText.text(body))
        case .name: for name in names { try line(name) }
        }
    }

    /// One object in the format asked for.
    public func object(_ body: JSONValue, name: String, text: @autoclosure () -> String) throws {
        switch format {
        case .table: try write(text())
        case .json: try line(JSONText.indented(body))
        case .jsonl: try line(body.canonicalText)
        case .yaml: try write(YAMLText.text(body))
        case .name: try line(name)
        }
    }

    // MARK: - Messages

    /// Something to know; not with `--quiet`.
    public func note(_ text: String) throws {
        if !isQuiet { try host.errors.write(text + "\n") }
    }

    /// With `-v` only.
    public func detail(_ text: String) throws {
        if verbosity > 0, !isQuiet { try host.errors.write(text + "\n") }
    }

    public func warning(_ text: String) throws {
        if !isQuiet { try host.errors.write(errorStyle(.warning, "warning:") + " " + text + "\n") }
    }

    public func error(_ error: CommandError) throws {
        if format.isJSON {
            var members: [String: JSONValue] = ["code": .string(error.code), "message": .string(error.message)]
            if let hint = error.hint { members["hint"] = .string(hint) }
            if let status = error.httpStatus { members["status"] = .number(status) }
            let body: JSONValue = ["error": .object(members)]
            return try host.errors.write(body.canonicalText + "\n")
        }
        var text = errorStyle(.error, "error:") + " " + error.message + "\n"
        if let hint = error.hint {
            let lines = hint.split(separator: "\n", omittingEmptySubsequences: false)
            text += errorStyle(.hint, "hint:") + " " + lines.joined(separator: "\n      ") + "\n"
        }
        try host.errors.write(text)
    }
}
