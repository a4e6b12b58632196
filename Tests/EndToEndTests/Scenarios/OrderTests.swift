import Foundation
import TaskerProtocol
import Testing

extension EndToEnd {
    /// The order example as it is delivered: its template, its input file, its Swift and its Python handlers.
    @Test func aHundredOrdersGoThroughSwiftAndPython() async throws {
        try await TaskerSystem.run(startsOrchestrator: false) { system in
            let templates = Repository.root.appendingPathComponent("templates/tasks").path
            try await system.startOrchestrator(["TASKER_TEMPLATE_PATH": templates])
            for language in Language.allCases {
                let worker = try await system.launchWorker(
                    language, namespace: "ecommerce", queue: "ecommerce.\(language.rawValue)",
                    module: "order_processing",
                    folder: Repository.root.appendingPathComponent("sdks/python/examples").path)
                try await system.waitUntilAnnounced(worker)
            }
            let file = Repository.root.appendingPathComponent("templates/tasks/data/orders.json")
            let text = try String(decoding: Data(contentsOf: file), as: UTF8.self)
            let orders = try #require(try JSONValue(parsing: text).arrayValue)
            #expect(orders.count == 100)
            let tasks = try await concurrently(orders) {
                try await system.create("order_processing", $0, namespace: "ecommerce")
            }
            try await eventually("all orders rest") {
                try await system.count("complete", "blocked_by_failures", namespace: "ecommerce") == 100
            }
            #expect(try await system.count("complete", namespace: "ecommerce") == 99)

            let rows = try await system.verify(tasks, once: ["authorize_payment"], records: false)
            #expect(TaskerSystem.count("accepted", in: rows) == 99 * 5 + 1)
            #expect(Set(rows.map { $0.text("worker_language") }) == ["swift", "python"])
            try await expectOneRefusedOrder(system)
        }
    }

    private func expectOneRefusedOrder(_ system: TaskerSystem) async throws {
        let blocked = try await system.http.get("/v1/tasks?namespace=ecommerce&status=blocked_by_failures")
        let task = try #require(blocked["tasks"]?[0]?["task_uuid"]?.stringValue)
        let step = try await system.step(task, "validate_order")
        #expect(step.text("current_state") == "error")
        let message = step["error"]?.text("message") ?? ""
        #expect(!message.isEmpty)
        let entry = try await system.http.get("/v1/dlq/task/\(task)")
        #expect(entry.text("dlq_reason") == "PermanentFailure")
        #expect(entry["metadata"]?["failures"]?[0]?.text("message") == message)
        #expect(try await system.http.get("/v1/dlq").arrayValue?.count == 1)
    }
}
