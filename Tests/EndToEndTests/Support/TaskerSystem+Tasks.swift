import Foundation
import TaskerProtocol

/// A step of a template, as far as tests vary it.
struct StepSpec: Sendable {
    var name: String
    var handler: String
    var after: [String] = []
    /// `handler.initialization`.
    var settings: JSONValue = [:]
    var retryable = true
    var attempts = 3
    var timeoutSeconds = 60
    var queue: String?
    var type = "standard"
    /// `batch_config`, `publishes_events` and the like.
    var more: [String: JSONValue] = [:]

    var json: JSONValue {
        var handler: [String: JSONValue] = ["callable": .string(self.handler), "initialization": settings]
        if let queue { handler["queue"] = .string(queue) }
        let members: [String: JSONValue] = [
            "name": .string(name), "type": .string(type), "handler": .object(handler),
            "dependencies": .array(after.map { .string($0) }),
            "timeout_seconds": .number(timeoutSeconds),
            "retry": [
                "retryable": .bool(retryable), "max_attempts": .number(attempts), "backoff": "linear",
                "backoff_base_ms": 100,
            ],
        ]
        return .object(members.merging(more) { _, new in new })
    }
}

extension TaskerSystem {
    func register(
        _ name: String, _ steps: [StepSpec], namespace: String = TaskerSystem.namespace
    ) async throws {
        let answer = try await http.post(
            "/v1/templates",
            [
                "name": .string(name), "namespace": .string(namespace), "version": "1.0.0",
                "steps": .array(steps.map(\.json)),
            ])
        guard answer.status == 201 || answer.status == 200 else {
            throw Failure("template \(name) was refused: \(answer.status) \(answer.text)")
        }
    }

    /// Names and states of a task's steps.
    func states(_ uuid: String) async throws -> [String: String] {
        Dictionary(
            try await steps(uuid).map { ($0.text("name"), $0.text("current_state")) }, uniquingKeysWith: { $1 })
    }

    /// What a step returned.
    func result(_ uuid: String, _ step: String) async throws -> JSONValue {
        try await self.step(uuid, step)["results"]?["result"] ?? .null
    }

    /// An operator's action on a step.
    @discardableResult
    func patch(_ uuid: String, _ step: String, _ action: JSONValue) async throws -> HTTPAnswer {
        try await http.send(
            "PATCH", "/v1/tasks/\(uuid)/workflow_steps/\(step)", body: Data(action.canonicalBytes))
    }

    /// Creates a task and gives its uuid. With an idempotency key, so that a request whose answer was lost can be sent
    /// again.
    func create(
        _ name: String, _ context: JSONValue = [:], namespace: String = TaskerSystem.namespace, tag: String? = nil
    ) async throws -> String {
        let body: JSONValue = [
            "name": .string(name), "namespace": .string(namespace), "context": context, "initiator": "test",
            "source_system": "test", "reason": "end-to-end test", "tags": .array(tag.map { [.string($0)] } ?? []),
        ]
        let key = UUID().uuidString
        var created: String?
        try await eventually("a task of \(name) is accepted") {
            let answer = try await self.http.post("/v1/tasks", body, headers: ["Idempotency-Key": key])
            if (400..<500).contains(answer.status) || answer.status == 501 {
                throw Failure("a task of \(name) is refused: \(answer.status) \(answer.text)", isFinal: true)
            }
            created = answer.body["task_uuid"]?.stringValue
            return created != nil
        }
        guard let created else { throw Failure("no task was created") }
        return created
    }

    /// Contexts in, uuids out, in the same order.
    func create(_ count: Int, _ name: String, _ context: JSONValue = [:]) async throws -> [String] {
        try await concurrently(Array(0..<count)) { _ in try await self.create(name, context) }
    }

    func task(_ uuid: String) async throws -> JSONValue { try await http.get("/v1/tasks/\(uuid)") }
    func status(_ uuid: String) async throws -> String { try await task(uuid)["status"]?.stringValue ?? "?" }

    func steps(_ uuid: String) async throws -> [JSONValue] {
        try await http.get("/v1/tasks/\(uuid)/workflow_steps").arrayValue ?? []
    }

    func step(_ uuid: String, _ name: String) async throws -> JSONValue {
        try await http.get("/v1/tasks/\(uuid)/workflow_steps/\(name)")
    }

    func audit(_ uuid: String, _ step: String) async throws -> [JSONValue] {
        try await http.get("/v1/tasks/\(uuid)/workflow_steps/\(step)/audit").arrayValue ?? []
    }

    /// How many tasks are in one of these states.
    func count(_ states: String..., namespace: String = TaskerSystem.namespace) async throws -> Int {
        let list = try await http.get(
            "/v1/tasks?per_page=1&namespace=\(namespace)&status=\(states.joined(separator: ","))")
        return Int(list["pagination"]?["total_count"]?.integerValue ?? -1)
    }

    func waitUntil(_ uuid: String, is state: String) async throws {
        var seen = "?"
        do {
            try await eventually("task is \(state)") {
                seen = try await self.status(uuid)
                return seen == state
            }
        } catch {
            let steps = (try? await self.steps(uuid)) ?? []
            let states = steps.map { "\($0["name"]?.stringValue ?? ""): \($0.brief)" }.joined(separator: "\n  ")
            throw Failure("\(error); it is \(seen)\n  \(states)")
        }
    }

    /// Waits until so many tasks are complete; a task that can no longer become it fails at once.
    func waitUntilComplete(_ number: Int, namespace: String = TaskerSystem.namespace) async throws {
        var complete = 0
        do {
            try await eventually("\(number) tasks are complete", within: .seconds(180)) {
                complete = try await self.count("complete", namespace: namespace)
                return complete >= number
            }
        } catch {
            throw Failure("\(error); \(complete) are. Others:\n\(await unfinished(namespace))")
        }
    }

    private func unfinished(_ namespace: String) async -> String {
        var lines: [String] = []
        let states =
            "pending,initializing,enqueuing_steps,steps_in_process,evaluating_results,waiting_for_dependencies,"
            + "waiting_for_retry,blocked_by_failures,error,cancelled"
        let list = try? await http.get("/v1/tasks?per_page=5&namespace=\(namespace)&status=\(states)")
        for task in list?["tasks"]?.arrayValue ?? [] {
            guard let uuid = task["task_uuid"]?.stringValue else { continue }
            lines.append("\(uuid) \(task["status"]?.stringValue ?? "")")
            for step in (try? await steps(uuid)) ?? [] {
                lines.append("  \(step["name"]?.stringValue ?? ""): \(step.brief)")
                for row in (try? await audit(uuid, step["step_uuid"]?.stringValue ?? "")) ?? [] {
                    lines.append("    \(row.canonicalText)")
                }
            }
        }
        return lines.joined(separator: "\n")
    }
}

extension JSONValue {
    /// A step in a line.
    var brief: String {
        let shown = [
            "current_state", "attempts", "worker_losses", "publication", "queue", "held", "dispatch_id", "error",
        ]
        return shown.compactMap { key in self[key].flatMap { $0.isNull ? nil : "\(key)=\($0.canonicalText)" } }
            .joined(separator: " ")
    }

    func text(_ name: String) -> String { self[name]?.stringValue ?? "" }
    func integer(_ name: String) -> Int { Int(self[name]?.integerValue ?? -1) }
}
