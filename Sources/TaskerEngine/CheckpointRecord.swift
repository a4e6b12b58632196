import TaskerProtocol

/// A checkpoint as it is stored: what the worker sent, when, how often without progress, and the ones before it (engine
/// contract, section 7.6).
struct CheckpointRecord {
    let encoded: RawJSON

    /// Cursors larger than this are left out of the history, which would hold a hundred of them.
    private static let historyCursorLimit = 1024

    /// - Throws: ``OutcomeError`` `checkpoint_too_large`, `checkpoint_no_progress`.
    init(
        _ sent: RawJSON, after previous: RawJSON?, at now: Timestamp, _ settings: EngineSettings
    ) throws(OutcomeError) {
        let accumulated = sent.member("accumulated_results")
        if let accumulated, accumulated.count > settings.maxAccumulatedBytes {
            throw OutcomeError(
                ErrorType.checkpointTooLarge,
                "accumulated_results has \(accumulated.count) bytes; at most \(settings.maxAccumulatedBytes) are allowed"
            )
        }
        let isUnchanged =
            previous?.member("cursor") == sent.member("cursor")
            && previous?.member("items_processed") == sent.member("items_processed") && previous != nil
        let unchanged = isUnchanged ? (previous?.member("unchanged")?.integer ?? 1) + 1 : 1
        guard unchanged < Int64(settings.checkpointsWithoutProgress) else {
            throw OutcomeError(
                "checkpoint_no_progress",
                "\(unchanged) checkpoints in a row with the same cursor and items_processed: the handler does not advance"
            )
        }
        var writer = JSONWriter(reserving: sent.count + (previous?.count ?? 0) + 128)
        writer.beginObject()
        sent.forEachMember { name, value in
            if !["timestamp", "history", "unchanged"].contains(name) {
                writer.key(name)
                writer.value(value)
            }
        }
        writer.key("timestamp")
        writer.value(now)
        writer.key("unchanged")
        writer.value(unchanged)
        writer.key("history")
        writer.beginArray()
        for entry in (previous?.member("history")?.items ?? []).suffix(settings.checkpointHistoryLimit - 1) {
            writer.value(entry)
        }
        let cursor = sent.member("cursor") ?? .null
        writer.beginObject()
        writer.key("cursor")
        writer.value(cursor.count <= Self.historyCursorLimit ? cursor : .null)
        writer.key("items_processed")
        writer.value(sent.member("items_processed") ?? .null)
        writer.key("timestamp")
        writer.value(now)
        writer.endObject()
        writer.endArray()
        writer.endObject()
        encoded = RawJSON(trusting: writer.finish())
    }

    /// What a worker gets: without history and bookkeeping.
    static func outgoing(_ stored: RawJSON) -> RawJSON {
        var writer = JSONWriter(reserving: stored.count)
        writer.beginObject()
        stored.forEachMember { name, value in
            if name != "history", name != "unchanged" {
                writer.key(name)
                writer.value(value)
            }
        }
        writer.endObject()
        return RawJSON(trusting: writer.finish())
    }
}

extension Step {
    /// The last accepted checkpoint as the next worker gets it: `{cursor, items_processed, timestamp,
    /// accumulated_results?}`.
    public var outgoingCheckpoint: RawJSON? { checkpoint.map(CheckpointRecord.outgoing) }
}
