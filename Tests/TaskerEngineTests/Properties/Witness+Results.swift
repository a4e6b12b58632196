import TaskerProtocol
import TaskerTemplates

@testable import TaskerEngine

/// Accepted results: what they make, and what they publish.
extension Witness {
    /// 16, 19, 20: whether a success is usable, and which rows follow from it. Comes before the effects are looked at,
    /// as they may be about the new rows.
    mutating func foresee(
        _ event: Event, before: WorkflowTask, after: WorkflowTask, world: World, settings: EngineSettings
    ) throws(Violation) {
        switch event {
        case .result(let place, let message):
            guard isAccepted(message, place, before) else { break }
            if message.status == .checkpoint {
                try followCheckpoint(message, place, before: before, after: after)
            }
            guard message.status == .completed else { break }
            guard let id = message.dispatchID, let answer = world.answers[id] else { break }
            let errors = self.errors(of: place, answer, settings)
            let state = after.steps[place].state
            if errors.isEmpty {
                try require(19, state == .complete, "\(names[place]) in \(state) after a valid result")
                try finished(place, answer.outcome, after)
            } else {
                let error = after.steps[place].lastError?.member("error_type")?.string ?? "no error"
                try require(19, state == .error, "\(names[place]) in \(state) after an outcome with \(errors)")
                try require(19, errors.contains(error), "\(error) instead of \(errors)")
                try require(19, after.steps.count == before.steps.count, "an invalid outcome made rows")
                seen.insert("invalid \(error)")
            }
        case .manual(let action):
            guard before.refusal(of: action, settings: settings) == nil else { break }
            try foresee(action, after)
            switch action.kind {
            case .resolveStep(let place):
                try finished(place, before.template(of: place).type == .decision ? .branches([]) : .noBatches, after)
            case .completeStep(let place, _, _): try finished(place, manualOutcome, after)
            default: break
            }
        default: break
        }
        try require(16, after.steps.count == names.count, "rows were made that no outcome demands")
    }

    func isAccepted(_ message: StepResultMessage, _ place: Int, _ before: WorkflowTask) -> Bool {
        !before.state.isTerminal && before.steps[place].dispatch?.id == message.dispatchID
    }

    private mutating func finished(_ place: Int, _ outcome: RandomOutcome, _ after: WorkflowTask) throws(Violation) {
        let type = oracle.templateStep(of: names[place]).type
        guard type == .decision || type == .batchable else { return }
        let rows = oracle.rows.count
        oracle.finish(names[place], with: outcome)
        switch outcome {
        case .branches(let names): seen.insert(names.isEmpty ? "no_branches" : "create_steps")
        case .noBatches: seen.insert(oracle.rows.count > rows ? "placeholder" : "no_batches")
        case .batches: seen.insert("create_batches")
        default: break
        }
        try compareRows(after)
    }

    private func errors(of place: Int, _ answer: Answer, _ settings: EngineSettings) -> Set<String> {
        let step = oracle.templateStep(of: names[place])
        var errors = oracle.errors(of: names[place], answer.outcome, settings)
        let policy = step.resultSchemaPolicy ?? settings.resultSchemaPolicy
        if answer.isBad, step.resultSchema != nil, policy == .fail { errors.insert("result_schema_violation") }
        return errors
    }

    // MARK: - Domain events

    /// 29: an event leaves exactly when its result is accepted and its condition holds.
    mutating func checkEvents(
        _ event: Event, _ effects: [Effect], _ events: [DomainEvent], before: WorkflowTask, world: World
    ) throws(Violation) {
        var expected: [String] = []
        var attempt = 0
        if case .result(let place, let message) = event, isAccepted(message, place, before),
            message.status == .completed || message.status == .failed
        {
            attempt = before.steps[place].totalAttempts
            expected = self.expected(message, ending(of: place, effects), place, world)
        }
        try require(29, events.map(\.name) == expected, "events \(events.map(\.name)) instead of \(expected)")
        guard case .result(let place, _) = event else { return }
        for event in events {
            let id = UUIDValue(version5: "\(attempt):\(event.name)", namespace: before.steps[place].id.uuid)
            try require(29, event.id == id, "the id of \(event.name) is not stable")
            seen.insert("domain event")
        }
    }

    /// Where the step went when the attempt was over.
    private func ending(of place: Int, _ effects: [Effect]) -> StepState? {
        for case .journal(.step(place, _, let to, _, _, _)) in effects
        where to == .complete || to == .error || to == .waitingForRetry { return to }
        return nil
    }

    private func expected(
        _ message: StepResultMessage, _ ending: StepState?, _ place: Int, _ world: World
    ) -> [String] {
        let answer = message.dispatchID.flatMap { world.answers[$0] } ?? Answer()
        var names: [String] = []
        var decided: Set<String> = []
        for declared in oracle.templateStep(of: self.names[place]).publishesEvents where declared.deliveryMode != .fast
        {
            let holds =
                switch declared.condition {
                case .always: true
                case .success: ending == .complete
                case .failure: ending != .complete
                case .retryableFailure: ending == .waitingForRetry
                case .permanentFailure: ending == .error
                }
            guard holds else { continue }
            var fitsSchema = message.status == .completed
            switch answer.events.last(where: { $0.name == declared.name })?.1 {
            case .suppressed: continue
            case .payload(let isValid): fitsSchema = isValid
            case nil: break
            }
            guard decided.insert(declared.name).inserted else { continue }
            if fitsSchema || declared.schema == [:] { names.append(declared.name) }
        }
        return names
    }
}
