import TaskerProtocol
import TaskerTemplates

@testable import TaskerEngine

/// What must exist (engine contract, sections 3, 6 and 7), found again from the outcomes alone and the slow way: by
/// names, and by repetition until nothing changes. It shares no code with the engine.
struct Oracle {
    enum Fate { case exists, never, undetermined }

    let template: TaskTemplate
    let steps: [String: StepTemplate]
    /// Decisions and batchable steps that have finished, in order.
    private(set) var finished: [(name: String, outcome: RandomOutcome)] = []

    // What follows from it.
    private(set) var rows: Set<String> = []
    private(set) var parents: [String: Set<String>] = [:]
    private(set) var undetermined: [String: Set<String>] = [:]
    /// Of chosen rows and of batch workers.
    private(set) var creators: [String: Set<String>] = [:]
    /// Worker rows by worker template.
    private(set) var workers: [String: [String]] = [:]
    /// Of worker rows.
    private(set) var workerTemplate: [String: String] = [:]
    /// Some step may still come to exist.
    private(set) var isOpen = false

    private let segments: [String: Set<String>]
    private let makers: [String: Set<String>]
    private let behindJoin: Set<String>
    private let early: Set<String>

    init(_ template: TaskTemplate) {
        self.template = template
        let steps = Dictionary(uniqueKeysWithValues: template.steps.map { ($0.name, $0) })
        self.steps = steps
        var above: [String: Set<String>] = [:]
        func ancestors(_ name: String) -> Set<String> {
            if let known = above[name] { return known }
            let direct = steps[name]?.dependencies ?? []
            let all = direct.reduce(into: Set(direct)) { $0.formUnion(ancestors($1)) }
            above[name] = all
            return all
        }
        func isJoin(_ name: String) -> Bool {
            steps[name]?.type == .batchWorker || steps[name]?.type == .deferredConvergence
        }
        for step in template.steps { _ = ancestors(step.name) }
        // What lies behind a decision is the decision's to choose, also when that itself lies behind a join.
        var known: [String: Bool] = [:]
        func isBehindJoin(_ name: String) -> Bool {
            if let known = known[name] { return known }
            let isBehind = (steps[name]?.dependencies ?? []).contains {
                isJoin($0) || steps[$0]?.type != .decision && isBehindJoin($0)
            }
            known[name] = isBehind
            return isBehind
        }
        behindJoin = Set(steps.keys.filter(isBehindJoin))
        early = Set(
            steps.keys.filter { name in
                !isJoin(name) && !ancestors(name).contains { isJoin($0) || steps[$0]?.type == .decision }
            })
        var segments: [String: Set<String>] = [:]
        for decision in template.steps where decision.type == .decision {
            var reached: Set<String> = []
            repeatUntilStable {
                for step in template.steps where !reached.contains(step.name) {
                    let isReached = step.dependencies.contains {
                        $0 == decision.name || (reached.contains($0) && steps[$0]?.type != .decision)
                    }
                    if isReached { reached.insert(step.name) }
                }
                return reached.count
            }
            segments[decision.name] = reached
        }
        self.segments = segments
        let batchables = template.steps.filter { $0.type == .batchable }
        var makers: [String: Set<String>] = [:]
        for worker in template.steps where worker.type == .batchWorker {
            let own = batchables.filter {
                worker.dependencies.contains($0.name) || Self.namedWorker(of: $0, steps) == worker.name
            }
            makers[worker.name] = Set(
                (own.isEmpty ? batchables : own).map(\.name).filter { !ancestors($0).contains(worker.name) })
        }
        self.makers = makers
        recompute()
    }

    static func namedWorker(of step: StepTemplate, _ steps: [String: StepTemplate]) -> String? {
        [step.handler.initialization["worker_template_name"]?.stringValue, step.batch?.workerTemplate]
            .compactMap(\.self).first { steps[$0]?.type == .batchWorker }
    }

    func isJoin(_ name: String) -> Bool {
        steps[name]?.type == .batchWorker || steps[name]?.type == .deferredConvergence
    }

    func segment(of decision: String) -> Set<String> { segments[decision] ?? [] }
    func selectable(by decision: String) -> Set<String> { segment(of: decision).filter { !isJoin($0) } }
    func makers(of worker: String) -> Set<String> { makers[worker] ?? [] }
    func workers(of batchable: String) -> Set<String> { Set(makers.keys.filter { makers(of: $0).contains(batchable) }) }
    func isFinished(_ name: String) -> Bool { finished.contains { $0.name == name } }
    func templateStep(of row: String) -> StepTemplate { steps[workerTemplate[row] ?? row] ?? template.steps[0] }

    // MARK: - Rows

    mutating func finish(_ name: String, with outcome: RandomOutcome) {
        finished.append((name, outcome))
        recompute()
    }

    private mutating func recompute() {
        rows = early
        creators = [:]
        workers = [:]
        workerTemplate = [:]
        for (name, outcome) in finished { make(name, outcome) }
        repeatUntilStable {
            let can = possible()
            for step in template.steps where !rows.contains(step.name) && step.type != .batchWorker {
                let fates = step.dependencies.map { (name: $0, fate: fate($0, can)) }
                let isDue =
                    step.type == .deferredConvergence
                    ? fates.allSatisfy { $0.fate != .undetermined }
                        && fates.contains { $0.fate == .exists && steps[$0.name]?.type != .decision }
                    : behindJoin.contains(step.name) && fates.allSatisfy { $0.fate == .exists }
                if isDue { rows.insert(step.name) }
            }
            return rows.count
        }
        let can = possible()
        isOpen = steps.keys.contains { fate($0, can) == .undetermined }
        parents = [:]
        undetermined = [:]
        for row in rows {
            var own = creators[row] ?? []
            for dependency in templateStep(of: row).dependencies {
                switch fate(dependency, can) {
                case .exists: own.formUnion(workers[dependency] ?? [dependency])
                case .undetermined: undetermined[row, default: []].insert(dependency)
                case .never: break
                }
            }
            parents[row] = own
        }
    }

    private mutating func make(_ name: String, _ outcome: RandomOutcome) {
        switch outcome {
        case .branches(let names) where !names.isEmpty:
            for row in closure(of: Set(names), in: segment(of: name)) {
                rows.insert(row)
                creators[row, default: []].insert(name)
            }
        case .noBatches:
            if let step = steps[name], let worker = Self.namedWorker(of: step, steps),
                makers(of: worker).contains(name),
                !rows.contains("\(worker)_000")
            {
                makeWorker(of: worker, "000", by: name)
            }
        case .batches(let given, let ids, _):
            guard let worker = worker(of: name, given: given).name else { return }
            for (index, id) in ids.enumerated() { makeWorker(of: worker, id ?? Self.number(index), by: name) }
        default: break
        }
    }

    static func number(_ index: Int) -> String {
        let digits = "\(index + 1)"
        return digits.count < 3 ? String("00\(digits)".suffix(3)) : digits
    }

    private mutating func makeWorker(of worker: String, _ id: String, by maker: String) {
        let row = "\(worker)_\(id)"
        rows.insert(row)
        workers[worker, default: []].append(row)
        workerTemplate[row] = worker
        creators[row] = [maker]
    }

    /// What follows from the chosen steps, within the segment.
    private func closure(of chosen: Set<String>, in segment: Set<String>) -> Set<String> {
        var all = chosen
        repeatUntilStable {
            for step in template.steps
            where segment.contains(step.name) && !isJoin(step.name) && !behindJoin.contains(step.name)
                && step.dependencies.contains(where: { all.contains($0) && steps[$0]?.type != .decision })
            {
                all.insert(step.name)
            }
            return all.count
        }
        return all
    }

    // MARK: - What can still come

    private func possible() -> Set<String> {
        var can = rows.intersection(steps.keys).union(workers.keys)
        repeatUntilStable {
            for step in template.steps where !can.contains(step.name) {
                let isPossible: Bool =
                    switch step.type {
                    case .batchWorker: makers(of: step.name).contains { can.contains($0) && !isFinished($0) }
                    case .deferredConvergence:
                        step.dependencies.contains { can.contains($0) && steps[$0]?.type != .decision }
                    default:
                        segments.contains {
                            $0.value.contains(step.name) && can.contains($0.key) && !isFinished($0.key)
                        }
                            || behindJoin.contains(step.name) && step.dependencies.allSatisfy(can.contains)
                    }
                if isPossible { can.insert(step.name) }
            }
            return can.count
        }
        return can
    }

    private func fate(_ name: String, _ can: Set<String>) -> Fate {
        if steps[name]?.type == .batchWorker {
            if makers(of: name).contains(where: { can.contains($0) && !isFinished($0) }) { return .undetermined }
            return workers[name] == nil ? .never : .exists
        }
        return rows.contains(name) ? .exists : can.contains(name) ? .undetermined : .never
    }
}

/// Calls `body` until it gives the same figure twice.
private func repeatUntilStable(_ body: () -> Int) {
    var last = -1
    while true {
        let figure = body()
        if figure == last { return }
        last = figure
    }
}
