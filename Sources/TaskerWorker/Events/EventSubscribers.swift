import Logging

/// Receives events of steps that ran in this process (`delivery_mode` `fast` or `broadcast`), after the broker has
/// confirmed the step's result. An error is logged and changes nothing.
public protocol EventSubscriber: Sendable {
    /// Exact names, `payment.*` for every name below it, `*` for all.
    static var subscribesTo: [String] { get }
    func handle(_ event: DomainEvent) async throws
}

/// The subscribers of a process.
struct EventSubscribers: Sendable {
    typealias Body = @Sendable (DomainEvent) async throws -> Void

    private var entries: [(patterns: [String], body: Body)] = []

    mutating func add(_ patterns: [String], _ body: @escaping Body) { entries.append((patterns, body)) }

    func hasSubscriber(for name: String) -> Bool {
        entries.contains { $0.patterns.contains { Self.matches(name, $0) } }
    }

    /// One event after the other, each to its subscribers in the order of their registration.
    func deliver(_ events: [DomainEvent], _ logger: Logger) async {
        for event in events {
            for entry in entries where entry.patterns.contains(where: { Self.matches(event.name, $0) }) {
                do {
                    try await entry.body(event)
                } catch {
                    logger.error("a subscriber of event \(event.name) failed: \(error)")
                }
            }
        }
    }

    static func matches(_ name: String, _ pattern: String) -> Bool {
        if pattern == "*" { return true }
        if pattern.hasSuffix(".*") { return name.hasPrefix(pattern.dropLast()) && name.count > pattern.count - 1 }
        return name == pattern
    }
}

/// Events that wait for the confirm of their step's result. Bounded like the results: by the slots.
struct LocalEvents {
    private var waiting: [DispatchID: [DomainEvent]] = [:]
    private var tokens: [UInt64: DispatchID] = [:]

    mutating func keep(_ events: [DomainEvent], for id: DispatchID) { waiting[id] = events }

    mutating func publishing(_ id: DispatchID, token: UInt64) {
        if waiting[id] != nil { tokens[token] = id }
    }

    /// - Returns: what to deliver now.
    mutating func published(_ token: UInt64, isConfirmed: Bool) -> [DomainEvent] {
        guard let id = tokens.removeValue(forKey: token), isConfirmed else { return [] }
        return waiting.removeValue(forKey: id) ?? []
    }
}
