/// The handlers of a worker, by every name a step may call them; publishers and subscribers of its events.
///
/// A handler type answers to its ``StepHandler/handlerName``, its type name and its module-qualified type name
/// (`ChargeCard`, `Shop.ChargeCard`). A name given explicitly always wins over the two automatic ones.
///
/// Order of lookup: explicit names (priority 10), resolvers of your own (50 unless they say otherwise), automatic names
/// (100). `handler.resolver` of a template names the one resolver to ask: `explicit_mapping`, `class_lookup` or one of
/// yours. `handler.method`: `call` (or none) calls the handler, any other has to be among ``StepHandler/methods`` or
/// registered as `Callable#method`; Swift has no calls by name. What is not found is answered `handler_not_found`.
public struct HandlerRegistry: Sendable {
    typealias Body = @Sendable (StepContext) async throws -> StepResult

    struct Entry: Sendable {
        var name: String
        var version: String?
        var body: Body
        var methods: [String: Body] = [:]
        var isAlias: Bool
        /// Runs the step in place of `body`, and makes the whole message.
        var program: (any StepProgram)?
    }

    private(set) var entries: [String: Entry] = [:]
    private var resolvers: [any HandlerResolver] = []
    private(set) var hooks = EventHooks()
    /// For steps that nothing else is registered for.
    private var fallback: Entry?
    /// Explicit names that were registered more than once; the last registration holds.
    public private(set) var replacedNames: [String] = []

    public init() {}

    public init(_ handlers: [any StepHandler]) {
        for handler in handlers { register(handler) }
    }

    // MARK: - Registering

    /// Registers a handler under its names, or under `name` in place of its `handlerName`.
    public mutating func register<Handler: StepHandler>(_ handler: Handler, as name: String? = nil) {
        let entry = Entry(handler, as: name ?? Handler.handlerName)
        add(entry)
        for alias in [String(describing: Handler.self), String(reflecting: Handler.self)] where isSpeakable(alias) {
            var entry = entry
            entry.name = alias
            entry.isAlias = true
            add(entry)
        }
    }

    /// Registers a closure. `Callable#method` makes it the method `method` of `Callable`.
    public mutating func register(
        _ name: String, version: String? = nil, _ body: @escaping @Sendable (StepContext) async throws -> StepResult
    ) {
        add(Entry(name: name, version: version, body: body, isAlias: false))
    }

    /// Registers a closure with an input and a result of types of your own. The input is the task's context; one that does
    /// not fit fails the step as `validation_error`, not retryable.
    ///
    /// ```swift
    /// registry.register("charge_card") { (order: Order, context) in Receipt(amount: order.total) }
    /// ```
    public mutating func register<Input: Decodable & Sendable, Output: Encodable & Sendable>(
        _ name: String, version: String? = nil,
        _ body: @escaping @Sendable (_ input: Input, _ context: StepContext) async throws -> Output
    ) {
        register(name, version: version) { context in
            let input: Input = try context.input(as: Input.self)
            return .success(try await body(input, context))
        }
    }

    /// Adds a resolver to the chain; one of the same name is replaced.
    public mutating func add(_ resolver: any HandlerResolver) {
        resolvers.removeAll { $0.name == resolver.name }
        resolvers.append(resolver)
        // Stable: of equal priority the first added is asked first.
        resolvers = resolvers.enumerated().sorted {
            ($0.element.priority, $0.offset) < ($1.element.priority, $1.offset)
        }
        .map(\.element)
    }

    /// Registers a publisher of events under its name, or under `name` in place of it.
    public mutating func register<Publisher: EventPublisher>(publisher: Publisher, as name: String? = nil) {
        hooks.add(publisher, as: name ?? Publisher.publisherName)
    }

    /// Registers a subscriber to events of steps that run in this process.
    public mutating func register<Subscriber: EventSubscriber>(subscriber: Subscriber) {
        hooks.subscribe(Subscriber.subscribesTo) { try await subscriber.handle($0) }
    }

    /// Subscribes a closure to events of steps that run in this process: an exact name, `payment.*`, or `*`.
    public mutating func subscribe(to patterns: String..., body: @escaping @Sendable (DomainEvent) async throws -> Void)
    {
        subscribe(patterns, body)
    }

    mutating func subscribe(_ patterns: [String], _ body: @escaping EventSubscribers.Body) {
        hooks.subscribe(patterns, body)
    }

    /// A program outside of this process that runs the steps of these names, or of any.
    package mutating func register(program: any StepProgram, as names: [String], version: String?, any: Bool) {
        var entry = Entry(name: "*", version: version, body: { _ in .success() }, isAlias: false, program: program)
        if any { fallback = entry }
        for name in names {
            entry.name = name
            add(entry)
        }
    }

    private mutating func add(_ entry: Entry) {
        if let present = entries[entry.name] {
            if entry.isAlias, !present.isAlias { return }
            if !entry.isAlias, !present.isAlias { replacedNames.append(entry.name) }
        }
        entries[entry.name] = entry
    }

    /// Names of types local to a function or a file read `(unknown context at $…)`.
    private func isSpeakable(_ name: String) -> Bool { !name.contains("(") && !name.contains(" ") }

    // MARK: - Looking up

    /// Nothing when the worker cannot run the step: it then answers `handler_not_found`.
    func entry(for handler: StepRequest.Handler) -> Entry? {
        if let program = entries[handler.callable] ?? fallback, program.program != nil { return program }
        switch handler.resolver {
        case nil, "": return inOrder(handler)
        case "explicit_mapping": return named(handler, isAlias: false)
        case "class_lookup": return named(handler, isAlias: true)
        case let name: return resolvers.first { $0.name == name }.flatMap { resolved(handler, by: $0) }
        }
    }

    private func inOrder(_ handler: StepRequest.Handler) -> Entry? {
        for resolver in resolvers where resolver.priority < 10 {
            if let entry = resolved(handler, by: resolver) { return entry }
        }
        if let entry = named(handler, isAlias: false) { return entry }
        for resolver in resolvers where (10..<100).contains(resolver.priority) {
            if let entry = resolved(handler, by: resolver) { return entry }
        }
        if let entry = named(handler, isAlias: true) { return entry }
        for resolver in resolvers where resolver.priority >= 100 {
            if let entry = resolved(handler, by: resolver) { return entry }
        }
        return nil
    }

    private func named(_ handler: StepRequest.Handler, isAlias: Bool) -> Entry? {
        let method = handler.method ?? "call"
        if method != "call", let entry = entries["\(handler.callable)#\(method)"], entry.isAlias == isAlias {
            return entry
        }
        guard let entry = entries[handler.callable], entry.isAlias == isAlias else { return nil }
        return entry.calling(method)
    }

    private func resolved(_ handler: StepRequest.Handler, by resolver: any HandlerResolver) -> Entry? {
        guard let found = resolver.resolve(handler) else { return nil }
        return Entry(found, as: handler.callable).calling(handler.method ?? "call")
    }

    /// Every callable a step may name, sorted: what the worker announces.
    public var callables: [WorkerAnnouncement.Handler] {
        var versions: [String: String?] = [:]
        for (name, entry) in entries {
            let callable = name.split(separator: "#", maxSplits: 1).first.map(String.init) ?? name
            if callable == name || versions[callable] == nil { versions[callable] = .some(entry.version) }
        }
        for name in resolvers.flatMap(\.callables) where versions[name] == nil { versions[name] = .some(nil) }
        return versions.keys.sorted().map { WorkerAnnouncement.Handler(callable: $0, version: versions[$0] ?? nil) }
    }

    /// Names to show a person, without the automatic aliases.
    public var names: [String] { entries.values.filter { !$0.isAlias }.map(\.name).sorted() }
    public var isEmpty: Bool { entries.isEmpty && resolvers.isEmpty && fallback == nil }
}

extension HandlerRegistry.Entry {
    init<Handler: StepHandler>(_ handler: Handler, as name: String) {
        self.init(
            name: name, version: Handler.handlerVersion, body: { try await handler.call($0) },
            methods: handler.methods, isAlias: false)
    }

    /// The same with another entry point; nil when the handler has none of that name.
    func calling(_ method: String) -> Self? {
        if method == "call" { return self }
        guard let body = methods[method] else { return nil }
        var entry = self
        entry.body = body
        return entry
    }
}
