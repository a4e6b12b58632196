import Synchronization

/// One answer for one waiting task, from whatever thread has it. Later answers are ignored. A cancelled waiter gets
/// ``BrokerError`` `cancelled`.
package final class Promise<Value: Sendable>: Sendable {
    private enum State {
        case pending
        case waiting(CheckedContinuation<Value, any Error>)
        case answered(Result<Value, any Error>)
        case done
    }

    private let state = Mutex(State.pending)

    package init() {}

    package func fulfil(_ result: Result<Value, any Error>) {
        let waiter = state.withLock { state -> CheckedContinuation<Value, any Error>? in
            switch state {
            case .pending:
                state = .answered(result)
                return nil
            case .waiting(let continuation):
                state = .done
                return continuation
            case .answered, .done:
                return nil
            }
        }
        waiter?.resume(with: result)
    }

    package func fulfil(_ value: Value) { fulfil(.success(value)) }
    package func fail(_ error: any Error) { fulfil(.failure(error)) }

    /// May be awaited once.
    package func value() async throws -> Value {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result = state.withLock { state -> Result<Value, any Error>? in
                    guard case .answered(let result) = state else {
                        state = .waiting(continuation)
                        return nil
                    }
                    state = .done
                    return result
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            fail(BrokerError(.cancelled, "the caller was cancelled while it waited for the broker"))
        }
    }

    /// As ``value()``, but the caller's cancellation does not end the wait.
    package func uncancellableValue() async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let result = state.withLock { state -> Result<Value, any Error>? in
                guard case .answered(let result) = state else {
                    state = .waiting(continuation)
                    return nil
                }
                state = .done
                return result
            }
            if let result { continuation.resume(with: result) }
        }
    }
}
