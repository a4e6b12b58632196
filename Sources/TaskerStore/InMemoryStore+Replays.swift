import TaskerProtocol

/// Idempotency keys, and the key that is signed with.
extension InMemoryStore {
    public func signingKey() async throws -> [UInt8] {
        try writing { rows in
            if let key = rows.signingKey { return key }
            let key = SigningKey.random()
            rows.signingKey = key
            return key
        }
    }

    public func claimReplay(
        _ key: String, requestHash: String, at now: Timestamp, keeping retention: ReplayRetention
    ) async throws -> ReplayClaim {
        try writing { $0.claimReplay(key, requestHash: requestHash, at: now, keeping: retention) }
    }

    public func recordReplay(_ key: String, requestHash: String, _ answer: RecordedAnswer) async throws {
        try writing { rows in
            guard let index = rows.replays.firstIndex(where: { $0.key == key && $0.requestHash == requestHash }) else {
                return
            }
            rows.replays[index].answer = answer
        }
    }

    public func releaseReplay(_ key: String, requestHash: String) async throws {
        try writing { rows in
            rows.replays.removeAll { $0.key == key && $0.requestHash == requestHash && $0.answer == nil }
        }
    }
}

struct InMemoryReplay: Sendable {
    var key: String
    var requestHash: String
    var since: Timestamp
    /// nil until the request was answered.
    var answer: RecordedAnswer?

    var size: Int { answer?.body.count ?? 0 }
}

extension InMemoryRows {
    mutating func claimReplay(
        _ key: String, requestHash: String, at now: Timestamp, keeping retention: ReplayRetention
    ) -> ReplayClaim {
        let lifetime = retention.lifetime.wholeMilliseconds
        replays.removeAll { now.millisecondsSince($0.since) >= lifetime }
        if let entry = replays.first(where: { $0.key == key }) {
            if entry.requestHash != requestHash { return .otherRequest }
            return entry.answer.map { .answered($0) } ?? .begun(since: entry.since)
        }
        var bytes = replays.reduce(0) { $0 + $1.size }
        while let oldest = replays.first, replays.count >= max(1, retention.entries) || bytes > retention.bytes {
            bytes -= oldest.size
            replays.removeFirst()
        }
        replays.append(InMemoryReplay(key: key, requestHash: requestHash, since: now))
        return .taken
    }
}
