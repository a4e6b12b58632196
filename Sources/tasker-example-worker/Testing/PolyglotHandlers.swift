import TaskerWorker

/// Handlers that exist under the same names in all four languages and must give the same results (their twins lie with
/// the end-to-end tests).
func registerPolyglotHandlers(in handlers: inout HandlerRegistry) {
    // record_path: a line per start. The result tells who ran it.
    handlers.register("poly.step") { context in
        if let path: String = try context.input("record_path") { try record(context, at: path) }
        return .success(["language": "swift"])
    }
    handlers.register("poly.echo") { context in .success(["value": context.input["value"] ?? .null]) }
    handlers.register(PolyglotRoute(), as: "poly.route")
    handlers.register(PolyglotAnalyze(), as: "poly.analyze")
    handlers.register(PolyglotBatch(), as: "poly.batch")
    handlers.register(PolyglotAggregate(), as: "poly.aggregate")
}

private struct PolyglotRoute: DecisionHandler {
    func call(_ context: StepContext) async throws -> StepResult {
        let amount: Int64 = try context.input("amount")
        if amount == 0 { return skipBranches("nothing to approve") }
        return decide(amount < 1000 ? ["auto"] : ["manager", "finance"], routingContext: ["amount": .integer(amount)])
    }
}

private struct PolyglotAnalyze: BatchableHandler {
    func call(_ context: StepContext) async throws -> StepResult {
        batches(total: try context.input("rows"), size: 100)
    }
}

private struct PolyglotBatch: BatchableHandler {
    func call(_ context: StepContext) async throws -> StepResult {
        guard let batch = batch(from: context), let whole = batch.cursor.range, let rest = batch.remaining else {
            throw StepError.permanent("this step needs a cursor of integers")
        }
        let stop = min(rest.lowerBound + 40, rest.upperBound)
        let before = batch.checkpoint?.accumulatedResults?["sum"]?.integerValue ?? 0
        let sum = before + (rest.lowerBound..<stop).reduce(0, +)
        if stop < rest.upperBound {
            return checkpoint(
                cursor: .integer(stop), itemsProcessed: stop - whole.lowerBound, accumulated: ["sum": .integer(sum)])
        }
        return batchSuccess(batch, ["sum": .integer(sum), "rows": .integer(Int64(whole.count))])
    }
}

private struct PolyglotAggregate: BatchableHandler {
    func call(_ context: StepContext) async throws -> StepResult {
        let scenario = try BatchAggregationScenario.detect(context, analyzer: "analyze", workers: "process_")
        if scenario.isNoBatches { return success(["total": 0, "workers": 0]) }
        let total = scenario.batchResults.values.reduce(0) { $0 + ($1["sum"]?.integerValue ?? 0) }
        return success(["total": .integer(total), "workers": .number(scenario.workerCount)])
    }
}
