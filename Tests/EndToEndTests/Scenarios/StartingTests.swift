import Foundation
import TaskerProtocol
import Testing

extension EndToEnd {
    @Test func startsThatCannotSucceedSayWhy() async throws {
        try await TaskerSystem.run { system in
            func expectRefusal(_ changes: [String: String], _ name: String, mentions words: [String]) async throws {
                let process = try system.launchOrchestrator(changes, name: name)
                #expect(try await process.waitForEnd() == .status(2), "\(process.output)")
                let complaint = process.output.split(separator: "\n").last { $0.hasPrefix("error:") } ?? ""
                for word in words { #expect(complaint.contains(word), "\(process.output)") }
            }
            let other = system.directory.appendingPathComponent("other.sqlite").path
            let wrong = system.amqpURL.replacingOccurrences(of: "guest:guest", with: "guest:wrong")
            try await expectRefusal(
                ["TASKER_AMQP_URL": wrong, "TASKER_DATABASE": other], "wrong-password", mentions: ["guest"])
            let address = try system.http.base.replacingOccurrences(of: "http://", with: "")
            try await expectRefusal(
                [
                    "TASKER_WEB_BIND_ADDRESS": address, "TASKER_DATABASE": other,
                    "TASKER_QUEUE_PREFIX": "\(system.names.prefix)x",
                ],
                "port-taken", mentions: ["port", "--bind"])
            try await expectRefusal([:], "second-on-database", mentions: ["tasker.sqlite"])
            try await system.expectThatWorkIsDone()
        }
    }

    @Test func withoutABrokerTasksAreAcceptedAndRunOnceItIsThere() async throws {
        let node = try await BrokerNode.disturbed
        try await node.stop()
        try await TaskerSystem.run(on: node, startsOrchestrator: false) { system in
            try await system.startOrchestrator()
            let ready = try await system.http.send("GET", "/readyz")
            #expect(ready.status == 200)
            #expect(ready.body.text("status") == "degraded")
            try await system.register("single", [StepSpec(name: "only", handler: "test.record")])
            let tasks = try await system.create(10, "single", ["record_path": .string(system.recordPath)])
            #expect(try await system.count("complete") == 0)
            let worker = try await system.launchWorker(.swift)
            try await node.start()
            try await system.waitUntilComplete(10)
            #expect(worker.isRunning)
            try await system.verify(tasks)
            #expect(system.starts.count == 10)
        }
    }
}
