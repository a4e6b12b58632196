import HTTPTypes
import TaskerProtocol
import Testing

@Suite("Lists behind a cursor", .timeLimit(.minutes(5)))
struct ListCursorTests {
    @Test(arguments: ["-created_at", "created_at", "priority"])
    func nothingIsMissedOrRepeated(_ sort: String) async throws {
        try await TestServer().runWithOrders { server in
            var ids: Set<String> = []
            for number in 1...25 {
                ids.insert(try await server.order(number, ["priority": .number(number % 3)]).taskID)
            }
            var page = try await server.get("/v1/tasks?per_page=7&sort=\(sort)&namespace=shop")
            var seen: [String] = []
            while true {
                seen += (page["tasks"]?.arrayValue ?? []).compactMap { $0["task_uuid"]?.stringValue }
                guard let cursor = page["pagination"]?["next_cursor"]?.stringValue else { break }
                // What comes meanwhile is no part of it, or at its end.
                _ = try await server.order(100, ["priority": 1])
                page = try await server.get("/v1/tasks?per_page=7&sort=\(sort)&namespace=shop&cursor=\(cursor)")
                #expect(page["pagination"]?["page"] == .null)
                #expect(page["pagination"]?["total_count"] == .null)
                #expect(page["pagination"]?["has_previous"] == true)
            }
            #expect(Set(seen).count == seen.count)
            #expect(ids.isSubset(of: Set(seen)))
        }
    }

    @Test func cursorsAreBoundAndSigned() async throws {
        try await TestServer().runWithOrders { server in
            for number in 1...3 { _ = try await server.order(number) }
            let first = try await server.get("/v1/tasks?per_page=2&namespace=shop")
            let cursor = try #require(first["pagination"]?["next_cursor"]?.stringValue)
            #expect(try await server.get("/v1/tasks?namespace=shop&cursor=\(cursor)")["tasks"]?.arrayValue?.count == 1)
            for query in [
                "cursor=\(cursor)", "namespace=shop&sort=created_at&cursor=\(cursor)", "cursor=x", "cursor=a.b",
                "namespace=shop&cursor=\(cursor.dropLast(2))", "namespace=shop&status=pending&cursor=\(cursor)",
            ] {
                let answer = try await server.get("/v1/tasks?\(query)")
                #expect(answer.status == .badRequest, "\(query)")
                #expect(answer.code == "INVALID_CURSOR", "\(query)")
            }
            let moving = try await server.get("/v1/tasks?per_page=2&sort=updated_at")
            #expect(moving["pagination"]?["next_cursor"] == .null)
            #expect(try await server.get("/v1/tasks?sort=updated_at&cursor=\(cursor)").status == .badRequest)
            #expect(try await server.get("/v1/tasks?page=101&per_page=100").detail.contains("cursor"))
        }
    }
}
