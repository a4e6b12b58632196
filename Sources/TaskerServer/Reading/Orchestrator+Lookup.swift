import Hummingbird
import TaskerEngine
import TaskerOrchestrator
import TaskerProtocol
import TaskerStore

extension Orchestrator {
    /// A task as of its last commit.
    /// - Throws: ``Problem`` 404.
    func loadTask(_ id: TaskID) async throws -> WorkflowTask {
        guard let stored = try await store.task(id, plans: plans) else {
            throw Problem.notFound("Task", "There is no task \(id)")
        }
        return stored.task
    }
}

extension WorkflowTask {
    /// The place of a step given by id or name.
    /// - Throws: ``Problem`` 404 that names the steps there are.
    func requirePlace(of text: String) throws -> Int {
        if let id = StepID(text), let place = index(of: id) { return place }
        if let place = index(of: text) { return place }
        let names = steps.prefix(20).map(\.name).joined(separator: ", ")
        throw Problem.notFound("Step", "Task \(id) has no step '\(text.prefix(128))'", hint: "Its steps: \(names)")
    }
}

/// `If-Match` and `ETag` (RFC 9110): an action only takes place on what its caller has seen.
enum EntityTag {
    /// Changes with everything that happens to a step, and with nothing else.
    static func of(_ step: Step) -> String {
        var parts = [
            step.id.description, step.state.rawValue, "\(step.attempts)", "\(step.totalAttempts)",
            step.dispatch?.id.description ?? "", step.hold?.rawValue ?? "", step.workerID ?? "",
            "\(step.workerLosses)", step.retryAt?.description ?? "", step.lastError?.text ?? "",
        ]
        parts.append(step.checkpoint?.text ?? "")
        return "\"" + SHA256.hexString(SHA256.hash(parts.joined(separator: "\n").utf8).prefix(12)) + "\""
    }

    /// Whether a header `If-Match` names the tag; weak tags match nothing.
    static func matches(_ header: String, _ tag: String) -> Bool {
        header.split(separator: ",").map { $0.drop { $0 == " " } }.contains { item in
            let item = item.reversed().drop { $0 == " " }.reversed()
            return String(item) == "*" || String(item) == tag
        }
    }
}
