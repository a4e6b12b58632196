import GRDB
import TaskerEngine
import TaskerProtocol
import TaskerStore

/// Dead letters, templates, routes: rows that are few.
extension SQLiteStore {
    public func deadLetter(of task: TaskID) async throws -> DeadLetterEntry? {
        try await read { database in
            let statement = try PreparedStatement(
                cachedBy: database,
                """
                SELECT \(DeadLetterColumns.list) FROM dead_letters l
                WHERE l.task = (SELECT id FROM tasks WHERE uuid = ?) ORDER BY l.created_at DESC, l.id DESC LIMIT 1
                """)
            return try statement.first({ $0.add(task) }) { try DeadLetterColumns.optionalEntry(task, from: &$0) }
        } ?? nil
    }

    public func deadLetters(
        resolution: DeadLetterResolution?, limit: Int, offset: Int
    ) async throws -> [DeadLetterEntry] {
        try await read { database in
            let condition = resolution == nil ? "1" : "l.resolution = ?"
            let statement = try PreparedStatement(
                cachedBy: database,
                """
                SELECT t.uuid, \(DeadLetterColumns.list) FROM dead_letters l CROSS JOIN tasks t ON t.id = l.task
                WHERE \(condition) ORDER BY l.created_at DESC, l.id DESC LIMIT ? OFFSET ?
                """)
            return try statement.all({
                if let resolution { $0.add(resolution.rawValue) }
                $0.add(max(0, limit))
                $0.add(max(0, offset))
            }) { row in
                try required(DeadLetterColumns.optionalEntry(row.id(), from: &row), "dead-letter entry")
            }
        }
    }

    public func templates() async throws -> [TemplateRevision] {
        try await read { database in
            let statement = try PreparedStatement(
                cachedBy: database,
                """
                SELECT namespace, name, version, max(revision), hash, canonical, registered_at FROM templates
                GROUP BY namespace, name, version ORDER BY namespace, name, version
                """)
            return try statement.all({ _ in }) { row in
                TemplateRevision(
                    namespace: row.string(), name: row.string(), version: row.string(), revision: row.int(),
                    hash: row.string(), canonical: row.json(), registeredAt: row.timestamp())
            }
        }
    }

    public func resolvedTemplate(hash: String) async throws -> RawJSON? {
        try await read { database in
            let statement = try PreparedStatement(cachedBy: database, "SELECT canonical FROM plans WHERE hash = ?")
            return try statement.first({ $0.add(hash) }) { $0.json() }
        }
    }

    public func routingTable() async throws -> RoutingTable {
        try await read { database in
            let statement = try PreparedStatement(cachedBy: database, "SELECT routes FROM routing")
            guard let json = try statement.first({ _ in }, { $0.json() }) else { return RoutingTable() }
            return try required(RoutingTable(json), "routing table")
        }
    }
}
