/// Why a command could not do what it was asked: one sentence, what to do about it, and the exit status.
public struct CommandError: Error, Sendable, Hashable {
    public var status: ExitStatus
    /// Stable, for programs: `usage`, `not_found`, `failed`, ...
    public var code: String
    /// One sentence without a full stop.
    public var message: String
    /// What to do about it; may hold several lines.
    public var hint: String?
    /// The HTTP status, where a server refused.
    public var httpStatus: Int?

    public init(
        _ status: ExitStatus, code: String, _ message: String, hint: String? = nil, httpStatus: Int? = nil
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.httpStatus = httpStatus
    }

    public static func usage(_ message: String, hint: String? = nil) -> CommandError {
        CommandError(.usage, code: "usage", message, hint: hint)
    }

    public static func notFound(_ message: String, hint: String? = nil) -> CommandError {
        CommandError(.notFound, code: "not_found", message, hint: hint)
    }

    public static func failed(_ message: String, hint: String? = nil) -> CommandError {
        CommandError(.failure, code: "failed", message, hint: hint)
    }
}

/// The command has said everything on its own and ends with this status.
public struct SilentExit: Error, Sendable, Hashable {
    public var status: ExitStatus

    public init(_ status: ExitStatus) { self.status = status }
}
