import GRDB
import TaskerEngine
import TaskerProtocol
import TaskerStore

/// Templates and routes: rows that are few.
extension SQLiteStore {
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
