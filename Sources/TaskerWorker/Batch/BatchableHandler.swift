/// The steps of batch processing: an analyzer (template type `batchable`) splits the work, one worker (`batch_worker`) per
/// batch does it, an aggregator adds the results up.
///
/// ```swift
/// struct AnalyzeCSV: BatchableHandler {
///     func call(_ context: StepContext) async throws -> StepResult {
///         batches(total: try context.input("total_rows"), size: 100)
///     }
/// }
///
/// struct ProcessCSVBatch: BatchableHandler {
///     func call(_ context: StepContext) async throws -> StepResult {
///         guard let batch = batch(from: context) else { throw StepError.permanent("no batch") }
///         if batch.isNoOp { return noOp(batch) }
///         return batchSuccess(batch, ["rows_processed": .integer(batch.cursor.batchSize)])
///     }
/// }
/// ```
public protocol BatchableHandler: StepHandler {}

extension BatchableHandler {
    // MARK: - Analyzer

    /// One worker per `size` items of `0 ..< total`; nothing to do when there are none.
    /// - Parameters:
    ///   - workerTemplate: the step that every worker is made of. Without it the only `batch_worker` that depends on this
    ///     step is meant.
    ///   - metadata: `batch_metadata` for the workers.
    public func batches(
        total: Int64, size: Int64, workerTemplate: String? = nil, maximum: Int64? = nil,
        metadata: [String: JSONValue] = [:]
    ) -> StepResult {
        guard size > 0 else {
            return .failure("the batch size is \(size): use a positive number", type: "invalid_args", retryable: false)
        }
        return batches(
            BatchCursor.ranges(total: total, size: size, maximum: maximum), workerTemplate: workerTemplate,
            total: max(0, total), metadata: metadata)
    }

    /// One worker per cursor; nothing to do when there are none.
    /// - Parameter total: the sum of the batches' sizes unless given.
    public func batches(
        _ cursors: [BatchCursor], workerTemplate: String? = nil, total: Int64? = nil,
        metadata: [String: JSONValue] = [:]
    ) -> StepResult {
        guard !cursors.isEmpty else { return noBatches(metadata["reason"]?.stringValue ?? "empty_dataset") }
        let count = JSONValue.number(cursors.count)
        let total = JSONValue.integer(total ?? cursors.reduce(0) { $0 + $1.batchSize })
        var outcome: [String: JSONValue] = [
            "type": "create_batches", "worker_count": count,
            "cursor_configs": .array(cursors.enumerated().map { $0.element.encoded(at: $0.offset) }),
            "total_items": total,
        ]
        outcome["worker_template_name"] = workerTemplate.map { .string($0) }
        if !metadata.isEmpty { outcome["batch_metadata"] = .object(metadata) }
        return .success(
            ["batch_processing_outcome": .object(outcome), "worker_count": count, "total_items": total],
            metadata: ["batch_analyzer": true])
    }

    /// Nothing to do.
    public func noBatches(_ reason: String = "empty_dataset", _ payload: [String: JSONValue] = [:]) -> StepResult {
        let ours: [String: JSONValue] = [
            "batch_processing_outcome": ["type": "no_batches"], "reason": .string(reason),
        ]
        return .success(.object(payload.merging(ours) { _, ours in ours }), metadata: ["batch_analyzer": true])
    }

    // MARK: - Worker

    /// This worker's share; nil when the step is no batch worker.
    public func batch(from context: StepContext) -> BatchWorkerContext? { BatchWorkerContext(context) }

    /// A result of your own: its members are the step's result.
    public func batchSuccess(_ batch: BatchWorkerContext, _ payload: [String: JSONValue]) -> StepResult {
        .success(.object(payload), metadata: described(batch))
    }

    /// The counters as result.
    public func batchSuccess(_ batch: BatchWorkerContext, _ counters: BatchCounters) -> StepResult {
        .success(.object(counters.members), metadata: described(batch))
    }

    /// The result of the placeholder that runs when there are no batches.
    public func noOp(_ batch: BatchWorkerContext) -> StepResult {
        .success(
            [
                "batch_id": .string(batch.batchID), "no_op": true, "processed_count": 0,
                "message": "there are no batches to process",
                "processed_at": .string(Timestamp.current().description),
            ], metadata: described(batch).merging(["no_op": true]) { $1 })
    }

    private func described(_ batch: BatchWorkerContext) -> [String: JSONValue] {
        ["batch_worker": true, "batch_id": .string(batch.batchID)]
    }

    // MARK: - Aggregator

    /// The aggregator's result when there was nothing to do.
    public func noBatchesAggregated(_ zeroMetrics: [String: JSONValue] = [:]) -> StepResult {
        let ours: [String: JSONValue] = ["worker_count": 0, "scenario": "no_batches"]
        return .success(.object(zeroMetrics.merging(ours) { _, ours in ours }))
    }

    /// What `combine` makes of the workers' results, or `zeroMetrics` when there was nothing to do.
    public func aggregate(
        _ scenario: BatchAggregationScenario, zeroMetrics: [String: JSONValue] = [:],
        _ combine: ([String: JSONValue]) throws -> [String: JSONValue]
    ) rethrows -> StepResult {
        guard !scenario.isNoBatches else { return noBatchesAggregated(zeroMetrics) }
        let ours: [String: JSONValue] = ["worker_count": .number(scenario.workerCount), "scenario": "with_batches"]
        return .success(.object(try combine(scenario.batchResults).merging(ours) { _, ours in ours }))
    }
}
