import TaskerProtocol

/// `publishes_events` of a step.
struct EventParser {
    let findings: FindingCollector

    func events(_ step: MapReader) -> [EventDeclaration] {
        var events: [EventDeclaration] = []
        /// Conditions seen, and where, by event name.
        var seen: [String: [(condition: EventCondition, position: Position)]] = [:]
        for node in step.list("publishes_events", of: "events") {
            guard let (event, position) = event(node, step) else { continue }
            events.append(event)
            guard !event.name.isEmpty else { continue }
            let earlier = seen[event.name]?.first { Self.overlap($0.condition, event.condition) }
            if let earlier {
                step.add(
                    .eventRepeated,
                    "the event \(quoted(event.name)) of \(step.place.text) is published twice for some outcomes",
                    at: position,
                    related: [
                        Diagnostic.Related(
                            line: earlier.position.line, column: earlier.position.column, message: "it is first here")
                    ])
            } else {
                // One per condition is enough, and keeps a hostile list from being compared with itself.
                seen[event.name, default: []].append((event.condition, position))
            }
        }
        return events
    }

    private func event(_ node: Node, _ step: MapReader) -> (EventDeclaration, Position)? {
        let place = step.place.inner("an event")
        guard !node.isNull else {
            step.add(.typeMismatch, "\(place.text) must be a map, not null", at: node.position)
            return nil
        }
        let hint = node.scalar?.value.stringValue.map { "write - name: \($0.prefix(60))" }
        guard
            let map = MapReader(
                node, table: Tables.event, place: place, what: place.text, hint: hint, findings: findings)
        else { return nil }

        map.require("name")
        let stated = map.string("name")
        let name = stated ?? ""
        let position = map.position("name")
        if stated != nil, !Names.isEvent(name) {
            map.add(
                .eventName, "\(quoted(name)) is no event name", at: position,
                hint: "at least two segments of a-z, 0-9 and '_' joined by '.', such as order.created")
        }
        let description = map.string("description")
        if map.entry("description")?.value.isNull != false {
            map.add(
                .eventNoDescription, "the event \(quoted(name)) of \(step.place.text) has no description",
                at: map.position)
        }
        let publisher = map.string("publisher")
        if let publisher, !Names.isPublisher(publisher) {
            map.add(
                .badName, "\(quoted(publisher)) is no publisher name", at: map.position("publisher"),
                hint: "identifiers joined by '::' or '.'")
        }
        let event = EventDeclaration(
            name: name, description: description, condition: map.choice("condition", EventCondition.self) ?? .success,
            deliveryMode: map.choice("delivery_mode", EventDeliveryMode.self) ?? .durable,
            schema: map.schema("schema") ?? [:], publisher: publisher)
        return (event, position)
    }

    /// Whether one outcome of a step can meet both.
    static func overlap(_ left: EventCondition, _ right: EventCondition) -> Bool {
        switch (left, right) {
        case (.always, _), (_, .always): true
        case (.failure, .retryableFailure), (.failure, .permanentFailure), (.retryableFailure, .failure),
            (.permanentFailure, .failure):
            true
        default: left == right
        }
    }
}
