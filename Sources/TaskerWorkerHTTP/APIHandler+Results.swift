extension APIHandler {
    /// The body as result when it is an object, else `{"data": body}`.
    public func apiSuccess(_ response: APIResponse) -> StepResult {
        var payload = response.body
        if case .object = payload {} else { payload = ["data": payload] }
        return apiSuccess(response, payload)
    }

    /// A result of your own, with the answer's status and headers as metadata.
    public func apiSuccess(_ response: APIResponse, _ payload: JSONValue) -> StepResult {
        .success(payload, metadata: described(response))
    }

    /// A failure classified by the status: 408, 429 and every 5xx are tried again, not before what `Retry-After` says.
    /// - Parameter message: in place of `HTTP <code>: <detail>`.
    public func apiFailure(_ response: APIResponse, message: String? = nil) -> StepResult {
        var metadata = described(response)
        if let wait = response.secondsToWait(now: .current()) { metadata["retry_after_seconds"] = .integer(wait) }
        if !response.isBodyEmpty { metadata["response_body"] = response.body }
        return .failure(
            message ?? response.failureMessage, type: response.errorType,
            retryable: response.isRetryable || response.isServerError, metadata: metadata)
    }

    /// A retryable failure for a connection that could not be made or broke.
    /// - Parameter activity: what was being done: `fetching order`.
    public func connectionError(_ error: any Error, while activity: String? = nil) -> StepResult {
        transportFailure("Connection error", "connection_error", error, activity)
    }

    /// A retryable failure for an answer that took too long.
    public func timeoutError(_ error: any Error, while activity: String? = nil) -> StepResult {
        transportFailure("Request timeout", ErrorType.timeout, error, activity)
    }

    private func described(_ response: APIResponse) -> [String: JSONValue] {
        [
            "status_code": .number(response.statusCode),
            "headers": .object(response.headers.mapValues { .string($0) }),
        ]
    }

    private func transportFailure(_ what: String, _ type: String, _ error: any Error, _ activity: String?)
        -> StepResult
    {
        let doing = activity.map { " while \($0)" } ?? ""
        return .failure(
            "\(what)\(doing): \(error)", type: type, retryable: true,
            metadata: ["exception_type": .string(String(describing: Swift.type(of: error)))])
    }
}
