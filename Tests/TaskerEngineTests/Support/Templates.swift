import TaskerProtocol
import TaskerTemplates

/// A step of a test's template: no jitter, so that delays are plain numbers.
func step(
    _ name: String, after dependencies: String..., retry: RetryPolicy = .plain(), timeout: Int64? = nil,
    callable: String? = nil, queue: String? = nil
) -> StepTemplate {
    StepTemplate(
        name: name, handler: HandlerReference(callable: callable ?? "Handle_\(name)", queue: queue),
        dependencies: dependencies, retry: retry, timeoutMilliseconds: timeout)
}

func template(_ steps: StepTemplate...) -> TaskTemplate {
    TaskTemplate(name: "order", namespace: "shop", version: "1.0.0", steps: steps)
}

extension RetryPolicy {
    /// 1 s, 2 s, 4 s ... without jitter.
    static func plain(_ maxAttempts: Int = 3, retryable: Bool = true) -> RetryPolicy {
        RetryPolicy(isRetryable: retryable, maxAttempts: maxAttempts, jitter: 0)
    }

    static let never = RetryPolicy.plain(retryable: false)
}
