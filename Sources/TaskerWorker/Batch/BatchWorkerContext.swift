/// A batch worker's share of the work.
public struct BatchWorkerContext: Sendable, Hashable {
    public var batchID: String
    public var cursor: BatchCursor
    /// `cursor_field`, `failure_strategy` and what the analyzer added.
    public var metadata: [String: JSONValue]
    /// The placeholder that runs when there are no batches: succeed without work.
    public var isNoOp: Bool
    /// Where to go on, when this is not the first dispatch.
    public var checkpoint: Checkpoint?

    public var startCursor: JSONValue { cursor.startCursor }
    public var endCursor: JSONValue { cursor.endCursor }

    /// The items that are left: from the checkpoint's cursor, when there is one, to the end. nil for cursors that are no
    /// integers.
    public var remaining: Range<Int64>? {
        guard let range = cursor.range else { return nil }
        guard let resumed = checkpoint?.cursor.integerValue else { return range }
        return min(max(resumed, range.lowerBound), range.upperBound)..<range.upperBound
    }

    /// `continue_on_failure`, `fail_fast` or `isolate`.
    public var failureStrategy: String { metadata["failure_strategy"]?.stringValue ?? "continue_on_failure" }

    /// From the step's own inputs; nil when the step is no batch worker.
    public init?(_ context: StepContext) {
        let inputs = context.stepInputs
        guard let cursor = inputs["cursor"], case .object = cursor else { return nil }
        let id = cursor["batch_id"]?.stringValue ?? ""
        batchID = id
        self.cursor = BatchCursor(
            from: cursor["start_cursor"] ?? 0, to: cursor["end_cursor"] ?? 0,
            size: cursor["batch_size"]?.integerValue ?? 0, batchID: id)
        metadata = inputs["batch_metadata"]?.objectValue ?? [:]
        isNoOp = inputs["is_no_op"]?.boolValue ?? false
        checkpoint = context.checkpoint
    }
}
