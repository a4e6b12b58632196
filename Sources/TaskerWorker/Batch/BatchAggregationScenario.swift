/// What an aggregator finds: the results of the batch workers, or that there was nothing to do.
public struct BatchAggregationScenario: Sendable, Hashable {
    /// There was nothing to do.
    public var isNoBatches: Bool
    /// What the analyzer returned.
    public var analyzerResult: JSONValue
    /// The workers' results by step name; empty without batches.
    public var batchResults: [String: JSONValue]
    public var workerCount: Int { batchResults.count }

    /// A scenario made by hand, for tests.
    public init(isNoBatches: Bool, analyzerResult: JSONValue = [:], batchResults: [String: JSONValue] = [:]) {
        self.isNoBatches = isNoBatches
        self.analyzerResult = analyzerResult
        self.batchResults = batchResults
    }

    /// Looks at the analyzer and at the workers whose step names start with `prefix` (`process_csv_batch_`).
    /// - Throws: ``StepError``, not retryable, when the analyzer has no result, or when there is neither a worker nor the
    ///   outcome `no_batches`.
    public static func detect(_ context: StepContext, analyzer: String, workers prefix: String) throws(StepError)
        -> BatchAggregationScenario
    {
        guard let analyzed = context.rawResult(of: analyzer)?.value else {
            let known = context.dependencyNames.isEmpty ? "none" : context.dependencyNames.joined(separator: ", ")
            throw StepError.permanent("there is no result of the step \(analyzer); known: \(known)")
        }
        var scenario = BatchAggregationScenario(isNoBatches: true, analyzerResult: analyzed, batchResults: [:])
        if analyzed["batch_processing_outcome"]?["type"] == "no_batches" { return scenario }
        var found: [String: JSONValue] = [:]
        for name in context.dependencyNames where name.hasPrefix(prefix) && name != analyzer {
            found[name] = context.rawResult(of: name)?.value
        }
        guard !found.isEmpty else {
            throw StepError.permanent(
                "no results of steps that start with \(prefix), and \(analyzer) did not say that there are none")
        }
        // The worker 000 runs without work when there are no batches.
        if found.allSatisfy({ $0.key.hasSuffix("000") && $0.value["no_op"] == true }) { return scenario }
        scenario.isNoBatches = false
        scenario.batchResults = found
        return scenario
    }
}
