extension StepContext {
    // MARK: - The task's input

    /// The task's context as a tree, built at each call: prefer ``input(_:as:)``.
    public var input: JSONValue { request.task.context.value }

    /// One member of the task's context. An optional type gives nil when it is missing or null.
    /// - Throws: ``StepError`` `validation_error`, not retryable, when it is missing or does not fit.
    public func input<T: Decodable>(_ name: String, as type: T.Type = T.self) throws -> T {
        try member(name, of: request.task.context, "input", type)
    }

    /// One member of the task's context, `fallback` when it is missing or null.
    /// - Throws: ``StepError`` `validation_error`, not retryable, when it does not fit.
    public func input<T: Decodable>(_ name: String, default fallback: T) throws -> T {
        guard let value = request.task.context.member(name), !value.isNull else { return fallback }
        return try decode(value, "input \(name)", T.self)
    }

    /// The whole task context as one type.
    /// - Throws: ``StepError`` `validation_error`, not retryable, when it does not fit.
    public func input<T: Decodable>(as type: T.Type) throws -> T { try decode(request.task.context, "input", type) }

    // MARK: - The step's own inputs and configuration

    /// The step's own inputs (batch workers: `cursor`, `batch_metadata`, `is_no_op`) as a tree.
    public var stepInputs: JSONValue { request.step.inputs.value }

    /// One member of the step's own inputs.
    /// - Throws: ``StepError`` `validation_error`, not retryable, when it is missing or does not fit.
    public func stepInput<T: Decodable>(_ name: String, as type: T.Type = T.self) throws -> T {
        try member(name, of: request.step.inputs, "step input", type)
    }

    /// `handler.initialization` of the template as a tree.
    public var configuration: JSONValue { request.handler.initialization.value }

    /// One member of `handler.initialization`.
    /// - Throws: ``StepError`` `validation_error`, not retryable, when it is missing or does not fit.
    public func configuration<T: Decodable>(_ name: String, as type: T.Type = T.self) throws -> T {
        try member(name, of: request.handler.initialization, "configuration", type)
    }

    /// One member of `handler.initialization`, `fallback` when it is missing or null.
    /// - Throws: ``StepError`` `validation_error`, not retryable, when it does not fit.
    public func configuration<T: Decodable>(_ name: String, default fallback: T) throws -> T {
        guard let value = request.handler.initialization.member(name), !value.isNull else { return fallback }
        return try decode(value, "configuration \(name)", T.self)
    }

    // MARK: - Results of the steps before

    /// The names of all ancestors that ran, in the order of the message.
    public var dependencyNames: [String] { request.dependencyResults.map(\.name) }

    /// Each ancestor's `{status, result, metadata, error?}` by name.
    public var dependencies: [String: RawJSON] {
        Dictionary(request.dependencyResults.map { ($0.name, $0.envelope) }, uniquingKeysWith: { first, _ in first })
    }

    /// The result of an ancestor, taken out of its envelope exactly once; nil when it did not run or has none.
    public func rawResult(of step: String) -> RawJSON? {
        guard let envelope = request.dependencyResults.first(where: { $0.name == step })?.envelope else { return nil }
        return unwrapped(envelope)
    }

    /// The result of an ancestor. An optional type gives nil when it did not run or has none.
    /// - Throws: ``StepError`` `validation_error`, not retryable, when it is missing or does not fit.
    public func result<T: Decodable>(of step: String, as type: T.Type = T.self) throws -> T {
        guard let value = rawResult(of: step) else { return try absent("there is no result of step \(step)", type) }
        return try decode(value, "result of step \(step)", type)
    }

    /// A value inside an ancestor's result; numbers in `path` count an array's items from 0. An optional type gives nil
    /// when it is missing.
    /// - Throws: ``StepError`` `validation_error`, not retryable, when it is missing or does not fit.
    public func field<T: Decodable>(of step: String, path: String..., as type: T.Type = T.self) throws -> T {
        var value = rawResult(of: step)
        for name in path {
            guard let holder = value else { break }
            if holder.isArray {
                let items = holder.items ?? []
                value = Int(name).flatMap { items.indices.contains($0) ? items[$0] : nil }
            } else {
                value = holder.member(name)
            }
        }
        let what = "\(path.joined(separator: ".")) in the result of step \(step)"
        guard let value else { return try absent("there is no \(what)", type) }
        return try decode(value, what, type)
    }

    /// The results of all ancestors whose name starts with `prefix`, in order, without those that have none.
    public func results(withPrefix prefix: String) -> [JSONValue] {
        rawResults(withPrefix: prefix).map(\.value.value)
    }

    /// The same as one type.
    /// - Throws: ``StepError`` `validation_error`, not retryable, when one does not fit.
    public func results<T: Decodable>(withPrefix prefix: String, as type: T.Type) throws -> [T] {
        try rawResults(withPrefix: prefix).map { try decode($0.value, "result of step \($0.name)", type) }
    }

    private func rawResults(withPrefix prefix: String) -> [(name: String, value: RawJSON)] {
        request.dependencyResults.compactMap { name, envelope in
            guard name.hasPrefix(prefix), let value = unwrapped(envelope), !value.isNull else { return nil }
            return (name, value)
        }
    }

    private func unwrapped(_ envelope: RawJSON) -> RawJSON? {
        guard envelope.isObject, let inner = envelope.member("result") else { return envelope.isNull ? nil : envelope }
        return inner.isNull ? nil : inner
    }

    // MARK: -

    private func member<T: Decodable>(_ name: String, of object: RawJSON, _ what: String, _ type: T.Type) throws -> T {
        guard let value = object.member(name) else { return try absent("\(what) \(name) is missing", type) }
        return try decode(value, "\(what) \(name)", type)
    }

    /// nil for an optional type, an error for any other.
    private func absent<T: Decodable>(_ message: String, _ type: T.Type) throws -> T {
        if let optional = type as? any ExpressibleByNilLiteral.Type, let none = optional.init(nilLiteral: ()) as? T,
            T.self != JSONValue.self
        {
            return none
        }
        throw StepError.validation(message)
    }

    private func decode<T: Decodable>(_ value: RawJSON, _ what: String, _ type: T.Type) throws -> T {
        do {
            return try RawJSONDecoder().decode(type, from: value)
        } catch let error as DecodingError {
            throw StepError.validation("\(what)\(error.place): \(error.reason)")
        }
    }
}

extension DecodingError {
    private var context: Context? {
        switch self {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
            .dataCorrupted(let context):
            context
        @unknown default: nil
        }
    }

    /// `.items[2].quantity`, empty for the value itself.
    var place: String {
        let dotted = (context?.codingPath ?? []).dotted
        return dotted.isEmpty || dotted.hasPrefix("[") ? dotted : ".\(dotted)"
    }

    var reason: String { context?.debugDescription ?? "\(self)" }
}
