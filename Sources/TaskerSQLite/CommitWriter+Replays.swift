import GRDB
import TaskerProtocol
import TaskerStore

/// Idempotency keys, and the key that is signed with.
extension CommitWriter {
    func signingKey() throws -> [UInt8] {
        try transaction {
            if let key = try sql.replays.readSecret.first({ $0.add(Self.signingKeyName) }, { $0.bytes() }) {
                return key
            }
            let key = SigningKey.random()
            try sql.replays.insertSecret.run {
                $0.add(Self.signingKeyName)
                $0.add(blob: key)
            }
            return key
        }
    }

    private static let signingKeyName = "signing"

    func claimReplay(
        _ key: String, requestHash: String, at now: Timestamp, keeping retention: ReplayRetention
    ) throws -> ReplayClaim {
        try transaction {
            try sql.replays.expire.run { $0.add(now.advanced(byMilliseconds: -retention.lifetime.wholeMilliseconds)) }
            if let claim = try find(key, requestHash: requestHash) { return claim }
            try makeRoom(retention)
            try sql.replays.insert.run {
                $0.add(key)
                $0.add(requestHash)
                $0.add(now)
            }
            return .taken
        }
    }

    private func find(_ key: String, requestHash: String) throws -> ReplayClaim? {
        try sql.replays.find.first({ $0.add(key) }) { row in
            guard row.string() == requestHash else { return .otherRequest }
            let since = row.timestamp()
            guard let status = row.optionalInt64() else { return .begun(since: since) }
            let headers = try (row.json().items ?? []).map { pair in
                let texts = try required(pair.items?.map(\.string), "header of an answer")
                guard texts.count == 2, let name = texts[0], let value = texts[1] else {
                    throw StoreError.unreadable("header of an answer")
                }
                return RecordedAnswer.Header(name: name, value: value)
            }
            return .answered(RecordedAnswer(status: Int(status), headers: headers, body: row.bytes()))
        }
    }

    private func makeRoom(_ retention: ReplayRetention) throws {
        var (count, bytes) = try sql.replays.figures.first({ _ in }, { ($0.int(), $0.int()) }) ?? (0, 0)
        while count > 0, count >= max(1, retention.entries) || bytes > retention.bytes {
            bytes -= try sql.replays.deleteOldest.first({ _ in }, { $0.int() }) ?? bytes
            count -= 1
        }
    }

    func recordReplay(_ key: String, requestHash: String, _ answer: RecordedAnswer) throws {
        let headers = RawJSON(.array(answer.headers.map { [.string($0.name), .string($0.value)] }) as JSONValue)
        try sql.replays.record.run {
            $0.add(answer.body.count)
            $0.add(answer.status)
            $0.add(headers)
            $0.add(blob: answer.body)
            $0.add(key)
            $0.add(requestHash)
        }
    }

    func releaseReplay(_ key: String, requestHash: String) throws {
        try sql.replays.release.run {
            $0.add(key)
            $0.add(requestHash)
        }
    }
}

/// The statements for that, prepared once.
struct ReplayStatements {
    let readSecret, insertSecret: PreparedStatement
    let expire, find, insert, record, release, figures, deleteOldest: PreparedStatement

    init(_ database: Database) throws {
        func prepare(_ sql: String) throws -> PreparedStatement { try PreparedStatement(database, sql) }

        readSecret = try prepare("SELECT value FROM secrets WHERE name = ?")
        insertSecret = try prepare("INSERT INTO secrets (name, value) VALUES (?, ?)")
        expire = try prepare("DELETE FROM replays WHERE claimed_at <= ?")
        find = try prepare("SELECT request_hash, claimed_at, status, headers, body FROM replays WHERE key = ?")
        insert = try prepare("INSERT INTO replays (key, request_hash, claimed_at, size) VALUES (?, ?, ?, 0)")
        record = try prepare(
            "UPDATE replays SET size = ?, status = ?, headers = ?, body = ? WHERE key = ? AND request_hash = ?")
        release = try prepare("DELETE FROM replays WHERE key = ? AND request_hash = ? AND status IS NULL")
        figures = try prepare("SELECT count(*), ifnull(sum(size), 0) FROM replays INDEXED BY replays_by_time")
        deleteOldest = try prepare("DELETE FROM replays WHERE id = (SELECT min(id) FROM replays) RETURNING size")
    }
}
