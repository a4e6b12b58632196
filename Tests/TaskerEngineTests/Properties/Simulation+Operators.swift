import TaskerProtocol
import TaskerTemplates

@testable import TaskerEngine

extension Simulation {
    /// Somebody does something, allowed or not.
    mutating func operate() throws(Violation) {
        guard !task.steps.isEmpty else { return }
        let kind = randomAction()
        let action = ManualAction(kind, actor: "ada", reason: "random")
        try apply(.manual(action))
    }

    private mutating func randomAction() -> ManualAction.Kind {
        let failed = task.steps.filter { $0.state == .error || $0.state == .waitingForRetry }.map(\.place)
        let place =
            failed.isEmpty || random.chance(40) ? random.int(0...task.steps.count - 1) : random.pick(failed)
        let isStopped = task.state == .blockedByFailures || task.state == .error
        if task.state == .waitingForRetry, random.chance(8) { return .resolveTask }
        switch random.int(0...99) {
        case ..<30: return .resetStep(place, clearCheckpoint: random.chance(30))
        case ..<45: return .resolveStep(place)
        case ..<65:
            let step = witness.oracle.templateStep(of: task.steps[place].name)
            witness.manualOutcome = .random(for: step, witness.oracle, settings, isCalm: false, &random)
            return .completeStep(
                place, result: witness.manualOutcome.result(by: "ada"), metadata: RawJSON(["custom": ["note": 1]]))
        case ..<75: return .retryTask(steps: random.chance(30) ? [place] : nil)
        case ..<80: return .replay
        case ..<86: return isStopped || random.chance(10) ? .giveUpTask : .retryTask(steps: nil)
        case ..<88: return .resolveTask
        case ..<94: return .makeDeadLetter
        default: return .updateDeadLetter(resolution: nil, notes: "seen", metadata: nil)
        }
    }
}
