import Synchronization
import TaskerStore

/// Makes and reads cursors with the store's own key, which is asked for when the first one is needed: a cursor goes on
/// behind its place whatever happens to the process.
final class CursorKey: Sendable {
    private let store: any Store
    private let known = Mutex<PageCursor?>(nil)

    init(store: any Store) { self.store = store }

    /// - Throws: ``StoreError``.
    func cursors() async throws -> PageCursor {
        if let cursors = known.withLock({ $0 }) { return cursors }
        let cursors = PageCursor(key: try await store.signingKey())
        known.withLock { $0 = cursors }
        return cursors
    }
}
