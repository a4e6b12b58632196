import TaskerProtocol
import TaskerTemplates

/// One message of a worker under test.
struct ConformanceMessage: Sendable {
    var kind: String
    var message: JSONValue
    /// Those of AMQP, by their names in the protocol; nil over standard streams.
    var properties: JSONValue?
    /// Where it came to; nil over standard streams.
    var queue: String?
    /// An operation of the scenario has taken it.
    var isClaimed = false

    var dispatchID: String? { message["dispatch_id"]?.stringValue?.lowercased() }
    var workerID: String? { message["worker"]?["id"]?.stringValue }

    init(_ message: JSONValue, properties: JSONValue? = nil, queue: String? = nil) {
        kind = message["kind"]?.stringValue ?? ""
        self.message = message
        self.properties = properties
        self.queue = queue
    }
}

/// What holds for every message that a worker writes, whatever the scenario is about.
struct ConformanceJudge: Sendable {
    static let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    static let tracestate = "vendor=conformance"

    /// Of what workers send, by kind.
    var schemas: [String: JSONSchema]

    /// - Parameter dispatch: the one that it is about, if the scenario knows it.
    func check(_ received: ConformanceMessage, _ dispatch: ConformanceDispatch?) throws(ScenarioFailure) {
        let kind = received.kind
        guard let schema = schemas[kind] else {
            throw ScenarioFailure("the worker wrote a message of the unknown kind '\(kind)'")
        }
        if let fault = schema.validate(received.message).first {
            throw ScenarioFailure("\(kind) breaks schemas/sent/\(kind).schema.json: \(fault.pointer): \(fault.message)")
        }
        // Nobody can know the ids of a message that could not be used.
        let known = dispatch.flatMap { $0.hasIDs && !isRefusal(received) ? $0 : nil }
        if let known { try checkIDs(received, known) }
        guard let properties = received.properties else { return }
        try checkProperties(properties, kind, dispatch, known)
        guard let known else { return }
        if received.queue != known.message["reply_to"]?.stringValue {
            throw ScenarioFailure("\(kind): it came to \(received.queue ?? "?"), not to the reply_to of the dispatch")
        }
        try checkTrace(properties["headers"] ?? [:], kind)
    }

    private func isRefusal(_ received: ConformanceMessage) -> Bool {
        let type = received.message["error"]?["error_type"]?.stringValue
        return type == "invalid_message" || type == "unsupported_protocol"
    }

    private func checkIDs(_ received: ConformanceMessage, _ dispatch: ConformanceDispatch) throws(ScenarioFailure) {
        for (key, member) in [("task_uuid", "task"), ("step_uuid", "step")] {
            let wanted = dispatch.message[member]?["uuid"]
            let found = received.message[key]
            if found != wanted {
                throw ScenarioFailure("\(received.kind): \(key) is \(told(found)), the dispatch has \(told(wanted))")
            }
        }
    }

    private func checkProperties(
        _ properties: JSONValue, _ kind: String, _ dispatch: ConformanceDispatch?, _ known: ConformanceDispatch?
    ) throws(ScenarioFailure) {
        var wanted: [(String, JSONValue?)] = [
            ("content_type", "application/json"), ("type", .string("tasker.\(kind).v1")),
        ]
        if kind.hasPrefix("worker.") { wanted.append(("delivery_mode", 1)) }
        if kind == "step.result" {
            wanted.append(("delivery_mode", 2))
            if let dispatch { wanted.append(("message_id", .string(dispatch.id))) }
        }
        if let known { wanted.append(("correlation_id", known.message["task"]?["correlation_id"])) }
        for (name, value) in wanted where properties[name] != value {
            throw ScenarioFailure(
                "\(kind): the property \(name) is \(told(properties[name])) instead of \(told(value))")
        }
    }

    /// A worker that traces has a span of its own in the same trace; one that does not copies both headers.
    private func checkTrace(_ headers: JSONValue, _ kind: String) throws(ScenarioFailure) {
        func start(_ text: String) -> [Substring] {
            text.split(separator: "-", omittingEmptySubsequences: false).prefix(2) + []
        }
        let trace = headers["traceparent"]
        guard let text = trace?.stringValue, start(text) == start(Self.traceparent) else {
            throw ScenarioFailure(
                "\(kind): the header traceparent is \(told(trace)), not of the trace of \(Self.traceparent)")
        }
        guard headers["tracestate"]?.stringValue?.contains(Self.tracestate) == true else {
            throw ScenarioFailure(
                "\(kind): the header tracestate is \(told(headers["tracestate"])), without \(Self.tracestate)")
        }
    }

    private func told(_ value: JSONValue?) -> String { value?.canonicalText ?? "missing" }
}
