import Foundation
import TaskerProtocol

enum Language: String, Sendable, CaseIterable {
    case swift, python

    /// The test handlers have one name per language, so that a template says which fleet runs a step.
    func handler(_ name: String) -> String { self == .swift ? "test.\(name)" : "python.\(name)" }
}

extension TaskerSystem {
    static let namespace = "e2e"

    /// Starts a worker with the test handlers and waits until the orchestrator knows it.
    @discardableResult
    func startWorker(
        _ language: Language, queue: String? = nil, slots: Int = 10, module: String = "testing_handlers",
        environment: [String: String] = [:], name: String? = nil
    ) async throws -> ManagedProcess {
        let worker = try await launchWorker(
            language, queue: queue, slots: slots, module: module, environment: environment, name: name)
        try await waitUntilAnnounced(worker)
        return worker
    }

    func launchWorker(
        _ language: Language, queue: String? = nil, slots: Int = 10, module: String = "testing_handlers",
        environment: [String: String] = [:], name: String? = nil
    ) async throws -> ManagedProcess {
        try await launchWorker(
            language, namespace: Self.namespace, queue: queue ?? "e2e.\(language.rawValue)", slots: slots,
            module: module, folder: Repository.handlers.path, environment: environment, name: name)
    }

    func launchWorker(
        _ language: Language, namespace: String, queue: String, slots: Int = 10, module: String, folder: String,
        environment: [String: String] = [:], name: String? = nil
    ) async throws -> ManagedProcess {
        var values = ["TASKER_NAMESPACE": namespace, "TASKER_QUEUE": queue, "TASKER_SLOTS": "\(slots)"]
        values["PYTHONPATH"] = folder
        values.merge(environment) { _, new in new }
        let name = name ?? "worker-\(language.rawValue)"
        switch language {
        case .swift:
            return try start(name, try Repository.program("tasker-example-worker"), ["--testing"], environment: values)
        case .python:
            return try start(
                name, URL(fileURLWithPath: try await Repository.python.value), ["-m", "tasker_core.worker", module],
                environment: values)
        }
    }

    func waitUntilAnnounced(_ worker: ManagedProcess) async throws {
        try await eventually("\(worker.name) has announced itself") {
            if let exit = worker.ended { throw Failure("\(worker.name) ended with \(exit)", isFinal: true) }
            return try await self.worker(worker)?["status"]?.stringValue == "active"
        }
    }

    /// What the orchestrator knows of a worker process.
    func worker(_ process: ManagedProcess) async throws -> JSONValue? {
        let workers = try await http.get("/v1/workers")["workers"]?.arrayValue ?? []
        return workers.first { $0["pid"]?.integerValue == Int64(process.pid) }
    }
}

extension TaskerSystem {
    /// Keeps a worker running while `body` runs: one that ends is started again at once.
    func withSupervised(_ language: Language, slots: Int = 4, _ body: () async throws -> Void) async throws {
        let supervisor = Task {
            while !Task.isCancelled {
                let worker = try await launchWorker(language, slots: slots, name: "supervised-\(language.rawValue)")
                try await eventually("\(worker.name) ends", within: .seconds(600)) { !worker.isRunning }
            }
        }
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
        supervisor.cancel()
        _ = await supervisor.result
        try outcome.get()
    }
}
