import Foundation
import HTTPTypes
import TaskerProtocol
import TaskerSQLite
import Testing

/// What callers hold in their hands is worth the same after the orchestrator was started anew.
@Suite("Restart", .timeLimit(.minutes(5)))
struct RestartTests {
    private func withDatabase(_ body: (_ server: () throws -> TestServer) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "tasker-server-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try await body { TestServer(store: try SQLiteStore(path: directory.appending(path: "tasker.db").path)) }
    }

    @Test func aCursorGoesOn() async throws {
        try await withDatabase { start in
            var ids: [String] = []
            var cursor = ""
            try await start().runWithOrders { server in
                for number in 1...5 { ids.append(try await server.order(number).taskID) }
                let page = try await server.get("/v1/tasks?per_page=2&sort=created_at")
                #expect(page["tasks"]?.arrayValue?.compactMap { $0["task_uuid"]?.stringValue } == Array(ids[..<2]))
                cursor = try #require(page["pagination"]?["next_cursor"]?.stringValue)
            }
            try await start().run { server in
                let page = try await server.get("/v1/tasks?per_page=10&sort=created_at&cursor=\(cursor)")
                #expect(page["tasks"]?.arrayValue?.compactMap { $0["task_uuid"]?.stringValue } == Array(ids[2...]))
                let other = try await server.get("/v1/tasks?per_page=10&cursor=\(cursor)")
                #expect(other.code == "INVALID_CURSOR")
            }
        }
    }

    @Test func anAnswerIsReplayed() async throws {
        try await withDatabase { start in
            let key: HTTPFields = [HTTPField.Name("Idempotency-Key")!: "k1"]
            var path = ""
            var first: Answer?
            try await start().runWithOrders { server in
                path = "/v1/dlq/task/\(try await server.order().taskID)"
                first = try await server.post(path, ["by": "anna"], headers: key)
                #expect(first?.status == .created)
            }
            try await start().run { server in
                let again = try await server.post(path, ["by": "anna"], headers: key)
                #expect(again.status == .created)
                #expect(again.text == first?.text)
                #expect(again.header("Location") == first?.header("Location"))
                #expect(again.header("Idempotent-Replayed") == "true")
                #expect(try await server.get("/v1/dlq").json.arrayValue?.count == 1)
                #expect(try await server.post(path, ["by": "bert"], headers: key).status == .conflict)
            }
        }
    }
}
