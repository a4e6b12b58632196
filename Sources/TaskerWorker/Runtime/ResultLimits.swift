/// The size rules of the wire protocol, section 4: what is too large is replaced by a failure that says so, so that a
/// step is never left without an answer.
enum ResultLimits {
    static let messageBytes = 8 * 1024
    static let backtraceLines = 50
    static let backtraceBytes = 64 * 1024

    static func enforce(_ message: inout StepResultMessage, _ limits: StepExecute.Limits) {
        let limit = limits.maxResultBytes
        let checked: [(value: RawJSON?, name: String, type: String)] = [
            (message.result, "result", ErrorType.resultTooLarge),
            (message.checkpoint, "checkpoint", ErrorType.checkpointTooLarge),
            (message.events, "events", ErrorType.eventsTooLarge),
        ]
        for (value, name, type) in checked {
            guard let value, value.count > limit else { continue }
            message.status = .failed
            message.result = nil
            message.checkpoint = nil
            message.events = .emptyArray
            message.error = StepFailure(
                message: "the \(name) has \(value.count) bytes; at most \(limit) are allowed. Keep large data outside "
                    + "(object storage, a database) and return where it is",
                errorType: type, isRetryable: false)
            break
        }
        if var error = message.error {
            error.message = cut(error.message, to: messageBytes)
            error.backtrace = cut(error.backtrace)
            if let metadata = error.metadata, metadata.count > limit { error.metadata = nil }
            message.error = error
        }
        if message.metadata.count > limit { message.metadata = .emptyObject }
    }

    /// Cuts at a character's end.
    static func cut(_ text: String, to bytes: Int) -> String {
        guard text.utf8.count > bytes else { return text }
        var end = text.utf8.index(text.utf8.startIndex, offsetBy: bytes - 3)
        while end > text.startIndex, end.samePosition(in: text.unicodeScalars) == nil {
            end = text.utf8.index(before: end)
        }
        return text[..<end] + "…"
    }

    private static func cut(_ backtrace: [String]) -> [String] {
        var total = 0
        return Array(
            backtrace.prefix(backtraceLines).prefix { line in
                total += line.utf8.count
                return total <= backtraceBytes
            })
    }
}
