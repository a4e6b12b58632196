/// A failed step, thrown or returned by a handler.
public struct StepError: RetryableErrorProtocol, Hashable, CustomStringConvertible {
    /// What happened, for people; cut at 8 KiB when sent.
    public var message: String
    /// `error_type` on the wire: descriptive, sent unchanged. Only ``isRetryable`` and the attempt limit decide.
    public var type: String
    /// A code of the handler's own.
    public var code: String?
    public var isRetryable: Bool
    /// Wait at least this long before the next attempt (0-86 400 s; the orchestrator has its own maximum).
    public var retryAfter: Duration?
    public var metadata: [String: JSONValue]

    public init(
        _ message: String, type: String = ErrorType.handlerError, code: String? = nil, isRetryable: Bool = true,
        retryAfter: Duration? = nil, metadata: [String: JSONValue] = [:]
    ) {
        self.message = message
        self.type = type
        self.code = code
        self.isRetryable = isRetryable
        self.retryAfter = retryAfter
        self.metadata = metadata
    }

    /// Another attempt cannot help.
    public static func permanent(_ message: String, code: String? = nil, metadata: [String: JSONValue] = [:])
        -> StepError
    {
        StepError(message, type: ErrorType.permanentError, code: code, isRetryable: false, metadata: metadata)
    }

    /// Another attempt may help, not before `delay`.
    public static func retryable(
        _ message: String, after delay: Duration? = nil, code: String? = nil, metadata: [String: JSONValue] = [:]
    ) -> StepError {
        StepError(
            message, type: ErrorType.retryableError, code: code, isRetryable: true, retryAfter: delay,
            metadata: metadata)
    }

    /// The input is wrong, so that another attempt cannot help (`validation_error`).
    public static func validation(_ message: String, code: String? = nil, metadata: [String: JSONValue] = [:])
        -> StepError
    {
        StepError(message, type: ErrorType.validationError, code: code, isRetryable: false, metadata: metadata)
    }

    public var description: String { message }
}
