import TaskerProtocol

/// The form in which stores keep the routing table: `{announced: [[namespace, callable, [[queue, first_ms, last_ms]]]],
/// in_use: [[namespace, callable, queue]], operator: [[namespace, callable, [[queue, weight]]]]}`, handlers in order.
extension RoutingTable {
    public var json: RawJSON {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("announced")
        Self.write(announced, to: &writer) { announcements, writer in
            writer.beginArray()
            for announcement in announcements {
                writer.beginArray()
                writer.value(announcement.queue)
                writer.value(announcement.firstAt.milliseconds)
                writer.value(announcement.lastAt.milliseconds)
                writer.endArray()
            }
            writer.endArray()
        }
        writer.key("in_use")
        Self.write(inUse, to: &writer) { queue, writer in writer.value(queue) }
        writer.key("operator")
        Self.write(operatorRoutes, to: &writer) { queues, writer in
            writer.beginArray()
            for queue in queues {
                writer.beginArray()
                writer.value(queue.queue)
                writer.value(queue.weight)
                writer.endArray()
            }
            writer.endArray()
        }
        writer.endObject()
        return RawJSON(trusting: writer.finish())
    }

    /// nil when it is not what ``json`` writes.
    public init?(_ value: RawJSON) {
        guard let announced = Self.read(value.member("announced"), { Self.all($0.items, Announcement.init) }),
            let inUse = Self.read(value.member("in_use"), { $0.string }),
            let routes = Self.read(value.member("operator"), { Self.all($0.items, WeightedQueue.init) })
        else { return nil }
        self.init(announced: announced, inUse: inUse, operatorRoutes: routes)
    }

    private static func write<Value>(
        _ entries: [Handler: Value], to writer: inout JSONWriter, _ body: (Value, inout JSONWriter) -> Void
    ) {
        writer.beginArray()
        let sorted = entries.sorted {
            ($0.key.namespace, $0.key.callable ?? "") < ($1.key.namespace, $1.key.callable ?? "")
        }
        for (handler, value) in sorted {
            writer.beginArray()
            writer.value(handler.namespace)
            writer.value(handler.callable)
            body(value, &writer)
            writer.endArray()
        }
        writer.endArray()
    }

    private static func read<Value>(_ list: RawJSON?, _ body: (RawJSON) -> Value?) -> [Handler: Value]? {
        let pairs: [(Handler, Value)]? = all(list?.items) { entry in
            guard let parts = entry.items, parts.count == 3, let namespace = parts[0].string,
                let value = body(parts[2])
            else { return nil }
            return (Handler(namespace: namespace, callable: parts[1].string), value)
        }
        return pairs.map { Dictionary($0, uniquingKeysWith: { _, last in last }) }
    }

    /// nil when there is no list or one item cannot be read.
    private static func all<Value>(_ items: [RawJSON]?, _ body: (RawJSON) -> Value?) -> [Value]? {
        guard let items else { return nil }
        let values = items.compactMap(body)
        return values.count == items.count ? values : nil
    }
}

extension RoutingTable.Announcement {
    fileprivate init?(_ value: RawJSON) {
        guard let parts = value.items, parts.count == 3, let queue = parts[0].string, let first = parts[1].integer,
            let last = parts[2].integer
        else { return nil }
        self.init(
            queue: queue, firstAt: Timestamp(milliseconds: first), lastAt: Timestamp(milliseconds: last))
    }
}

extension RoutingTable.WeightedQueue {
    fileprivate init?(_ value: RawJSON) {
        guard let parts = value.items, parts.count == 2, let queue = parts[0].string, let weight = parts[1].integer
        else { return nil }
        self.init(queue: queue, weight: Int(weight))
    }
}
