import TaskerProtocol

/// The newest analyzer's envelope without the cursors of its outcome, as its workers get it: made once for all of them.
final class OutcomeCache {
    private var newest: (step: StepID, envelope: RawJSON)?

    func withoutCursors(_ envelope: RawJSON, of step: StepID) -> RawJSON {
        if let newest, newest.step == step { return newest.envelope }
        let trimmed = Self.rewriting(envelope, "result") { result in
            Self.rewriting(result, "batch_processing_outcome") { outcome in
                Self.rewriting(outcome, "cursor_configs") { _ in nil } ?? outcome
            } ?? result
        }
        newest = (step, trimmed ?? envelope)
        return trimmed ?? envelope
    }

    /// The object with one member replaced, or left out when `change` gives nil; nil when this is no object.
    private static func rewriting(
        _ object: RawJSON, _ name: String, _ change: (RawJSON) -> RawJSON?
    ) -> RawJSON? {
        guard object.isObject else { return nil }
        var writer = JSONWriter(reserving: 256)
        writer.beginObject()
        object.forEachMember { key, value in
            let kept = key == name ? change(value) : value
            if let kept {
                writer.key(key)
                writer.value(kept)
            }
        }
        writer.endObject()
        return RawJSON(trusting: writer.finish())
    }
}
