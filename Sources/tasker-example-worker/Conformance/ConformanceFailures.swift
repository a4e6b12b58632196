import TaskerWorker

private struct Ordinary: Error, CustomStringConvertible {
    var description: String
}

func registerFailures(in handlers: inout HandlerRegistry, _ version: String) {
    handlers.register("conformance.fail_retryable", version: version) { context in
        let message = try context.input("message", default: "try again")
        throw StepError.retryable(String(repeating: message, count: try context.input("times", default: 1)))
    }
    handlers.register("conformance.fail_permanent", version: version) { context in
        throw StepError.permanent(try context.input("message", default: "never again"))
    }
    handlers.register("conformance.fail_returned", version: version) { context in
        .failure(
            try context.input("message"), type: try context.input("error_type"),
            code: try context.input("error_code", as: String?.self), retryable: try context.input("retryable"),
            metadata: try context.input("metadata", as: JSONValue?.self)?.objectValue ?? [:])
    }
    handlers.register("conformance.raise", version: version) { context in
        throw Ordinary(description: try context.input("message"))
    }
    handlers.register("conformance.retry_after", version: version) { context in
        let seconds: Double = try context.input("seconds")
        throw StepError.retryable("not now", after: .milliseconds(Int64(seconds * 1000)))
    }
    handlers.register("conformance.unserializable", version: version, unserializable)
}

/// A string cannot hold half of a surrogate pair, a value cannot hold itself, and what has no JSON form does not compile.
@Sendable private func unserializable(_ context: StepContext) async throws -> StepResult {
    let kind: String = try context.input("kind")
    switch kind {
    case "nan": return .success(["value": .double(.nan)])
    case "infinity": return .success(["value": .double(.infinity)])
    case "big_integer": return .success(["value": UInt64.max])
    case "nul": return .success(["value": "\u{0}"])
    case "deep": return .success(["value": (0..<70).reduce(JSONValue.null) { value, _ in [value] }])
    default: return .success(["unsupported": .string(kind)])
    }
}
