/// The handlers of a worker, by every name a step may call them.
///
/// A handler type answers to its ``StepHandler/handlerName``, its type name and its module-qualified type name
/// (`ChargeCard`, `Shop.ChargeCard`). A name given explicitly always wins over the two automatic ones.
///
/// `handler.method` of a template: `call` (or none) calls the handler. Any other method has to be registered as
/// `Callable#method`; Swift has no calls by name. A step that names a method which is not registered, or any
/// `handler.resolver`, is answered `handler_not_found`.
public struct HandlerRegistry: Sendable {
    typealias Body = @Sendable (StepContext) async throws -> StepResult

    struct Entry: Sendable {
        var name: String
        var version: String?
        var body: Body
        var isAlias: Bool
    }

    private(set) var entries: [String: Entry] = [:]
    /// Explicit names that were registered more than once; the last registration holds.
    public private(set) var replacedNames: [String] = []

    public init() {}

    public init(_ handlers: [any StepHandler]) {
        for handler in handlers { register(handler) }
    }

    /// Registers a handler under its names, or under `name` in place of its `handlerName`.
    public mutating func register<Handler: StepHandler>(_ handler: Handler, as name: String? = nil) {
        let explicit = name ?? Handler.handlerName
        let body: Body = { try await handler.call($0) }
        add(explicit, Handler.handlerVersion, body, isAlias: false)
        for alias in [String(describing: Handler.self), String(reflecting: Handler.self)] where isSpeakable(alias) {
            add(alias, Handler.handlerVersion, body, isAlias: true)
        }
    }

    /// Registers a closure. `Callable#method` makes it the method `method` of `Callable`.
    public mutating func register(
        _ name: String, version: String? = nil, _ body: @escaping @Sendable (StepContext) async throws -> StepResult
    ) {
        add(name, version, body, isAlias: false)
    }

    private mutating func add(_ name: String, _ version: String?, _ body: @escaping Body, isAlias: Bool) {
        if let present = entries[name] {
            if isAlias, !present.isAlias { return }
            if !isAlias, !present.isAlias { replacedNames.append(name) }
        }
        entries[name] = Entry(name: name, version: version, body: body, isAlias: isAlias)
    }

    /// Names of types local to a function or a file read `(unknown context at $…)`.
    private func isSpeakable(_ name: String) -> Bool { !name.contains("(") && !name.contains(" ") }

    /// Nothing when the worker cannot run the step: it then answers `handler_not_found`.
    func entry(for handler: StepRequest.Handler) -> Entry? {
        guard handler.resolver == nil else { return nil }
        if let method = handler.method, method != "call" { return entries["\(handler.callable)#\(method)"] }
        return entries[handler.callable]
    }

    /// Every callable a step may name, sorted: what the worker announces.
    public var callables: [WorkerAnnouncement.Handler] {
        var versions: [String: String?] = [:]
        for (name, entry) in entries {
            let callable = name.split(separator: "#", maxSplits: 1).first.map(String.init) ?? name
            if callable == name || versions[callable] == nil { versions[callable] = .some(entry.version) }
        }
        return versions.keys.sorted().map { WorkerAnnouncement.Handler(callable: $0, version: versions[$0] ?? nil) }
    }

    /// Names to show a person, without the automatic aliases.
    public var names: [String] { entries.values.filter { !$0.isAlias }.map(\.name).sorted() }
    public var isEmpty: Bool { entries.isEmpty }
}
