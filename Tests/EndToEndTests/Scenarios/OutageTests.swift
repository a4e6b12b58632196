import Foundation
import TaskerProtocol
import Testing

extension EndToEnd {
    @Test func theBrokerIsStoppedAndStartedDuringThreeHundredTasks() async throws {
        try await BrokerNode.run { node in
            try await TaskerSystem.run(on: node) { system in
                try await system.register(
                    "linear",
                    [
                        StepSpec(name: "one", handler: "test.record", settings: ["milliseconds": 200]),
                        StepSpec(name: "two", handler: "python.record", after: ["one"], settings: ["milliseconds": 200]),
                        StepSpec(name: "three", handler: "test.record", after: ["two"]),
                    ])
                for language in Language.allCases { try await system.startWorker(language) }
                let context: JSONValue = ["record_path": .string(system.recordPath)]
                async let created = system.create(300, "linear", context)
                try await eventually("a fifth of the steps has been started") { system.starts.count > 180 }
                try await node.stop()
                #expect(system.starts.count < 850, "it was stopped too late to show anything")
                try await eventually("the orchestrator says so") {
                    try await system.http.get("/readyz").text("status") == "degraded"
                }
                try await node.start()
                let tasks = try await created
                try await system.waitUntilComplete(300)
                try await system.verify(tasks)
                try await eventually("the orchestrator is ready") {
                    try await system.http.get("/readyz").text("status") == "ready"
                }
            }
        }
    }
}
