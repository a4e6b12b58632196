import Foundation
import TaskerSQLite
import TaskerStore

/// Every implementation of `Store`: the conformance suite runs against each.
enum StoreKind: String, CaseIterable {
    case memory, sqlite

    /// Runs `body` with a fresh store, closes it and removes its files.
    func withStore(_ body: (any Store) async throws -> Void) async throws {
        switch self {
        case .memory:
            let store = InMemoryStore()
            try await body(store)
            await store.close()
        case .sqlite:
            try await withDirectory { directory in
                let store = try SQLiteStore(path: directory.appending(path: "tasker.db").path)
                do { try await body(store) } catch {
                    await store.close()
                    throw error
                }
                await store.close()
            }
        }
    }
}

/// Gives a fresh directory to `body` and removes it afterwards.
func withDirectory(_ body: (URL) async throws -> Void) async throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "tasker-store-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try await body(directory)
}
