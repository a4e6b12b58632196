import Foundation
import TaskerProtocol

/// Fleets of all four languages, with the handlers that have the same names in each.
enum Fleet: String, Sendable, CaseIterable {
    case swift, python, ruby, typescript

    var queue: String { "e2e.\(rawValue)" }
}

extension TaskerSystem {
    /// Starts a worker with the polyglot handlers and waits until the orchestrator knows it.
    @discardableResult
    func startFleet(_ fleet: Fleet, slots: Int = 10) async throws -> ManagedProcess {
        let worker = try await launchFleet(fleet, slots: slots)
        try await waitUntilAnnounced(worker)
        return worker
    }

    private func launchFleet(_ fleet: Fleet, slots: Int) async throws -> ManagedProcess {
        let handlers = Repository.handlers.path
        let sdks = Repository.root.appendingPathComponent("sdks").path
        let environment = [
            "TASKER_NAMESPACE": Self.namespace, "TASKER_QUEUE": fleet.queue, "TASKER_SLOTS": "\(slots)",
        ]
        let env = URL(fileURLWithPath: "/usr/bin/env")
        switch fleet {
        case .swift: return try await launchWorker(.swift, slots: slots, name: "fleet-swift")
        case .python: return try await launchWorker(.python, slots: slots, module: "polyglot", name: "fleet-python")
        case .ruby:
            return try start(
                "fleet-ruby", env,
                ["ruby", "-I", "\(sdks)/ruby/lib", "\(sdks)/ruby/exe/tasker-worker", "-r", "\(handlers)/polyglot.rb"],
                environment: environment)
        case .typescript:
            return try start(
                "fleet-typescript", env,
                ["node", "\(sdks)/typescript/bin/tasker-worker.js", "\(handlers)/polyglot.mjs"],
                environment: environment)
        }
    }

    /// Sends a handler's steps to these queues, as an operator would.
    func route(_ callable: String, to queues: [(Fleet, Int)]) async throws {
        let body: JSONValue = [
            "queues": .array(queues.map { ["queue": .string($0.0.queue), "weight": .number($0.1)] })
        ]
        let answer = try await http.send(
            "PUT", "/v1/routes/\(Self.namespace)/\(callable)", body: Data(body.canonicalBytes))
        guard answer.status == 200 else { throw Failure("PUT route: \(answer.status) \(answer.text)", isFinal: true) }
    }
}
