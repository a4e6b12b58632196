import TaskerProtocol
import TaskerStore

/// Idempotency keys, and the key that is signed with. All on the writing connection: of several that want a key one is
/// the first.
extension SQLiteStore {
    public func signingKey() async throws -> [UInt8] { try await write { try $0.signingKey() } }

    public func claimReplay(
        _ key: String, requestHash: String, at now: Timestamp, keeping retention: ReplayRetention
    ) async throws -> ReplayClaim {
        try await write { try $0.claimReplay(key, requestHash: requestHash, at: now, keeping: retention) }
    }

    public func recordReplay(_ key: String, requestHash: String, _ answer: RecordedAnswer) async throws {
        try await write { try $0.recordReplay(key, requestHash: requestHash, answer) }
    }

    public func releaseReplay(_ key: String, requestHash: String) async throws {
        try await write { try $0.releaseReplay(key, requestHash: requestHash) }
    }
}
