import HTTPTypes
import TaskerMessaging
import TaskerOrchestrator
import TaskerProtocol
import Testing

@Suite("A burst of tasks", .timeLimit(.minutes(5)))
struct BurstTests {
    /// Ten thousand at once, of which not all can be taken: nobody loses what was accepted.
    @Test func meetsBackPressureAndLosesNothing() async throws {
        let limit = 2000
        try await TestServer(settings: { $0.backpressure.openTasksPerNamespace = limit }).runWithOrders { server in
            let answers = try await withThrowingTaskGroup(of: [Answer].self) { group in
                for lane in 0..<50 {
                    group.addTask {
                        var answers: [Answer] = []
                        for number in 0..<200 {
                            answers.append(try await server.post("/v1/tasks", orderRequest(lane * 200 + number + 1)))
                        }
                        return answers
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            let accepted = answers.filter { $0.status == .created }
            let refused = answers.filter { $0.status == .tooManyRequests }
            #expect(answers.count == 10_000)
            #expect(accepted.count == limit)
            #expect(accepted.count + refused.count == answers.count)
            #expect(refused.allSatisfy { $0.code == "BACKPRESSURE" })
            #expect(
                refused.allSatisfy {
                    $0.header("Retry-After").flatMap { Int($0) }.map { (1...60).contains($0) } == true
                })
            #expect(try await server.get("/v1/tasks?per_page=1")["pagination"]?["total_count"] == .number(limit))
            try await ScriptedWorker(callables: orderHandlers).run(on: server) {
                try await eventually("every accepted task is done", within: .seconds(240)) {
                    let done = try await server.get("/v1/tasks?per_page=1&status=complete")
                    return done["pagination"]?["total_count"] == .number(limit)
                }
            }
            #expect(Set(accepted.map(\.taskID)).count == limit)
        }
    }

    @Test func refusesWhenStepsOrMessagesPileUp() async throws {
        try await TestServer(settings: { $0.backpressure.openSteps = 1 }).runWithOrders { server in
            _ = try await server.order()
            let answer = try await server.post("/v1/tasks", orderRequest(2))
            #expect(answer.code == "BACKPRESSURE")
            #expect(answer.detail.contains("steps are open"))
        }
        try await TestServer(settings: { $0.backpressure.outbox = 1 }).runWithOrders { server in
            server.broker.stop()
            try await eventually("the broker is away") {
                try await server.get("/health/ready")["status"] == "degraded"
            }
            #expect(try await server.put("/v1/routes/shop/CheckOrder", ["queues": [["queue": "desk"]]]).status == .ok)
            _ = try await server.order()
            let answer = try await server.post("/v1/tasks", orderRequest(2))
            #expect(answer.code == "BACKPRESSURE")
            #expect(answer.detail.contains("wait for the broker"))
            #expect(answer["error"]?["retry_after_seconds"] == 60)
        }
    }
}
