import Synchronization

/// The registry as the loop sees it; handlers may be added while the worker runs, never taken away.
final class HandlerDirectory: Sendable {
    private let registry: Mutex<HandlerRegistry>

    init(_ registry: HandlerRegistry) { self.registry = Mutex(registry) }

    func entry(for step: StepRequest) -> HandlerRegistry.Entry? { registry.withLock { $0.entry(for: step.handler) } }
    var callables: [WorkerAnnouncement.Handler] { registry.withLock { $0.callables } }
    var hooks: EventHooks { registry.withLock { $0.hooks } }
    var names: [String] { registry.withLock { $0.names } }
    func change<Value: Sendable>(_ change: (inout HandlerRegistry) -> Value) -> Value {
        registry.withLock { change(&$0) }
    }
}
