/// Progress of a long step, kept by the orchestrator and offered to the next dispatch and to retries.
public struct Checkpoint: Sendable, Hashable {
    /// Where to go on; any JSON.
    public var cursor: JSONValue
    public var itemsProcessed: Int64
    /// Carried along between dispatches; nil when there is nothing to carry.
    public var accumulatedResults: JSONValue?

    public init(cursor: JSONValue, itemsProcessed: Int64, accumulatedResults: JSONValue? = nil) {
        self.cursor = cursor
        self.itemsProcessed = itemsProcessed
        self.accumulatedResults = accumulatedResults
    }

    /// From the member `checkpoint` of a step message.
    init(_ object: RawJSON) {
        cursor = object.member("cursor")?.value ?? .null
        itemsProcessed = object.member("items_processed")?.integer ?? 0
        let accumulated = object.member("accumulated_results")
        accumulatedResults = accumulated?.isNull == true ? Optional.none : accumulated?.value
    }

    package var encoded: RawJSON {
        var members: [String: JSONValue] = ["cursor": cursor, "items_processed": .integer(itemsProcessed)]
        members["accumulated_results"] = accumulatedResults
        return RawJSON(.object(members))
    }

    var isFinite: Bool { cursor.isFinite && accumulatedResults?.isFinite ?? true }
}
