import TaskerProtocol

/// The compact form in which stores keep history: `["t",from,to,event]`, `["s",place,from,to,attempt,dispatch,detail]`,
/// `["c",first,count,by]`, `["a",{...}]`.
extension JournalEntry {
    public func write(to writer: inout JSONWriter) {
        writer.beginArray()
        switch self {
        case .task(let from, let to, let event):
            writer.value("t")
            writer.value(from.rawValue)
            writer.value(to.rawValue)
            writer.value(event)
        case .step(let place, let from, let to, let attempt, let dispatch, let detail):
            writer.value("s")
            writer.value(place)
            writer.value(from.rawValue)
            writer.value(to.rawValue)
            writer.value(attempt)
            writer.value(dispatch)
            writer.value(detail)
        case .created(let first, let count, let creator):
            writer.value("c")
            writer.value(first)
            writer.value(count)
            writer.value(creator)
        case .audit(let record):
            writer.value("a")
            record.write(to: &writer)
        case .notice(let type, let detail):
            writer.value("n")
            writer.value(type)
            writer.value(detail)
        }
        writer.endArray()
    }

    /// nil when the value is no entry of a known kind.
    public init?(_ value: RawJSON) {
        guard let items = value.items, let kind = items.first?.string else { return nil }
        func text(_ index: Int) -> String? { items.indices.contains(index) ? items[index].string : nil }
        switch kind {
        case "t":
            guard let from = text(1).flatMap({ TaskState(rawValue: $0) }),
                let to = text(2).flatMap({ TaskState(rawValue: $0) }), let event = text(3)
            else { return nil }
            self = .task(from: from, to: to, event: event)
        case "s":
            guard items.count >= 7, let place = items[1].integer, let attempt = items[4].integer,
                let from = text(2).flatMap({ StepState(rawValue: $0) }),
                let to = text(3).flatMap({ StepState(rawValue: $0) })
            else { return nil }
            self = .step(
                place: Int(place), from: from, to: to, attempt: Int(attempt),
                dispatch: text(5).flatMap { DispatchID($0) }, detail: text(6))
        case "c":
            guard items.count >= 4, let first = items[1].integer, let count = items[2].integer,
                let creator = items[3].integer
            else { return nil }
            self = .created(first: Int(first), count: Int(count), by: Int(creator))
        case "a":
            guard items.count == 2, let record = AuditRecord(items[1]) else { return nil }
            self = .audit(record)
        case "n":
            guard let type = text(1) else { return nil }
            self = .notice(type: type, detail: text(2))
        default: return nil
        }
    }
}

extension AuditRecord {
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("place")
        writer.value(place)
        writer.key("disposition")
        writer.value(disposition.rawValue)
        writer.key("attempt")
        writer.value(attempt)
        writer.key("dispatch")
        writer.value(dispatch)
        writer.key("status")
        writer.value(status)
        writer.key("from")
        writer.value(fromState.rawValue)
        writer.key("to")
        writer.value(toState.rawValue)
        if let workerID {
            writer.key("worker")
            writer.value(workerID)
        }
        if let workerLanguage {
            writer.key("language")
            writer.value(workerLanguage)
        }
        if let executionMilliseconds {
            writer.key("ms")
            writer.value(executionMilliseconds)
        }
        if let errorType {
            writer.key("error_type")
            writer.value(errorType)
        }
        if let message {
            writer.key("message")
            writer.value(message)
        }
        if let actor {
            writer.key("actor")
            writer.value(actor)
        }
        writer.endObject()
    }

    init?(_ value: RawJSON) {
        var members: [String: RawJSON] = [:]
        value.forEachMember { members[$0] = $1 }
        guard let place = members["place"]?.integer, let attempt = members["attempt"]?.integer,
            let disposition = members["disposition"]?.string.flatMap({ Disposition(rawValue: $0) }),
            let status = members["status"]?.string,
            let from = members["from"]?.string.flatMap({ StepState(rawValue: $0) }),
            let to = members["to"]?.string.flatMap({ StepState(rawValue: $0) })
        else { return nil }
        self.init(
            place: Int(place), disposition: disposition, attempt: Int(attempt),
            dispatch: members["dispatch"]?.string.flatMap { DispatchID($0) }, status: status, fromState: from,
            toState: to, workerID: members["worker"]?.string, workerLanguage: members["language"]?.string,
            executionMilliseconds: members["ms"]?.integer, errorType: members["error_type"]?.string,
            message: members["message"]?.string, actor: members["actor"]?.string)
    }
}
