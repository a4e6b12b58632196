import Foundation
import TaskerProtocol
import Testing

/// What `tasker-ctl` writes, unmodified, in tasks: with each plugin, in each language.
extension EndToEnd {
    @Suite(.serialized)
    struct Generated {
        // MARK: - template generate

        @Test("handlers of every plugin and template run under both of their names, in the generated task template too")
        func handlers() async throws {
            try await TaskerSystem.run { system in
                let service = try system.start(
                    "service", URL(fileURLWithPath: try await Repository.python.value),
                    [Repository.handlers.appendingPathComponent("orders_service.py").path])
                var url = ""
                try await eventually("the service listens") {
                    let lines = service.output.split(separator: "\n")
                    url =
                        lines.compactMap { $0.split(separator: " ").last { $0.hasPrefix("http://") } }.map(String.init)
                        .first ?? ""
                    return !url.isEmpty
                }
                for plugin in Plugin.usable { try await Self.check(plugin, in: system, api: url) }
            }
        }

        private static func check(_ plugin: Plugin, in system: TaskerSystem, api: String) async throws {
            let namespace = "generated_\(plugin.rawValue)"
            let commands = try await Commands(in: system.directory.appendingPathComponent(plugin.rawValue))
            func generate(_ template: String, _ parameters: String, to folder: String = ".") async throws {
                let more = plugin == .swift ? " --param sdk=\(Repository.root.path)" : ""
                try await commands.run(
                    "tasker-ctl template generate \(template) --plugin \(plugin.name) \(parameters)"
                        + (template == "task_template" ? "" : more) + " -o \(folder)")
            }
            try await generate("step_handler", "--param name=ProcessPayment")
            var names = ["process_payment"]
            if plugin == .rust {
                // A crate is made for one handler; others are added to its files by hand.
                try await generate("step_handler", "--param name=OrderProcessing", to: "second")
            } else {
                try await generate("step_handler_api", "--param name=FetchOrder --param base_url=\(api)")
                try await generate("step_handler_decision", "--param name=OrderRouting")
                try await generate("step_handler_batchable", "--param name=DataExport")
                try await generate("step_handler", "--param name=OrderProcessing")
                names += ["fetch_order", "order_routing", "data_export", "order_processing"]
            }
            try await generate("task_template", "--param name=OrderProcessing --param namespace=\(namespace)")
            let address = ["TASKER_ORCHESTRATION_URL": try system.http.base]
            try await commands.run("tasker-ctl template register order_processing.yaml", address)
            if plugin == .typescript { try commands.write("package.json", #"{"type":"module"}"#) }
            if plugin == .swift { try commands.write("Sources/worker/main.swift", Self.swiftWorker(namespace)) }

            let worker = try await commands.start(
                plugin.serving(names, namespace: namespace), as: "worker-\(plugin)", in: system)
            try await system.waitUntilAnnounced(worker)
            if plugin == .rust {
                let second = try await Commands(in: commands.directory.appendingPathComponent("second"))
                let worker = try await second.start(
                    plugin.serving(["order_processing"], namespace: namespace), as: "worker-rust-2", in: system)
                try await system.waitUntilAnnounced(worker)
            }

            let simple = try await system.create("order_processing", ["order_id": 1], namespace: namespace)
            try await system.waitUntil(simple, is: "complete")
            #expect(
                try await system.result(simple, "order_processing_step_1")
                    == ["processed": true, "handler": "order_processing"], "\(plugin)")
            for form in [Naming.className, .registered] {
                let steps = plugin == .rust ? [form.plain] : form.steps
                try await system.register("kinds_\(form)", steps, namespace: namespace)
                try await Self.runKinds(form, plugin, namespace, in: system)
            }
            #expect(try await worker.stop() == .status(0), "\(plugin)")
        }

        private static func runKinds(
            _ form: Naming, _ plugin: Plugin, _ namespace: String, in system: TaskerSystem
        ) async throws {
            let input: JSONValue = ["id": .string("\(plugin)-\(form)"), "route": "premium", "total_rows": 250]
            let task = try await system.create("kinds_\(form)", input, namespace: namespace)
            try await system.waitUntil(task, is: "complete")
            let what: Comment = "\(plugin) \(form)"
            #expect(
                try await system.result(task, "plain") == ["processed": true, "handler": "process_payment"], what)
            guard plugin != .rust else { return }
            let fetched = try await system.result(task, "fetch")
            #expect(fetched["id"] == input["id"] && fetched["total"] == 12.5, what)
            // The service asks for a second attempt.
            #expect(try await system.step(task, "fetch").integer("attempts") == 2, what)
            let states = try await system.states(task)
            let branches = Set(states.keys).intersection(Naming.branches)
            #expect(branches == ["validate_premium", "process_premium"], what)
            #expect(
                try await system.result(task, "aggregate_data_export_results")
                    == ["total_rows": 250, "worker_count": 3], what)

            let idle = try await system.create(
                "kinds_\(form)", ["id": input["id"] ?? .null, "route": "none", "total_rows": 0], namespace: namespace)
            try await system.waitUntil(idle, is: "complete")
            #expect(
                try await system.result(idle, "aggregate_data_export_results") == ["total_rows": 0, "skipped": true],
                what)
            #expect(Set(try await system.states(idle).keys).isDisjoint(with: Naming.branches), what)
        }

        private static func swiftWorker(_ namespace: String) -> String {
            """
            import Handlers
            import TaskerWorker

            var flags = WorkerFlags()
            flags.namespaces = ["\(namespace)"]
            await Worker.main(
                handlers: [
                    ProcessPaymentHandler(), FetchOrderHandler(), OrderRoutingHandler(), OrderProcessingHandler(),
                    DataExportAnalyzerHandler(), DataExportBatchProcessorHandler(), DataExportAggregatorHandler(),
                ], flags: flags)

            """
        }

        // MARK: - generate scaffold

        @Test("a scaffold runs as it is, every kind of step, by the command it prints", arguments: Plugin.usable)
        func scaffold(_ plugin: Plugin) async throws {
            try await TaskerSystem.run { system in
                let commands = try await Commands(in: system.directory.appendingPathComponent("scaffold"))
                try commands.write("order.yaml", Self.template)
                let address = ["TASKER_ORCHESTRATION_URL": try system.http.base]
                try await commands.run("tasker-ctl template register order.yaml", address)
                let command = try await Self.servingCommand(plugin, commands)
                let worker = try await commands.start(Plugin.adapted(command), as: "worker", in: system)
                try await system.waitUntilAnnounced(worker)
                try await Self.runAllSteps(plugin, in: system)
                let end = try await worker.stop()
                #expect(end == .status(0))
            }
        }

        private static func servingCommand(_ plugin: Plugin, _ commands: Commands) async throws -> String {
            let printed = try await commands.run(
                "tasker-ctl generate scaffold -t order.yaml -l \(plugin.language) --output-dir .")
            let mark = "Serve it: "
            guard let line = printed.split(separator: "\n").first(where: { $0.hasPrefix(mark) }) else {
                throw Failure("no command is printed: \(printed)")
            }
            return String(line.dropFirst(mark.count))
        }

        private static func runAllSteps(_ plugin: Plugin, in system: TaskerSystem) async throws {
            let input: JSONValue = ["order_id": 7, "kind": "two words", "total_items": 250]
            let task = try await system.create("order_processing", input, namespace: "ecommerce")
            try await system.waitUntil(task, is: "complete")
            let states = try await system.states(task)
            #expect(Set(states.keys).isSuperset(of: ["charge", "refund", "ship_a", "ship_b", "done", "sum_up"]))
            let charge = try await system.result(task, "charge")
            #expect(charge["charge_id"]?.stringValue != nil)
            // Rust has no helper for batches; its analyzer begins with none.
            let batches = states.keys.count { $0.hasPrefix("work_") }
            #expect(batches == (plugin == .rust ? 0 : 3))
        }

        private static let template = """
            name: order_processing
            namespace: ecommerce
            version: "1.0.0"
            input_schema:
              type: object
              required: [order_id, kind]
              properties:
                order_id: {type: integer, minimum: 1}
                kind: {type: string, enum: [normal, "two words", class]}
                class: {type: string}
            steps:
              - name: validate_order
                handler: {callable: ValidateOrderHandler}
                result_schema: {type: object, required: [total], properties: {total: {type: number}}}
              - name: charge
                handler: {callable: payments.charge}
                dependencies: [validate_order]
                result_schema: {type: object, required: [charge_id], properties: {charge_id: {type: string}}}
              - {name: refund, handler: {callable: payments.charge, method: refund}, dependencies: [charge]}
              - {name: route, type: decision, handler: {callable: RouteHandler}, dependencies: [charge]}
              - {name: ship_a, handler: {callable: ShipA}, dependencies: [route]}
              - {name: ship_b, handler: {callable: ShipB}, dependencies: [route]}
              - {name: done, type: deferred_convergence, handler: {callable: DoneHandler}, dependencies: [ship_a, ship_b]}
              - {name: analyze, type: batchable, handler: {callable: AnalyzeRows}}
              - name: work
                type: batch_worker
                handler: {callable: WorkRows}
                dependencies: [analyze]
                result_schema: {type: object, required: [n], properties: {n: {type: integer}}}
              - {name: sum_up, type: deferred_convergence, handler: {callable: SumUp}, dependencies: [work, analyze]}

            """

        // MARK: - init

        @Test("a new project runs with the three commands that init prints", arguments: Plugin.usable)
        func initialized(_ plugin: Plugin) async throws {
            try await TaskerSystem.run(startsOrchestrator: false) { system in
                let parent = try await Commands(in: system.directory)
                let printed = try await parent.run("tasker-ctl init shop --language \(plugin.language)")
                let lines = printed.split(separator: "\n").filter { $0.hasPrefix("  ") }.map { String($0.dropFirst(2)) }
                try #require(lines.count == 3, "\(printed)")
                let shop = try await Commands(in: system.directory.appendingPathComponent("shop"))
                // The port may be taken.
                let bind = ["TASKER_WEB_BIND_ADDRESS": "127.0.0.1:0"]
                let orchestrator = try await shop.start(lines[0], as: "orchestrator", in: system, bind)
                var address: String?
                try await eventually("the orchestrator listens") {
                    if let exit = orchestrator.ended { throw Failure("it ended with \(exit)", isFinal: true) }
                    let found = orchestrator.output.split(whereSeparator: \.isWhitespace).first {
                        $0.hasPrefix("address=http")
                    }
                    address = found.map { String($0.dropFirst("address=".count)) }
                    return address != nil
                }
                _ = try await shop.start(Plugin.adapted(lines[1]), as: "worker", in: system)
                let server = ["TASKER_ORCHESTRATION_URL": address ?? "", "TASKER_ORCHESTRATION_TIMEOUT_MS": "120000"]
                let end = try await shop.run(lines[2], server)
                #expect(end.contains("complete"), "\(end)")
            }
        }
    }
}

/// How a template calls generated handlers.
private enum Naming: String, Sendable {
    case className, registered

    static let branches: Set<String> = [
        "validate_premium", "process_premium", "manual_review", "approval_gate", "standard_processing",
    ]

    var plain: StepSpec { StepSpec(name: "plain", handler: pick("ProcessPaymentHandler", "process_payment")) }

    /// A step of every kind.
    var steps: [StepSpec] {
        let (analyze, process) = ("analyze_data_export", "process_data_export_batch")
        let aggregate = "aggregate_data_export_results"
        return [
            plain,
            StepSpec(name: "fetch", handler: pick("FetchOrderHandler", "fetch_order"), after: ["plain"]),
            StepSpec(
                name: "route", handler: pick("OrderRoutingHandler", "order_routing"), after: ["plain"], type: "decision"
            ),
            StepSpec(name: analyze, handler: pick("DataExportAnalyzerHandler", analyze), type: "batchable"),
            StepSpec(
                name: process, handler: pick("DataExportBatchProcessorHandler", process), after: [analyze],
                type: "batch_worker"),
            StepSpec(
                name: aggregate, handler: pick("DataExportAggregatorHandler", aggregate), after: [analyze, process],
                type: "deferred_convergence"),
        ] + Self.branches.sorted().map { StepSpec(name: $0, handler: plain.handler, after: ["route"]) }
    }

    private func pick(_ className: String, _ registered: String) -> String {
        self == .className ? className : registered
    }
}
