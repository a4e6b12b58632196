/// Finds handlers by names of your own making, for example `queue:job` or names from a configuration.
///
/// It is asked on the worker's own thread whenever a step arrives: answer from memory, without waiting for anything.
public protocol HandlerResolver: Sendable {
    /// What a template gives as `handler.resolver` to ask this one alone.
    var name: String { get }
    /// Lower is asked earlier; explicit names have 10, automatic ones 100. 50 unless given.
    var priority: Int { get }
    /// Callables to announce. A worker whose resolvers take names that cannot be listed is started with `--any-handler`.
    var callables: [String] { get }
    /// nil: not one of mine. Look at `callable` and `initialization`; `method` is dealt with by the registry.
    func resolve(_ handler: StepRequest.Handler) -> (any StepHandler)?
}

extension HandlerResolver {
    public var priority: Int { 50 }
    public var callables: [String] { [] }
}
