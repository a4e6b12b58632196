import TaskerMessaging
import TaskerProtocol
import Testing

/// Events, as a plain AMQP consumer gets them.
extension EndToEnd {
    @Suite(.serialized)
    struct Events {
        /// A queue of the test's own, bound to the events whose names fit.
        private func listen(_ pattern: String, _ wire: Wire) async throws -> Wire.Inbox {
            let queue = "\(wire.names.prefix).test.\(pattern.dropLast(2))"
            try await wire.declare(
                Topology.events(names: wire.names) + [
                    .queue(name: queue, arguments: ["x-queue-type": .string("classic")]),
                    .binding(queue: queue, exchange: wire.names.events, routingKey: pattern),
                ])
            return try await wire.collect(.named(queue))
        }

        @Test(
            "domain events: exactly those whose condition holds, once, with the step's result",
            arguments: Language.allCases)
        func domainEvents(_ language: Language) async throws {
            try await TaskerSystem.run(settings: ["TASKER_LIFECYCLE_EVENTS": "on"]) { system in
                let events: JSONValue = [
                    ["name": "payment.tried", "condition": "always"], ["name": "payment.charged"],
                    ["name": "payment.retried", "condition": "retryable_failure"],
                    ["name": "payment.given_up", "condition": "permanent_failure"],
                    ["name": "payment.checked", "schema": ["required": ["nothing_like_it"]]],
                    ["name": "payment.local", "delivery_mode": "fast"],
                ]
                try await system.register(
                    "events",
                    [
                        StepSpec(
                            name: "charge", handler: language.handler("fail"), settings: ["times": 1],
                            more: ["publishes_events": events])
                    ])
                try await system.withWire { wire in
                    let domain = try await listen("payment.#", wire)
                    let lifecycle = try await listen("task.#", wire)
                    try await system.startWorker(language)
                    let task = try await system.create("events")
                    try await system.waitUntil(task, is: "complete")
                    _ = try await lifecycle.wait(for: "the task's end") { $0.json.text("type") == "task.completed" }
                    _ = try await domain.wait(for: "the charge") { $0.json.text("event_name") == "payment.charged" }

                    let names = domain.all.map { $0.json.text("event_name") }
                    #expect(
                        names == ["payment.tried", "payment.retried", "payment.tried", "payment.charged"], "\(names)")
                    let charged = try #require(domain.all.last)
                    #expect(charged.routingKey == "payment.charged")
                    #expect(charged.properties.type == "tasker.event.domain.v1")
                    #expect(charged.properties.messageID == charged.json.text("event_id"))
                    #expect(charged.json["payload"] == ["attempts": 2])
                    #expect(charged.json["metadata"]?.text("task_uuid") == task)
                    #expect(charged.json["metadata"]?.text("step_name") == "charge")
                    #expect(charged.json["execution_result"]?["success"] == true)
                    let retried = domain.all[1].json
                    #expect(retried["execution_result"]?["success"] == false)
                    #expect(Set(domain.all.map { $0.json.text("event_id") }).count == 4)

                    let steps = lifecycle.all.map { $0.json.text("type") }
                    #expect(steps.first == "task.initialize_requested" && steps.last == "task.completed", "\(steps)")
                    #expect(steps.contains("task.retry_backoff_started"))
                }
            }
        }
    }
}
