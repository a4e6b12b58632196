import TaskerEngine
import TaskerMessaging
import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerOrchestrator

@Suite("Steps that wait for a route")
struct RouteTests {
    @Test("a worker whose first announcement to arrive is its farewell has left a route", arguments: [true, false])
    func farewell(_ saysHello: Bool) async throws {
        let harness = Harness()
        try await harness.start()
        let template = sevenSteps()
        try await harness.register(template)
        _ = try await harness.create(template)
        try await harness.run([], limit: .zero) { false }
        #expect(harness.coordinator.heldByRoute.count == 1)
        let worker = try await ScriptedWorker(server: harness.server)
        if saysHello { worker.announce(callables: ["Echo"]) }
        worker.announce(callables: ["Echo"], kind: .bye)
        try await harness.run([worker], limit: .seconds(1)) { try await harness.onlyTask()?.state.isTerminal == true }
        #expect(try await harness.onlyTask()?.state == .complete)
    }
}
