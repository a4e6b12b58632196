extension StepContext {
    /// A context from plain values, for tests of handlers.
    ///
    /// ```swift
    /// let context = StepContext.test(input: ["amount": 12], dependencies: ["validate_cart": ["id": "c1"]])
    /// let result = await TestKit.run(ChargeCard(), context)
    /// #expect(result.payload == ["charged": 12])
    /// ```
    /// - Parameters:
    ///   - input: the task's context.
    ///   - dependencies: the results of earlier steps by name, as those steps returned them.
    ///   - stepInputs: the step's own inputs. ``batch(_:of:metadata:)`` makes those of a batch worker.
    ///   - attempt: from 1.
    ///   - isCancelled: what the handler sees as ``isCancelled``.
    public static func test(
        input: JSONValue = [:], dependencies: KeyValuePairs<String, JSONValue> = [:], configuration: JSONValue = [:],
        stepInputs: JSONValue = [:], checkpoint: Checkpoint? = nil, attempt: Int = 1, maximumAttempts: Int = 3,
        callable: String = "handler", method: String? = nil, stepName: String = "step", stepType: String = "standard",
        namespace: String = "default", workerTemplateNames: [String] = [], events: [EventDeclaration] = [],
        isCancelled: Bool = false
    ) -> StepContext {
        var ids = SystemIDSource()
        let now = Timestamp(milliseconds: 1_767_225_600_000)
        let step = StepRequest(
            dispatchID: ids.nextID(at: now), replyTo: "tasker.results.0",
            task: .init(
                id: ids.nextID(at: now), name: "task", namespace: namespace, version: "1.0.0",
                correlationID: ids.nextID(at: now), context: RawJSON(input), initiator: "test", sourceSystem: "test",
                requestedAt: now),
            step: .init(
                id: ids.nextID(at: now), name: stepName, templateStepName: stepName, type: stepType, attempt: attempt,
                maxAttempts: maximumAttempts, inputs: RawJSON(stepInputs), checkpoint: checkpoint?.encoded),
            handler: .init(callable: callable, method: method, initialization: RawJSON(configuration)),
            definition: .init(
                dependencies: dependencies.map(\.key), publishesEvents: RawJSON(.array(events.map(\.encoded))),
                workerTemplateNames: workerTemplateNames),
            dependencyResults: dependencies.map { name, result in
                (name, RawJSON(["status": "completed", "result": result, "metadata": [:]]))
            })
        let context = StepContext(request: step)
        if isCancelled { context.stop() }
        return context
    }

    /// The step's own inputs of a batch worker that works on `range`.
    public static func batch(_ range: Range<Int64>, id: String = "001", metadata: JSONValue = [:]) -> JSONValue {
        [
            "cursor": [
                "batch_id": .string(id), "start_cursor": .integer(range.lowerBound),
                "end_cursor": .integer(range.upperBound),
                "batch_size": .integer(range.upperBound - range.lowerBound),
            ],
            "batch_metadata": metadata, "is_no_op": .bool(range.isEmpty),
        ]
    }
}

extension EventDeclaration {
    fileprivate var encoded: JSONValue {
        [
            "name": .string(name), "condition": .string(condition.rawValue),
            "delivery_mode": .string(deliveryMode.rawValue), "publisher": publisher.map { .string($0) } ?? .null,
        ]
    }
}
