import TaskerProtocol
import TaskerTemplates

@testable import TaskerEngine

/// What a handler answers: the oracle reads it as it is, the engine gets it as JSON.
enum RandomOutcome {
    /// Of a step whose result means nothing to the engine.
    case plain
    /// No outcome, or one that cannot be read.
    case unreadable(String)
    case branches([String])
    case noBatches
    case batches(worker: String?, ids: [String?], count: Int?)

    /// The step's `result`.
    func result(by name: String, isBad: Bool = false) -> RawJSON {
        var members: [String: JSONValue] = ["by": .string(name)]
        if isBad { members["bad"] = 1 }
        switch self {
        case .plain: break
        case .unreadable(let text):
            if let value = try? RawJSON(validating: text) {
                let rest = RawJSON(JSONValue.object(members)).text.dropFirst()
                return RawJSON(
                    trusting: Array(
                        "{\"decision_point_outcome\":\(value.text),\"batch_processing_outcome\":\(value.text),\(rest)"
                            .utf8))
            }
        case .branches(let names):
            members["decision_point_outcome"] =
                names.isEmpty
                ? ["type": "no_branches"]
                : ["type": "create_steps", "step_names": .array(names.map { .string($0) })]
        case .noBatches: members["batch_processing_outcome"] = ["type": "no_batches"]
        case .batches(let worker, let ids, let count):
            var outcome: [String: JSONValue] = ["type": "create_batches"]
            if let worker { outcome["worker_template_name"] = .string(worker) }
            if let count { outcome["worker_count"] = .integer(Int64(count)) }
            outcome["cursor_configs"] = .array(
                ids.enumerated().map { index, id in
                    var config: [String: JSONValue] = [
                        "start_cursor": .integer(Int64(index)), "end_cursor": .integer(Int64(index + 1)),
                        "batch_size": 1,
                    ]
                    if let id { config["batch_id"] = .string(id) }
                    return .object(config)
                })
            members["batch_processing_outcome"] = .object(outcome)
        }
        return RawJSON(.object(members))
    }

    /// An outcome for that step, mostly a valid one, and always one when `isCalm`.
    static func random(
        for step: StepTemplate, _ oracle: Oracle, _ settings: EngineSettings, isCalm: Bool,
        _ random: inout SeededGenerator
    ) -> RandomOutcome {
        switch step.type {
        case .decision:
            if !isCalm, random.chance(15) { return invalidBranches(step, oracle, &random) }
            let chosen = branches(step, oracle, &random)
            return isCalm && !oracle.errors(of: step.name, chosen, settings).isEmpty ? .branches([]) : chosen
        case .batchable:
            if !isCalm, random.chance(15) { return invalidBatches(step, oracle, &random) }
            let made = batches(step, oracle, isCalm: isCalm, &random)
            return isCalm && !oracle.errors(of: step.name, made, settings).isEmpty ? .noBatches : made
        default: return .plain
        }
    }

    private static func branches(
        _ step: StepTemplate, _ oracle: Oracle, _ random: inout SeededGenerator
    ) -> RandomOutcome {
        let selectable = oracle.selectable(by: step.name).sorted()
        if selectable.isEmpty || random.chance(12) { return .branches([]) }
        return .branches((0..<random.int(1...3)).map { _ in random.pick(selectable) })
    }

    private static func batches(
        _ step: StepTemplate, _ oracle: Oracle, isCalm: Bool, _ random: inout SeededGenerator
    ) -> RandomOutcome {
        let workers = oracle.workers(of: step.name).sorted()
        if workers.isEmpty || random.chance(15) { return .noBatches }
        let given = random.chance(50) ? random.pick(workers) : nil
        let count = random.int(1...4)
        // Where all must succeed no two analyzers may ask for the same name, or the first would win.
        let ids = (0..<count).map { isCalm ? "\(step.name)-\($0)" : random.chance(30) ? "b\($0)" : nil }
        return .batches(worker: given, ids: ids, count: random.chance(50) ? count : nil)
    }

    private static func invalidBranches(
        _ step: StepTemplate, _ oracle: Oracle, _ random: inout SeededGenerator
    ) -> RandomOutcome {
        let names = oracle.template.steps.map(\.name)
        switch random.int(0...4) {
        case 0: return .plain
        case 1:
            return .unreadable(
                random.pick(["1", "{}", #"{"type":"create_steps"}"#, #"{"type":"create_steps","step_names":[1]}"#]))
        case 2: return .branches(["nowhere"])
        case 3: return .branches([random.pick(names)])
        default: return .branches(names)
        }
    }

    private static func invalidBatches(
        _ step: StepTemplate, _ oracle: Oracle, _ random: inout SeededGenerator
    ) -> RandomOutcome {
        let names = oracle.template.steps.map(\.name)
        switch random.int(0...8) {
        case 0: return .plain
        case 1: return .unreadable(random.pick(["[]", "{}", #"{"type":"create_batches"}"#, #"{"type":"other"}"#]))
        case 2: return .batches(worker: nil, ids: [], count: nil)
        case 3: return .batches(worker: nil, ids: [nil, nil], count: 3)
        case 4: return .batches(worker: nil, ids: ["a", "a"], count: nil)
        case 5:
            return .batches(
                worker: nil, ids: [random.pick(["-a", "", "a b", String(repeating: "x", count: 65)])], count: nil)
        case 6: return .batches(worker: random.pick(names), ids: [nil], count: nil)
        case 7: return .batches(worker: "nowhere", ids: [nil], count: nil)
        default: return .batches(worker: nil, ids: (0..<12).map { _ in nil }, count: nil)
        }
    }
}
