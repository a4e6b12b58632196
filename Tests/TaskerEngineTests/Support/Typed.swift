import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerEngine

/// A step of any type.
func typed(
    _ type: StepType, _ name: String, after dependencies: String..., retry: RetryPolicy = .plain(),
    batch: BatchConfiguration? = nil, initialization: JSONValue = [:]
) -> StepTemplate {
    StepTemplate(
        name: name, handler: HandlerReference(callable: "Handle_\(name)", initialization: initialization), type: type,
        dependencies: dependencies, retry: retry, batch: batch)
}

/// `decision_point_outcome`; nothing chosen means no branches.
func chooses(_ names: String...) -> RawJSON {
    names.isEmpty
        ? RawJSON(["decision_point_outcome": ["type": "no_branches"]])
        : RawJSON([
            "decision_point_outcome": ["type": "create_steps", "step_names": .array(names.map { .string($0) })]
        ])
}

/// `batch_processing_outcome` with these batch ids; nil leaves the number to the engine.
func makes(_ ids: [String?], worker: String? = nil, count: Int? = nil) -> RawJSON {
    var outcome: [String: JSONValue] = ["type": "create_batches"]
    if let worker { outcome["worker_template_name"] = .string(worker) }
    if let count { outcome["worker_count"] = .integer(Int64(count)) }
    outcome["cursor_configs"] = .array(ids.map { id in id.map { ["batch_id": .string($0)] } ?? [:] })
    return RawJSON(["batch_processing_outcome": .object(outcome)])
}

func makes(_ count: Int) -> RawJSON { makes([String?](repeating: nil, count: count)) }

let noBatches = RawJSON(["batch_processing_outcome": ["type": "no_batches"]])

extension Script {
    /// The rows' names, in the order in which they were made.
    var names: [String] { task.steps.map(\.name) }

    func place(_ name: String) -> Int {
        guard let place = task.index(of: name) else {
            Issue.record("there is no row '\(name)' among \(names)")
            return 0
        }
        return place
    }

    subscript(name: String) -> Step { task.steps[place(name)] }

    func parents(of name: String) -> Set<String> { Set(self[name].parents.map { task.steps[$0].name }) }

    /// The names of the steps in that state.
    func named(_ state: StepState) -> [String] { task.steps.filter { $0.state == state }.map(\.name) }

    @discardableResult
    mutating func complete(_ name: String, _ result: RawJSON = .null) -> [Effect] {
        apply(completed(place(name), result: result))
    }

    @discardableResult
    mutating func fail(_ name: String, type: String = "permanent_error") -> [Effect] {
        apply(failed(place(name), type: type))
    }

    func refusal(_ kind: ManualAction.Kind) -> ActionRefusal? {
        task.refusal(of: ManualAction(kind, actor: "ada", reason: "because"), settings: settings)
    }

    /// Does it, and notes when it is refused.
    @discardableResult
    mutating func act(_ kind: ManualAction.Kind, sourceLocation: SourceLocation = #_sourceLocation) -> [Effect] {
        if let refusal = refusal(kind) { Issue.record("refused: \(refusal)", sourceLocation: sourceLocation) }
        return apply(.manual(ManualAction(kind, actor: "ada", reason: "because")))
    }
}

extension [Effect] {
    var remarks: [Remark] {
        compactMap {
            if case .remark(let remark) = $0 { return remark }
            return nil
        }
    }

    var domainEvents: [DomainEvent] {
        compactMap {
            if case .domainEvent(let event) = $0 { return event }
            return nil
        }
    }

    /// Places of the steps dispatched, in order.
    var dispatched: [Int] {
        compactMap {
            if case .dispatch(let place, _) = $0 { return place }
            return nil
        }
    }

    /// Dispatches told to stop.
    var notices: [DispatchID] {
        compactMap {
            if case .cancelNotice(_, let id, _) = $0 { return id }
            return nil
        }
    }

    /// The task's transitions, as `event state`.
    var taskPath: [String] {
        compactMap {
            if case .journal(.task(_, let to, let event)) = $0 { return "\(event) \(to.rawValue)" }
            return nil
        }
    }

    /// Entries that were made or changed, single failures aside.
    var deadLetters: [DeadLetterEntry] {
        compactMap {
            switch $0 {
            case .deadLetter(.made(let entry)), .deadLetter(.changed(let entry)): return entry
            default: return nil
            }
        }
    }

    /// Failures added to an entry.
    var addedFailures: [DeadLetterEntry.Failure] {
        compactMap {
            if case .deadLetter(.failed(_, _, let failure)) = $0 { return failure }
            return nil
        }
    }
}
