/// Calls handlers the way a worker does: errors become failures, sizes and JSON are checked, events are published. No
/// broker.
public enum TestKit {
    /// Calls one handler.
    public static func run(_ handler: some StepHandler, _ context: StepContext) async -> TestOutcome {
        var registry = HandlerRegistry()
        registry.register(handler, as: context.handlerName)
        return await run(registry, context)
    }

    /// Calls the handler that the context's callable, method and resolver name.
    public static func run(_ handlers: HandlerRegistry, _ context: StepContext) async -> TestOutcome {
        let (message, events) = await handlers.run(context)
        return TestOutcome(message: message, events: events, progress: context.lastProgress)
    }
}

/// What a worker would send.
public struct TestOutcome: Sendable {
    /// The whole message; `abandoned` with `handler_not_found` when there is no such handler.
    public var message: StepResultMessage
    /// What subscribers of this process would get.
    public var events: [DomainEvent]
    /// The last progress the handler reported.
    public var progress: StepHeartbeat.Progress?

    public var isSuccess: Bool { message.status == .completed }
    /// What the handler returned; nil unless it succeeded.
    public var payload: JSONValue? { isSuccess ? message.result?.value : nil }
    /// Why it failed; nil when it did not.
    public var failure: StepFailure? { message.error }
    public var checkpoint: JSONValue? { message.checkpoint?.value }
    public var metadata: JSONValue { message.metadata.value }
    /// The events of the message: `{name, payload, metadata}` or `{name, suppress}`.
    public var publishedEvents: [JSONValue] { message.events.items?.map(\.value) ?? [] }
}
