/// A request to create a task: the members of `POST /v1/tasks`, also sent as `task.request` to the requests queue.
public struct TaskRequest: Sendable, Hashable {
    public var name: String
    public var namespace: String
    /// nil: the highest registered.
    public var version: String?
    /// An object.
    public var context: RawJSON
    public var initiator: String?
    public var sourceSystem: String?
    public var reason: String?
    public var tags: [String]
    public var requestedAt: Timestamp?
    public var correlationID: CorrelationID?
    public var parentCorrelationID: CorrelationID?
    public var idempotencyKey: String?
    public var priority: Int
    /// An object, stored as it is.
    public var options: RawJSON?

    public init(
        name: String, namespace: String, version: String? = nil, context: RawJSON = .emptyObject,
        initiator: String? = nil, sourceSystem: String? = nil, reason: String? = nil, tags: [String] = [],
        requestedAt: Timestamp? = nil, correlationID: CorrelationID? = nil,
        parentCorrelationID: CorrelationID? = nil, idempotencyKey: String? = nil, priority: Int = 0,
        options: RawJSON? = nil
    ) {
        self.name = name
        self.namespace = namespace
        self.version = version
        self.context = context
        self.initiator = initiator
        self.sourceSystem = sourceSystem
        self.reason = reason
        self.tags = tags
        self.requestedAt = requestedAt
        self.correlationID = correlationID
        self.parentCorrelationID = parentCorrelationID
        self.idempotencyKey = idempotencyKey
        self.priority = priority
        self.options = options
    }
}

/// What is wrong with a request, one entry per fault.
public struct RequestFault: Error, Hashable, Sendable {
    /// A JSON pointer (RFC 6901) into the request.
    public var pointer: String
    /// The rule that is broken: `required`, `type`, `maxLength`, ...
    public var keyword: String
    public var message: String

    public init(pointer: String, keyword: String, message: String) {
        self.pointer = pointer
        self.keyword = keyword
        self.message = message
    }
}

/// All that is wrong with a request.
public struct RequestFaults: Error, Hashable, Sendable {
    public var faults: [RequestFault]
    public init(_ faults: [RequestFault]) { self.faults = faults }
}

extension TaskRequest {
    /// Members that are understood; others are ignored with a warning.
    public static let knownMembers: Set<String> = [
        "name", "namespace", "version", "context", "initiator", "source_system", "reason", "tags", "requested_at",
        "correlation_id", "parent_correlation_id", "idempotency_key", "priority", "options", "protocol", "kind",
    ]

    /// Reads the members, collecting every fault.
    /// - Throws: ``RequestFaults``.
    public init(reading body: RawJSON) throws(RequestFaults) {
        guard body.isObject else {
            throw RequestFaults([
                RequestFault(pointer: "", keyword: "type", message: "the request must be a JSON object")
            ])
        }
        var members: [String: RawJSON] = [:]
        body.forEachMember { name, value in members[name] = value }
        var faults: [RequestFault] = []

        func text(_ name: String, limit: Int, required: Bool = false) -> String? {
            guard let value = members[name], !value.isNull else {
                if required { fault(name, "required", "\(name) is required") }
                return nil
            }
            guard let text = value.string else {
                fault(name, "type", "\(name) must be a string")
                return nil
            }
            if text.isEmpty, required { fault(name, "minLength", "\(name) must not be empty") }
            if text.unicodeScalars.count > limit {
                fault(name, "maxLength", "\(name) is longer than \(limit) characters")
            }
            return text
        }
        func fault(_ name: String, _ keyword: String, _ message: String) {
            faults.append(RequestFault(pointer: "/\(name)", keyword: keyword, message: message))
        }
        func uuid(_ name: String) -> CorrelationID? {
            guard let text = text(name, limit: 36) else { return nil }
            guard let id = CorrelationID(text) else {
                fault(name, "format", "\(name) must be a UUID")
                return nil
            }
            return id
        }

        let name = text("name", limit: 255, required: true) ?? ""
        let namespace = text("namespace", limit: 255, required: true) ?? ""
        let version = text("version", limit: 50)
        var context = RawJSON.emptyObject
        if let value = members["context"], !value.isNull {
            if value.isObject {
                context = value.compacted()
            } else {
                fault("context", "type", "context must be an object")
            }
        }
        var tags: [String] = []
        if let value = members["tags"], !value.isNull {
            if let items = value.items {
                tags = items.compactMap(\.string)
                if tags.count != items.count { fault("tags", "type", "tags must be an array of strings") }
                if tags.count > 64 { fault("tags", "maxItems", "at most 64 tags") }
                if tags.contains(where: { $0.utf8.count > 255 }) {
                    fault("tags", "maxLength", "a tag is longer than 255 bytes")
                }
            } else {
                fault("tags", "type", "tags must be an array of strings")
            }
        }
        var requestedAt: Timestamp?
        if let text = text("requested_at", limit: 40) {
            requestedAt = Timestamp(text) ?? Timestamp(text + "Z")
            if requestedAt == nil { fault("requested_at", "format", "requested_at must be an RFC 3339 time in UTC") }
        }
        var priority = 0
        if let value = members["priority"], !value.isNull {
            if let number = value.integer, (-100...100).contains(number) {
                priority = Int(number)
            } else {
                fault("priority", "range", "priority must be an integer from -100 to 100")
            }
        }
        var options: RawJSON?
        if let value = members["options"], !value.isNull {
            if value.isObject {
                options = value.compacted()
            } else {
                fault("options", "type", "options must be an object")
            }
        }
        let key = text("idempotency_key", limit: 255)
        if let key, key.isEmpty || !key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
            fault("idempotency_key", "pattern", "idempotency_key must be 1-255 visible ASCII characters")
        }
        let request = TaskRequest(
            name: name, namespace: namespace, version: version, context: context,
            initiator: text("initiator", limit: 255), sourceSystem: text("source_system", limit: 255),
            reason: text("reason", limit: 500), tags: tags, requestedAt: requestedAt,
            correlationID: uuid("correlation_id"), parentCorrelationID: uuid("parent_correlation_id"),
            idempotencyKey: key, priority: priority, options: options)
        if !faults.isEmpty { throw RequestFaults(faults) }
        self = request
    }
}
