import TaskerWorker

struct ConformanceDecision: DecisionHandler {
    static let handlerName = "conformance.decision"

    func call(_ context: StepContext) async throws -> StepResult {
        let steps = try context.input("steps", default: [String]())
        guard !steps.isEmpty else { return skipBranches("nothing to choose") }
        return decide(steps, routingContext: ["chosen": .number(steps.count)])
    }
}

/// Names no worker template, so that the runner fills it in.
struct ConformanceBatch: BatchableHandler {
    static let handlerName = "conformance.batch"

    func call(_ context: StepContext) async throws -> StepResult {
        batches(total: try context.input("total"), size: try context.input("size"))
    }
}

struct ConformanceBatchWorker: BatchableHandler {
    static let handlerName = "conformance.batch_worker"

    func call(_ context: StepContext) async throws -> StepResult {
        guard let batch = batch(from: context) else { throw StepError.permanent("the step is no batch worker") }
        if batch.isNoOp { return noOp(batch) }
        return batchSuccess(batch, ["batch_id": .string(batch.batchID), "rows": .integer(batch.cursor.batchSize)])
    }
}

struct ConformanceMethods: StepHandler {
    static let handlerName = "conformance.methods"
    var methods: [String: @Sendable (StepContext) async throws -> StepResult] { ["other": other] }

    func call(_ context: StepContext) async throws -> StepResult { .success(["method": "call"]) }
    func other(_ context: StepContext) async throws -> StepResult { .success(["method": "other"]) }
}

struct ConformancePublisher: EventPublisher {
    static let publisherName = "conformance.publisher"

    func shouldPublish(_ event: EventContext) -> Bool { event.result.payload?.member("suppress")?.bool != true }

    func payload(_ event: EventContext) -> JSONValue {
        let result = event.result.payload?.value ?? .null
        var payload: [String: JSONValue] = ["amount": result["amount"] ?? .null, "made_by": "conformance.publisher"]
        if let pad = result["pad"]?.integerValue { payload["pad"] = .string(String(repeating: "x", count: Int(pad))) }
        return .object(payload)
    }
}
