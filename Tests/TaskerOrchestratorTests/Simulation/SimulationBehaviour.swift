import TaskerProtocol

/// What a step's handler does: a pure function of step, attempt and checkpoint, so that runs can be compared.
struct Behaviour: Sendable {
    enum Ending: Sendable {
        case succeeds
        /// Fails for good once the failures before are over.
        case permanent
        /// Fails, retryable, at every attempt.
        case fails
        /// Takes its worker process with it.
        case kills
        /// Runs on until long after its time-out and ignores it.
        case overruns
    }

    var ending = Ending.succeeds
    /// Attempts that fail, retryable, before the ending.
    var failures = 0
    /// Yields before it ends.
    var checkpoints = 0
    /// Microseconds per execution.
    var duration: Int64 = 5000
    /// Of a decision: what it chooses.
    var branches: [String] = []
    /// Of a batchable step; 0: `no_batches`.
    var batches = 0
    /// Of batch workers: only those of an odd hash misbehave.
    var isShared = false
}

extension Behaviour {
    enum Outcome {
        case completed(RawJSON)
        case failed(StepFailure)
        case checkpoint(RawJSON)
        case dies
    }

    func outcome(of message: StepExecute, results: [(name: String, envelope: RawJSON)]) -> Outcome {
        let isSpared = isShared && TraceHash.of(message.step.name) % 3 != 0
        let done = message.step.checkpoint?.member("items_processed")?.integer ?? 0
        if done < Int64(checkpoints) {
            return .checkpoint(RawJSON(["cursor": .integer(done + 1), "items_processed": .integer(done + 1)]))
        }
        if !isSpared {
            if ending == .kills { return .dies }
            if message.step.attempt <= failures || ending == .fails {
                return .failed(StepFailure(message: "planned", errorType: "Boom", isRetryable: true))
            }
            if ending == .permanent {
                return .failed(
                    StepFailure(message: "planned", errorType: ErrorType.permanentError, isRetryable: false))
            }
        }
        return .completed(result(of: message, results, done))
    }

    /// Says what the handler was given, so that a comparison sees everything that travelled.
    private func result(
        of message: StepExecute, _ results: [(name: String, envelope: RawJSON)], _ done: Int64
    ) -> RawJSON {
        let saw = results.sorted { $0.name < $1.name }.map { name, envelope in
            let result = envelope.member("result")?.text ?? "none"
            return "\(name)=\(String(TraceHash.of(result) & 0xFFFF_FFFF, radix: 36))"
        }
        var members: [String: JSONValue] = [
            "step": .string(message.step.name), "saw": .string(saw.joined(separator: ",")), "done": .integer(done),
        ]
        if let failed = message.step.inputs.member("failed_batches") { members["failed"] = failed.value }
        if let cursor = message.step.inputs.member("cursor") { members["cursor"] = cursor.value }
        switch message.step.type {
        case "decision":
            members["decision_point_outcome"] =
                branches.isEmpty
                ? ["type": "no_branches"]
                : ["type": "create_steps", "step_names": .array(branches.map { .string($0) })]
        case "batchable":
            let configs = (0..<batches).map { index -> JSONValue in
                ["start_cursor": .integer(Int64(index * 10)), "end_cursor": .integer(Int64(index * 10 + 10))]
            }
            members["batch_processing_outcome"] =
                batches == 0 ? ["type": "no_batches"] : ["type": "create_batches", "cursor_configs": .array(configs)]
        default: break
        }
        return RawJSON(.object(members))
    }
}
