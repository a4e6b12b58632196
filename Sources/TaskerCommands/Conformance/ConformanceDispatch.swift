import Foundation
import TaskerProtocol

/// One `step.execute` to a worker under test.
struct ConformanceDispatch: Sendable {
    var name: String
    var message: JSONValue
    /// As it was sent.
    private(set) var bytes: [UInt8] = []
    /// False when the answer cannot carry the ids, since the message could not be used.
    var hasIDs: Bool

    var id: String { message["dispatch_id"]?.stringValue ?? "" }

    /// The base with fresh ids (or those of another dispatch's step), and `execute` laid over it.
    init(
        name: String, base: JSONValue, handler: String?, execute: JSONValue, sameStepAs other: ConformanceDispatch?,
        resolve: (String) -> String
    ) {
        self.name = name
        var ids: JSONValue = [:]
        for (member, key) in [("task", "uuid"), ("task", "correlation_id"), ("step", "uuid")] {
            let id = other?.message[member]?[key] ?? .string(UUID().uuidString.lowercased())
            ids = Self.laid(ids, [member: .object([key: id])])
        }
        var message = Self.laid(Self.laid(base, ids), ["dispatch_id": .string(UUID().uuidString.lowercased())])
        if let handler { message = Self.laid(message, ["handler": ["callable": .string(handler)]]) }
        message = Self.laid(message, Self.expanded(execute, resolve))
        self.message = message
        hasIDs =
            message["task"]?.objectValue != nil && message["step"]?.objectValue != nil
            && message["protocol"]?.stringValue?.hasPrefix("1.") == true
    }

    /// - Parameter text: stands before the last brace: what no JSON library writes, such as a member twice.
    mutating func write(replyTo: String, appending text: String?) {
        message = Self.laid(message, ["reply_to": .string(replyTo)])
        bytes = message.canonicalBytes
        if let text { bytes = bytes.dropLast() + Array(text.utf8) + [UInt8(ascii: "}")] }
    }

    /// Objects are merged member by member, anything else replaces what was there.
    static func laid(_ below: JSONValue, _ above: JSONValue) -> JSONValue {
        guard case .object(let lower) = below, case .object(let upper) = above else { return above }
        return .object(
            lower.merging(upper.map { ($0.key, laid(lower[$0.key] ?? .null, $0.value)) }, uniquingKeysWith: { $1 }))
    }

    /// Placeholders in texts replaced, `$repeat` written out.
    static func expanded(_ value: JSONValue, _ resolve: (String) -> String) -> JSONValue {
        switch value {
        case .object(let members):
            if members.count == 1, let inner = members["$repeat"] { return .string(ConformancePattern.repeated(inner)) }
            return .object(members.mapValues { expanded($0, resolve) })
        case .array(let items): return .array(items.map { expanded($0, resolve) })
        case .string(let text): return .string(resolve(text))
        default: return value
        }
    }
}

/// Why a scenario did not pass.
struct ScenarioFailure: Error {
    var reason: String
    init(_ reason: String) { self.reason = reason }
}
