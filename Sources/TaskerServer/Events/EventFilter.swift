import Hummingbird
import TaskerEngine
import TaskerOrchestrator
import TaskerProtocol
import TaskerStore

/// Which events a reader wants, and from where on (REST contract, section 5).
struct EventFilter: Sendable {
    enum Start: Sendable {
        case now
        case after(Int64)
        case time(Timestamp)
    }

    var taskID: TaskID?
    var namespace: String?
    var name: String?
    /// Prefixes; empty: all.
    var types: [String]
    /// Goes on after the end of its task.
    var follows: Bool
    var start: Start

    static let parameters: Set<String> = ["task_uuid", "namespace", "name", "type", "since", "follow"]

    /// - Throws: ``Problem`` 400.
    init(_ request: Request) throws {
        try request.allow(query: Self.parameters)
        if let text = request.query("task_uuid") {
            guard let id = TaskID(text) else {
                throw Problem.badRequest("'\(text.prefix(60))' is no UUID", code: "INVALID_UUID")
            }
            taskID = id
        }
        namespace = request.query("namespace")
        name = request.query("name")
        types = (request.query("type") ?? "").split(separator: ",").map(String.init)
        follows = try request.flag("follow")
        start = .now
        // A browser that reconnects sends both: what it has seen last counts.
        if let text = request.headers[.lastEventID], !text.isEmpty {
            guard let number = Int64(text), number >= 0 else {
                throw Problem.badRequest("Last-Event-ID must be the id of an event: a number")
            }
            start = .after(number)
        } else if let text = request.query("since") {
            if let number = Int64(text), number >= 0 {
                start = .after(number)
            } else if let time = Timestamp(text) ?? Timestamp(text + "Z") {
                start = .time(time)
            } else {
                throw Problem.badRequest("since must be the id of an event or an RFC 3339 time")
            }
        }
    }

    func matches(_ event: LifecycleEvent) -> Bool {
        (taskID == nil || event.taskID == taskID) && (namespace == nil || event.namespace == namespace)
            && (name == nil || event.taskName == name)
            && (types.isEmpty || types.contains { event.type.hasPrefix($0) })
    }

    /// The task that is watched has ended.
    func ends(with event: LifecycleEvent) -> Bool {
        guard taskID != nil, !follows, event.taskID == taskID, event.stepID == nil else { return false }
        return event.toState.flatMap { TaskState(rawValue: $0) }?.isTerminal == true
    }
}

extension LifecycleEvent {
    /// As a message of `text/event-stream`.
    var message: String {
        var writer = JSONWriter(reserving: 320)
        writer.beginObject()
        writer.key("seq")
        writer.value(number)
        writeMembers(to: &writer)
        writer.endObject()
        return "id: \(number)\nevent: \(type)\ndata: \(String(decoding: writer.finish(), as: UTF8.self))\n\n"
    }
}
