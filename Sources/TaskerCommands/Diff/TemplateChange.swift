import TaskerProtocol

/// One difference between two templates and what follows from it.
struct TemplateChange: Sendable, Hashable {
    enum Area: String, Sendable {
        case identity, step, dependency, handler, queue, retry, timeout, schema, batch, event, lifecycle
    }

    enum Effect: String, Sendable, Comparable {
        /// A handler, a caller or a later step stops working.
        case breaking
        /// New tasks run differently.
        case behaviour
        /// Nobody notices.
        case harmless

        private var rank: Int { self == .breaking ? 0 : self == .behaviour ? 1 : 2 }
        static func < (left: Effect, right: Effect) -> Bool { left.rank < right.rank }
    }

    var effect: Effect
    var area: Area
    var step: String?
    /// What changed.
    var message: String
    /// What it means.
    var consequence: String

    var json: JSONValue {
        var members: [String: JSONValue] = [
            "effect": .string(effect.rawValue), "area": .string(area.rawValue), "message": .string(message),
            "consequence": .string(consequence),
        ]
        if let step { members["step"] = .string(step) }
        return .object(members)
    }
}
