import Foundation
import TaskerMessaging
import TaskerProtocol
import Testing

extension EndToEnd {
    @Test func aCancelledTaskStopsItsHandlers() async throws {
        try await TaskerSystem.run { system in
            try await system.register(
                "endless",
                [
                    StepSpec(
                        name: "swift", handler: "test.record", settings: ["milliseconds": 600_000], timeoutSeconds: 900),
                    StepSpec(
                        name: "python", handler: "python.record", settings: ["milliseconds": 600_000],
                        timeoutSeconds: 900),
                    StepSpec(name: "never", handler: "test.record", after: ["swift", "python"]),
                ])
            for language in Language.allCases { try await system.startWorker(language) }
            let task = try await system.create("endless", ["record_path": .string(system.recordPath)])
            try await eventually("both steps run") { system.starts.count == 2 }
            let answer = try await system.http.send("DELETE", "/v1/tasks/\(task)?reason=enough")
            #expect(answer.status == 200)
            #expect(answer.body.text("status") == "cancelled")
            for step in try await system.steps(task) { #expect(step.text("current_state") == "cancelled") }
            // The handlers stop long before their ten minutes, and what they answer is written down.
            for name in ["swift", "python"] {
                try await eventually("the answer of \(name) is in the audit") {
                    TaskerSystem.count("cancelled", in: try await system.audit(task, name)) == 1
                }
                let row = try await system.audit(task, name).first { $0.text("disposition") == "cancelled" }
                #expect(row?.text("error_type") == "cancelled", "\(row?.canonicalText ?? "")")
            }
            #expect(try await system.status(task) == "cancelled")
            #expect(system.starts.count == 2)
            try await system.expectThatWorkIsDone(workersRun: true)
        }
    }

    /// SIGTERM to everything at once in the middle of the work, and a new start: nothing is lost or run twice, not even
    /// what may not repeat.
    @Test func gracefulEndsLoseNothing() async throws {
        try await TaskerSystem.run { system in
            try await system.register(
                "pair",
                [
                    StepSpec(name: "swift", handler: "test.record", settings: ["milliseconds": 150], retryable: false),
                    StepSpec(
                        name: "python", handler: "python.record", after: ["swift"], settings: ["milliseconds": 150],
                        retryable: false),
                ])
            let workers = try await concurrently(Language.allCases) { try await system.startWorker($0, slots: 5) }
            let tasks = try await system.create(100, "pair", ["record_path": .string(system.recordPath)])
            try await eventually("the work is under way") { system.starts.count > 40 }
            let orchestrator = try system.orchestrator
            let exits = try await concurrently(workers + [orchestrator], width: 3) { try await $0.stop() }
            #expect(exits == [.status(0), .status(0), .status(0)])
            #expect(system.starts.count < 200, "it was stopped too late to show anything")
            try await system.startOrchestrator()
            for language in Language.allCases {
                try await system.startWorker(language, name: "second-\(language.rawValue)")
            }
            try await system.waitUntilComplete(100)
            try await system.verify(tasks, once: ["swift", "python"])
            #expect(system.starts.count == 200)
        }
    }

    @Test func aTaskRequestedByMessageTwiceIsMadeOnce() async throws {
        try await TaskerSystem.run { system in
            try await system.register("asked", [StepSpec(name: "only", handler: "test.record")])
            try await system.startWorker(.swift)
            try await system.withWire { wire in
                let replies = try await wire.collect(.ownExclusive(boundTo: nil))
                try await eventually("the reply queue has a name") { !replies.queue.isEmpty }
                let replyTo = replies.queue
                let request: JSONValue = [
                    "protocol": "1.0", "kind": "task.request", "name": "asked",
                    "namespace": .string(TaskerSystem.namespace),
                    "context": ["record_path": .string(system.recordPath)], "initiator": "test",
                    "source_system": "test",
                    "reason": "asked by message",
                ]
                let properties = MessageProperties(
                    messageID: UUID().uuidString.lowercased(), type: MessageKind.amqpType(MessageKind.taskRequest),
                    replyTo: replyTo)
                for _ in 0..<2 { try await wire.publish(request.canonicalText, to: system.names.requests, properties) }
                try await eventually("both are answered") { replies.all.count == 2 }
                let answers = replies.all.map(\.json)
                #expect(answers.map { $0.text("kind") } == ["task.accepted", "task.accepted"])
                #expect(answers.map { $0["created"] } == [true, false])
                #expect(answers[0].text("task_uuid") == answers[1].text("task_uuid"))
                try await system.waitUntil(answers[0].text("task_uuid"), is: "complete")
                try await system.verify([answers[0].text("task_uuid")])

                let bad = request.canonicalText.replacingOccurrences(of: "\"asked\"", with: "\"unheard_of\"")
                var other = properties
                other.messageID = UUID().uuidString.lowercased()
                try await wire.publish(bad, to: system.names.requests, other)
                let refusal = try await replies.wait(for: "a refusal") { $0.json.text("kind") == "task.rejected" }
                #expect(refusal.json["problem"]?.isNull == false)
            }
            let list = try await system.http.get("/v1/tasks?namespace=\(TaskerSystem.namespace)")
            #expect(list["pagination"]?.integer("total_count") == 1)
            #expect(system.starts.count == 1)
        }
    }
}
