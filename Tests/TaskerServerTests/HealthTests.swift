import HTTPTypes
import TaskerMessaging
import TaskerProtocol
import Testing

@Suite("Health", .timeLimit(.minutes(5)))
struct HealthTests {
    @Test(arguments: ["/livez", "/live", "/health/live"])
    func isAliveEvenWhenNothingRuns(_ path: String) async throws {
        let answer = try await TestServer().get(path)
        #expect(answer.status == .ok)
        #expect(answer["status"] == "alive")
        #expect(answer["timestamp"]?.stringValue != nil)
    }

    @Test func answersOlderClients() async throws {
        #expect(try await TestServer().get("/health")["status"] == "healthy")
    }

    @Test func isNotReadyBeforeItRuns() async throws {
        let answer = try await TestServer().get("/readyz")
        #expect(answer.status == .serviceUnavailable)
        #expect(answer["status"] == "not_ready")
        #expect(answer["checks"]?["orchestration_system"]?["status"] == "unhealthy")
    }

    @Test(arguments: ["/readyz", "/ready", "/health/ready", "/readyz?verbose"])
    func isReadyWhenEverythingIsThere(_ path: String) async throws {
        try await TestServer().run { server in
            try await eventually("ready") { try await server.get(path)["status"] == "ready" }
            let answer = try await server.get(path)
            #expect(answer.status == .ok)
            for name in ["orchestration_system", "orchestration_database", "broker"] {
                #expect(answer["checks"]?[name]?["status"] == "healthy", "\(name)")
            }
        }
    }

    /// Intake goes on without a broker, so it stays ready.
    @Test func isDegradedWithoutABroker() async throws {
        try await TestServer().runWithOrders { server in
            server.broker.stop()
            try await eventually("degraded") { try await server.get("/readyz")["status"] == "degraded" }
            let answer = try await server.get("/readyz")
            #expect(answer.status == .ok)
            #expect(answer["checks"]?["broker"]?["status"] == "unhealthy")
            #expect(answer["checks"]?["broker"]?["message"]?.stringValue?.isEmpty == false)
            #expect(try await server.post("/v1/tasks", orderRequest()).status == .created)
            let queues = try await server.get("/v1/queues")
            #expect(queues["broker"]?["reachable"] == false)
            server.broker.start()
            try await eventually("ready again") { try await server.get("/readyz")["status"] == "ready" }
        }
    }

    @Test func refusesWorkWhenItHasStopped() async throws {
        let server = TestServer()
        try await server.runWithOrders { _ in }
        let answer = try await server.post("/v1/tasks", orderRequest())
        #expect(answer.status == .serviceUnavailable)
        #expect(answer.code == "SERVICE_UNAVAILABLE")
        #expect(answer.header("Retry-After") != nil)
        #expect(try await server.get("/readyz").status == .serviceUnavailable)
        #expect(try await server.get("/livez").status == .ok)
    }
}
