import Foundation
import TaskerProtocol
import Testing

extension EndToEnd {
    @Test func theBrokerIsStoppedAndStartedDuringThreeHundredTasks() async throws {
        let node = try await BrokerNode.disturbed
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
            try await eventually("the work is under way") { system.starts.count > 60 }
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

extension EndToEnd {
    /// Between a delivery and its ack: the broker delivers the message again, to a worker that still runs it.
    @Test(arguments: Language.allCases)
    func theWorkersConnectionIsDroppedWhileAStepRuns(_ language: Language) async throws {
        let node = try await BrokerNode.disturbed
        try await TaskerSystem.run(on: node) { system in
            let handler = language.handler("record")
            try await system.register(
                "long",
                [
                    StepSpec(name: "often", handler: handler, settings: ["milliseconds": 4000]),
                    StepSpec(name: "once", handler: handler, settings: ["milliseconds": 4000], retryable: false),
                ])
            let worker = try await system.startWorker(language)
            let task = try await system.create("long", ["record_path": .string(system.recordPath)])
            try await eventually("both steps run") { system.starts.count == 2 }
            let connections = try await node.ctl("--quiet", "list_connections", "pid", "client_properties")
            let mark = language == .swift ? "tasker-worker" : "tasker-python"
            let mine = connections.split(separator: "\n").filter { $0.contains(mark) }
            #expect(mine.count == 2)
            for line in mine {
                let pid = line.split(separator: "\t").first.map(String.init) ?? ""
                try await node.ctl("close_connection", pid, "the test drops it")
            }
            try await system.waitUntil(task, is: "complete")
            try await system.verify([task], once: ["often", "once"])
            #expect(system.starts.count == 2)
            #expect(system.starts.allSatisfy { $0.pid == Int(worker.pid) })
            for step in try await system.steps(task) {
                #expect(step.integer("attempts") == 1)
                #expect(step.integer("worker_losses") == 0)
            }
        }
    }
}
