import Foundation
import TaskerProtocol
import Testing

/// The page of handler types that this project was asked for: its Python code byte for byte, its YAML dialect.
extension EndToEnd {
    @Suite(.serialized)
    struct SeedPage {
        private static let page = Repository.root.appendingPathComponent("sdks/python/tests/fixtures/handler-types.txt")

        private static let template = """
            name: seed_page
            namespace: e2e
            version: "1.0.0"
            description: "Every example of the page"
            step_templates:
              - name: process_payment
                handler: { callable: ProcessPaymentHandler, initialization: {} }
                depends_on_step_name: []
                retry: { max_attempts: 3, backoff_strategy: exponential, backoff_base_seconds: 2 }
              - name: fetch_order
                handler: { callable: fetch_order }
                retry: { max_attempts: 3, backoff_strategy: exponential, backoff_base_seconds: 2 }
              - name: order_routing
                type: decision
                handler: { callable: order_routing }
                depends_on_step_name: [fetch_order]
              - { name: validate_premium, handler: { callable: process_payment }, depends_on_step_name: [order_routing] }
              - { name: process_premium, handler: { callable: process_payment }, depends_on_step_name: [order_routing] }
              - { name: manual_review, handler: { callable: process_payment }, depends_on_step_name: [order_routing] }
              - { name: approval_gate, handler: { callable: process_payment }, depends_on_step_name: [order_routing] }
              - { name: standard_processing, handler: { callable: process_payment }, depends_on_step_name: [order_routing] }
              - name: analyze_csv
                type: batchable
                handler: { callable: CsvAnalyzerHandler }
              - name: process_csv_batch
                type: batch_worker
                handler: { callable: process_csv_batch }
                depends_on_step_name: [analyze_csv]
              - name: aggregate_csv_results
                type: deferred_convergence
                handler: { callable: aggregate_csv_results }
                depends_on_step_name: [analyze_csv, process_csv_batch]
            """

        private static func run(_ body: (TaskerSystem) async throws -> Void) async throws {
            try await TaskerSystem.run { system in
                let service = try system.start(
                    "orders-service", URL(fileURLWithPath: try await Repository.python.value),
                    [Repository.handlers.appendingPathComponent("orders_service.py").path])
                var url = ""
                try await eventually("the service listens") {
                    url =
                        service.output.split(separator: "\n").compactMap { line in
                            line.range(of: "http://").map { String(line[$0.lowerBound...]) }
                        }.first ?? ""
                    return !url.isEmpty
                }
                try await system.startWorker(.python, module: "seed_page", environment: ["SEED_API_URL": url])
                try await body(system)
            }
        }

        private static func register(_ yaml: String, in system: TaskerSystem) async throws {
            let answer = try await system.http.send(
                "POST", "/v1/templates", body: Data(yaml.utf8), contentType: "application/yaml")
            #expect(answer.status == 201, "\(answer.text)")
        }

        @Test("its handlers run unmodified: steps, API with a retry asked for by the server, routes, batches")
        func handlers() async throws {
            try await Self.run { system in
                try await Self.register(Self.template, in: system)
                let cases: [(type: String, chosen: Set<String>)] = [
                    ("premium", ["validate_premium", "process_premium"]),
                    ("review_required", ["manual_review", "approval_gate"]), ("other", ["standard_processing"]),
                ]
                for (type, chosen) in cases {
                    let task = try await system.create(
                        "seed_page", ["order_id": .string(type), "order_type": .string(type), "total_rows": 1000])
                    try await system.waitUntil(task, is: "complete")
                    let states = try await system.states(task)
                    let branches: Set<String> = [
                        "validate_premium", "process_premium", "manual_review", "approval_gate", "standard_processing",
                    ]
                    #expect(branches.intersection(states.keys) == chosen)
                    #expect(states.keys.count { $0.hasPrefix("process_csv_batch_") } == 10)
                    #expect(
                        try await system.result(task, "aggregate_csv_results") == [
                            "total_rows": 1000, "worker_count": 10,
                        ])
                    #expect(try await system.result(task, "fetch_order") == ["id": .string(type), "total": 12.5])
                    let fetch = try await system.step(task, "fetch_order")
                    #expect(fetch.integer("attempts") == 2)
                    #expect(
                        try await system.result(task, "process_payment")
                            == ["processed": true, "handler": "process_payment"])
                }
                let empty = try await system.create(
                    "seed_page", ["order_id": "404", "order_type": "premium", "total_rows": 0])
                try await system.waitUntil(empty, is: "blocked_by_failures")
                #expect(
                    try await system.result(empty, "aggregate_csv_results") == ["total_rows": 0, "skipped": true])
                let missing = try #require(try await system.step(empty, "fetch_order")["error"])
                #expect(missing.text("error_type") == "not_found" && missing.text("message").contains("no such order"))
            }
        }

        @Test("its task template is accepted as it stands, and runs")
        func template() async throws {
            let text = String(decoding: try Data(contentsOf: Self.page), as: UTF8.self)
            let start = try #require(text.range(of: "name: order_processing\n"))
            let end = try #require(text.range(of: "backoff_base_seconds: 2\n"))
            try await TaskerSystem.run { system in
                try await Self.register(String(text[start.lowerBound..<end.upperBound]), in: system)
                _ = try await system.launchWorker(
                    .python, namespace: "ecommerce", queue: "e2e.python", module: "seed_page",
                    folder: Repository.handlers.path, environment: ["SEED_API_URL": "http://127.0.0.1:9"])
                let task = try await system.create("order_processing", namespace: "ecommerce")
                try await system.waitUntil(task, is: "complete")
                #expect(try await system.result(task, "validate_order") == ["valid": true])
            }
        }
    }
}
