/// What a handler returns.
public struct StepResult: Sendable, Hashable {
    public enum Outcome: Sendable, Hashable {
        case success(RawJSON)
        case failure(StepError)
        case checkpoint(Checkpoint)
    }

    public var outcome: Outcome
    public var metadata: [String: JSONValue]
    /// Payloads for events that the step declares (`publishes_events`); others are dropped by the orchestrator.
    public var events: [StepEvent] = []

    public init(_ outcome: Outcome, metadata: [String: JSONValue] = [:]) {
        self.outcome = outcome
        self.metadata = metadata
    }

    /// Success. A payload with NaN or an infinity in it, which JSON cannot say, makes it a failure
    /// (`serialization_error`, not retryable).
    public static func success(_ payload: JSONValue = [:], metadata: [String: JSONValue] = [:]) -> StepResult {
        guard payload.isFinite else { return unserializable("the result holds NaN or an infinity", metadata) }
        return StepResult(.success(RawJSON(payload)), metadata: metadata)
    }

    /// Success with a value of the handler's own type, encoded at once; what cannot be encoded makes it a failure
    /// (`serialization_error`, not retryable).
    public static func success(_ payload: some Encodable, metadata: [String: JSONValue] = [:]) -> StepResult {
        do {
            return StepResult(.success(try RawJSONEncoder().encode(payload)), metadata: metadata)
        } catch let EncodingError.invalidValue(_, context) {
            let place = context.codingPath.dotted
            return unserializable(
                "the result cannot be written as JSON\(place.isEmpty ? "" : " at \(place)"): \(context.debugDescription)",
                metadata)
        } catch {
            return unserializable("the result cannot be written as JSON: \(error)", metadata)
        }
    }

    public static func failure(
        _ message: String, type: String = ErrorType.handlerError, code: String? = nil, retryable: Bool = true,
        retryAfter: Duration? = nil, metadata: [String: JSONValue] = [:]
    ) -> StepResult {
        let error = StepError(message, type: type, code: code, isRetryable: retryable, retryAfter: retryAfter)
        return StepResult(.failure(error), metadata: metadata)
    }

    /// Saves progress and ends this dispatch; the step is dispatched again at once, with the attempt unchanged.
    public static func checkpoint(_ checkpoint: Checkpoint, metadata: [String: JSONValue] = [:]) -> StepResult {
        StepResult(.checkpoint(checkpoint), metadata: metadata)
    }

    private static func unserializable(_ message: String, _ metadata: [String: JSONValue]) -> StepResult {
        .failure(message, type: ErrorType.serializationError, retryable: false, metadata: metadata)
    }

    public var isSuccess: Bool {
        if case .success = outcome { true } else { false }
    }

    public var payload: RawJSON? {
        if case .success(let payload) = outcome { payload } else { nil }
    }

    public var error: StepError? {
        if case .failure(let error) = outcome { error } else { nil }
    }
}

/// A payload for an event that the step declares in its template.
public struct StepEvent: Sendable, Hashable {
    public var name: String
    public var payload: JSONValue
    public var metadata: [String: JSONValue]
    /// Do not publish the event although its condition holds.
    public var isSuppressed: Bool

    public init(_ name: String, payload: JSONValue, metadata: [String: JSONValue] = [:]) {
        self.name = name
        self.payload = payload
        self.metadata = metadata
        isSuppressed = false
    }

    public static func suppressed(_ name: String) -> StepEvent {
        var event = StepEvent(name, payload: nil)
        event.isSuppressed = true
        return event
    }
}

extension StepEvent {
    /// As the result message says it.
    var encoded: RawJSON {
        RawJSON(
            isSuppressed
                ? ["name": .string(name), "suppress": true]
                : ["name": .string(name), "payload": payload, "metadata": .object(metadata)])
    }

    /// True when every number in it can be written as JSON.
    var isFinite: Bool { payload.isFinite && metadata.values.allSatisfy(\.isFinite) }
}

extension [any CodingKey] {
    /// `items[2].quantity`
    var dotted: String {
        reduce(into: "") { text, key in
            if let index = key.intValue {
                text += "[\(index)]"
            } else {
                text += text.isEmpty ? key.stringValue : ".\(key.stringValue)"
            }
        }
    }
}
