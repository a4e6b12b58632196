import Foundation
import TaskerProtocol
import Testing

extension EndToEnd {
    /// The order example as it is delivered: its template, its input file, its handlers in four languages, and the HTTP
    /// service that is busy at times.
    @Test func aHundredOrdersGoThroughFourLanguages() async throws {
        try await TaskerSystem.run(startsOrchestrator: false) { system in
            let templates = Repository.root.appendingPathComponent("templates/tasks").path
            try await system.startOrchestrator(["TASKER_TEMPLATE_PATH": templates])
            try await system.startOrderWorkers()
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
            let accepted = rows.filter { $0.text("disposition") == "accepted" }
            let successes = accepted.filter { $0["success"]?.boolValue == true }
            let boxes = successes.count { $0.text("step_name").hasPrefix("pack_box_") }
            #expect(successes.count == 99 * 9 + boxes && boxes >= 99)
            // The carrier turned some away, and the worker told when to come back.
            let turnedAway = accepted.filter { $0.text("error_type") == "rate_limited" }
            #expect(!turnedAway.isEmpty && turnedAway.allSatisfy { $0.text("step_name") == "quote_shipping" })
            let languages = Dictionary(grouping: successes, by: { $0.text("worker_language") }).mapValues(\.count)
            #expect(
                languages == ["swift": 198, "python": 297, "ruby": 198, "typescript": 198 + boxes], "\(languages)")
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

extension TaskerSystem {
    /// The fleets of the demo, each with a queue of its own, and the shipping service.
    fileprivate func startOrderWorkers() async throws {
        let root = Repository.root
        let service = try start("shipping-service", root.appendingPathComponent("scripts/shipping-service"), [])
        try await eventually("the shipping service listens") { service.output.contains("listening on") }
        let url = service.output.split(separator: "\n").compactMap { line in
            line.range(of: "http://").map { String(line[$0.lowerBound...]) }
        }
        let environment = ["TASKER_NAMESPACE": "ecommerce", "SHIPPING_URL": url.first ?? ""]
        func fleet(_ language: String) -> [String: String] {
            environment.merging(["TASKER_QUEUE": "ecommerce.\(language)"]) { $1 }
        }
        let env = URL(fileURLWithPath: "/usr/bin/env")
        let sdks = root.appendingPathComponent("sdks").path
        let workers = [
            try await launchWorker(
                .swift, namespace: "ecommerce", queue: "ecommerce.swift", module: "", folder: root.path),
            try await launchWorker(
                .python, namespace: "ecommerce", queue: "ecommerce.python", module: "order_processing",
                folder: "\(sdks)/python/examples"),
            try start(
                "worker-ruby", env,
                [
                    "ruby", "-I", "\(sdks)/ruby/lib", "\(sdks)/ruby/exe/tasker-worker", "-r",
                    "\(sdks)/ruby/examples/order_delivery.rb",
                ], environment: fleet("ruby")),
            try start(
                "worker-typescript", env,
                [
                    "node", "\(sdks)/typescript/bin/tasker-worker.js",
                    "\(sdks)/typescript/dist/examples/order_shipping.js",
                ], environment: fleet("typescript")),
        ]
        for worker in workers { try await waitUntilAnnounced(worker) }
    }
}
