/// What a batch worker did, in numbers.
public struct BatchCounters: Sendable, Hashable {
    public var processed: Int64
    public var succeeded: Int64
    public var failed: Int64
    public var skipped: Int64
    public var lastCursor: JSONValue
    public var metadata: [String: JSONValue] = [:]
    public var results: [JSONValue] = []
    public var errors: [JSONValue] = []

    /// - Parameter succeeded: all that were processed and neither failed nor were skipped, unless given.
    public init(
        processed: Int64, succeeded: Int64? = nil, failed: Int64 = 0, skipped: Int64 = 0, lastCursor: JSONValue = nil
    ) {
        self.processed = processed
        self.succeeded = succeeded ?? max(0, processed - failed - skipped)
        self.failed = failed
        self.skipped = skipped
        self.lastCursor = lastCursor
    }

    var members: [String: JSONValue] {
        var members: [String: JSONValue] = [
            "items_processed": .integer(processed), "items_succeeded": .integer(succeeded),
            "items_failed": .integer(failed), "items_skipped": .integer(skipped), "last_cursor": lastCursor,
            "batch_metadata": .object(metadata),
        ]
        if !results.isEmpty { members["results"] = .array(results) }
        if !errors.isEmpty { members["errors"] = .array(errors) }
        return members
    }

    /// Adds up the counters form of workers' results; what is missing counts as 0.
    public static func sum(of results: some Sequence<JSONValue>) -> BatchCounters {
        results.reduce(into: BatchCounters(processed: 0)) { total, result in
            total.processed += result["items_processed"]?.integerValue ?? 0
            total.succeeded += result["items_succeeded"]?.integerValue ?? 0
            total.failed += result["items_failed"]?.integerValue ?? 0
            total.skipped += result["items_skipped"]?.integerValue ?? 0
            total.errors += result["errors"]?.arrayValue ?? []
        }
    }
}
